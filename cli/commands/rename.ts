import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  to: { type: "string", value: "NAME", describe: "Give this name to every run listed" },
} as const satisfies Options;
const positionals = {
  words: {
    variadic: true,
    required: true,
    describe: "a run and its new name; with --to: runs (- reads a list)",
  },
} as const satisfies Positionals;
export type RenameArguments = ArgumentsOf<typeof options, typeof positionals>;

export const rename = defineCommand({
  name: "rename",
  describe: "Give runs another name",
  options,
  positionals,
  examples: [{ line: "runstone rename 7f3a2c1 best-so-far", describe: "Names need not be unique" }],
  load: async () => (await import("./rename.run.js")).runRename,
});
