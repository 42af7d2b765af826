import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  remove: { type: "strings", value: "KEY", describe: "Remove a tag" },
} as const satisfies Options;
const positionals = {
  words: { variadic: true, required: true, describe: "runs (- reads a list), and KEY=VALUE" },
} as const satisfies Positionals;
export type TagArguments = ArgumentsOf<typeof options, typeof positionals>;

export const tag = defineCommand({
  name: "tag",
  describe: "Set or remove tags of runs",
  options,
  positionals,
  examples: [
    { line: "runstone tag 7f3a2c1 team=a reviewed=yes", describe: "Set two tags" },
    { line: "runstone runs --ids | runstone tag - --remove draft", describe: "Remove one from many runs" },
  ],
  load: async () => (await import("./tag.run.js")).runTag,
});
