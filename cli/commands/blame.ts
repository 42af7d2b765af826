import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { refreshOptions } from "./refresh-options.js";

const options = {
  min: { type: "boolean", describe: "Smaller is better" },
  max: { type: "boolean", describe: "Greater is better" },
  last: { type: "boolean", describe: "Judge by the last value of each run, not by its best" },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
  ...formatOptions,
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  metric: { required: true, describe: "the metric" },
} as const satisfies Positionals;
export type BlameArguments = ArgumentsOf<typeof options, typeof positionals>;

export const blame = defineCommand({
  name: "blame",
  describe: "Show which run, of which commit, set each new best value of a metric",
  options,
  positionals,
  examples: [
    { line: "runstone blame val_loss", describe: "Who brought the loss down, step by step" },
    { line: "runstone blame acc --max -e wine --json", describe: "One experiment, for programs" },
  ],
  details:
    "Runs in the order they started, the newest last; only those that are better than all before them. Deleted runs do not count. The commit is that at which the run began; 'dirty': with changes that are in no commit.",
  load: async () => (await import("./blame.run.js")).runBlame,
});
