import { type ArgumentsOf, defineSignature, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { VIEWS } from "../parse/view.js";
import { refreshOptions } from "./refresh-options.js";
import { storesOption } from "./stores-option.js";

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
  "order-by": {
    type: "strings",
    value: "KEY",
    describe: "Order by this first: metrics.loss, 'params.lr DESC', duration",
    defaultText: "the newest first",
  },
  limit: {
    type: "integer",
    alias: ["n"],
    value: "N",
    describe: "Show at most N runs (groups, trees); 0 shows all",
    defaultText: "20",
  },
  all: { type: "boolean", alias: ["a"], describe: "Show all: the same as --limit 0" },
  "page-token": { type: "string", value: "TOKEN", describe: "Go on where the last page ended" },
  column: {
    type: "strings",
    alias: ["c", "columns"],
    value: "KEY",
    describe:
      "Show these columns: a metric, param, tag or attribute, exact as metrics.KEY (metrics.KEY.min), params.KEY, tags.KEY, also with * and ?; +varying: the params and tags that differ",
  },
  "group-by": {
    type: "strings",
    alias: ["g"],
    value: "KEY",
    describe:
      "Put runs with equal values of this param, tag or attribute into one row, with mean and 95 % interval",
  },
  stats: { type: "boolean", describe: "With --group-by: one row for each metric, with all its statistics" },
  best: {
    type: "string",
    value: "METRIC",
    describe: "What decides the best of a group or tree: METRIC, METRIC,min or METRIC,max",
    defaultText: "the first metric shown",
  },
  tree: {
    type: "boolean",
    alias: ["t"],
    describe: "Show children below their parents, the best of them marked",
  },
  "join-ranks": { type: "boolean", describe: "Show the runs of one distributed job as one" },
  "filter-string": {
    type: "string",
    alias: ["filter"],
    describe: "FILTER, as MLflow spells it",
    hidden: true,
  },
  ids: { type: "boolean", describe: "Print full ids only, one a line" },
  count: { type: "boolean", describe: "Print how many runs match, and nothing else" },
  ...formatOptions,
  "save-view": { type: "string", value: "NAME", describe: "Keep filter, columns and order under this name" },
  saved: { type: "string", value: "NAME", describe: "Use what was kept; options given beside it win" },
  ...storesOption,
  ...refreshOptions,
} as const satisfies Options;

const listPositionals = {
  filter: {
    describe: 'which runs (runstone help filter): "metrics.loss < 0.5 and params.lr = 0.1"',
  },
} as const satisfies Positionals;

export type RunsArguments = ArgumentsOf<typeof listOptions, typeof listPositionals>;

/** Words after `runs` that are no filter. */
export const RUNS_SUBCOMMANDS: readonly string[] = ["list", "search", "describe", "delete", "restore"];

/** `runstone runs` without a subcommand, and `runstone runs list`. */
export const listRuns = defineSignature({
  name: "runs",
  describe: "List runs, the newest first",
  hot: true,
  options: listOptions,
  positionals: listPositionals,
  examples: [
    { line: "runstone runs --experiment wine --limit 10", describe: "The ten newest of one experiment" },
    {
      line: 'runstone runs "metrics.loss < 0.5 and age < 2d" --order-by metrics.loss',
      describe: "The best of the last two days",
    },
    { line: "runstone runs -c val_loss -c params.lr", describe: "Choose the columns" },
    { line: "runstone runs -c 'val_*,+varying'", describe: "Some metrics, and whatever was varied" },
    { line: "runstone runs --group-by lr --format latex", describe: "Means over seeds, for a paper" },
    {
      line: "runstone runs --ids --view deleted | runstone restore -",
      describe: "Restore every deleted run",
    },
  ],
  details:
    "LOST marks a run whose process is proven dead although nobody ended it; DAMAGED one whose meta.yaml cannot be read. In a pipe nothing is cut off and nothing is coloured.",
});
