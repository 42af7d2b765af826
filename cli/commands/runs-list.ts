import { type ArgumentsOf, defineSignature, type Options } from "../command.js";
import { VIEWS } from "../parse/view.js";

const listOptions = {
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Show runs of this experiment (name or id)",
  },
  "experiment-id": { type: "strings", value: "ID", describe: "The same, as MLflow spells it", hidden: true },
  view: {
    type: "string",
    alias: ["v"],
    value: "VIEW",
    choices: VIEWS,
    describe: "Show these runs",
    defaultText: "active",
  },
  limit: {
    type: "integer",
    alias: ["n"],
    value: "N",
    describe: "Show at most N runs, the newest; 0 shows all",
    defaultText: "20",
  },
  column: {
    type: "strings",
    alias: ["c"],
    value: "KEY",
    describe: "Show this metric, param or tag as a column (metrics.KEY, params.KEY and tags.KEY are exact)",
  },
  ids: { type: "boolean", describe: "Print full ids only, one a line" },
} as const satisfies Options;

export type RunsArguments = ArgumentsOf<typeof listOptions>;

/** `runstone runs` without a subcommand, and `runstone runs list`. */
export const listRuns = defineSignature({
  name: "runs",
  describe: "List runs, the newest first",
  options: listOptions,
  examples: [
    { line: "runstone runs --experiment wine --limit 10", describe: "The ten newest of one experiment" },
    { line: "runstone runs -c val_loss -c params.lr", describe: "Choose the columns" },
    {
      line: "runstone runs --ids --view deleted | runstone restore -",
      describe: "Restore every deleted run",
    },
  ],
  details:
    "LOST marks a run whose process is proven dead although nobody ended it. In a pipe nothing is cut off and nothing is coloured.",
});
