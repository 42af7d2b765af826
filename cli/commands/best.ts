import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { refreshOptions } from "./refresh-options.js";
import { storesOption } from "./stores-option.js";

const options = {
  min: { type: "boolean", describe: "Smaller is better" },
  max: { type: "boolean", describe: "Greater is better" },
  last: { type: "boolean", describe: "Judge by the last value of each run, not by its best" },
  limit: {
    type: "integer",
    alias: ["n"],
    value: "N",
    describe: "Show the N best runs; 0 shows all",
    defaultText: "1",
  },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
  ids: { type: "boolean", describe: "Print full ids only, one a line" },
  ...formatOptions,
  ...storesOption,
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  metric: { required: true, describe: "The metric" },
  filter: { variadic: true, describe: "Only these runs: a filter, ids or names; by default all active ones" },
} as const satisfies Positionals;
export type BestArguments = ArgumentsOf<typeof options, typeof positionals>;

export const best = defineCommand({
  name: "best",
  describe: "Find the run with the best value of a metric, and the step it was reached at",
  options,
  positionals,
  examples: [
    { line: "runstone best val_loss", describe: "The run that came lowest, and where" },
    { line: "runstone best reward --max -n 5 -e walker", describe: "The five best of one experiment" },
    {
      line: "runstone show $(runstone best val_loss --ids)",
      describe: "Look at the winner",
    },
  ],
  details: [
    "Without --min or --max the name decides: smaller is better when a word of it is loss, error, mse, rmse, mae, perplexity, nll, wer, latency,",
    "time and the like; else greater is better. Which it was is always said. What is not a finite number is never best; of equal values the run that started first comes first.",
  ].join(" "),
  load: async () => (await import("./best.run.js")).runBest,
});
