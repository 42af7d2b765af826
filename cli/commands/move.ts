import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  to: {
    type: "string",
    alias: ["e", "experiment"],
    value: "EXPERIMENT",
    describe: "Move to this experiment (name or id)",
  },
  create: { type: "boolean", describe: "Make the experiment if it is missing" },
} as const satisfies Options;
const positionals = {
  runs: { variadic: true, required: true, describe: "runs; - reads a list" },
} as const satisfies Positionals;
export type MoveArguments = ArgumentsOf<typeof options, typeof positionals>;

export const move = defineCommand({
  name: "move",
  describe: "Move runs to another experiment",
  options,
  positionals,
  examples: [{ line: "runstone move 7f3a2c1 9be0d44 --to baselines", describe: "Ids and records stay" }],
  load: async () => (await import("./move.run.js")).runMove,
});
