import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
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
    defaultText: "50",
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

const list = defineCommand({
  name: "list",
  describe: "List runs",
  hidden: true,
  hot: true,
  options: listOptions,
  load: async () => (await import("./runs.run.js")).runRuns,
});

const runIdOptions = {
  "run-id": { type: "strings", value: "RUN", describe: "Name the run as an option" },
} as const satisfies Options;
const runPositionals = { run: { variadic: true, describe: "runs" } } as const satisfies Positionals;

export type MlflowRunArguments = ArgumentsOf<typeof runIdOptions, typeof runPositionals>;

const describeRun = defineCommand({
  name: "describe",
  describe: "Show a run as JSON, as mlflow runs describe does",
  hidden: true,
  options: runIdOptions,
  positionals: runPositionals,
  load: async () => (await import("./runs-mlflow.run.js")).runDescribe,
});

const remove = defineCommand({
  name: "delete",
  describe: "Delete runs",
  hidden: true,
  options: runIdOptions,
  positionals: runPositionals,
  load: async () => (await import("./runs-mlflow.run.js")).runDelete,
});

const restore = defineCommand({
  name: "restore",
  describe: "Restore runs",
  hidden: true,
  options: runIdOptions,
  positionals: runPositionals,
  load: async () => (await import("./runs-mlflow.run.js")).runRestore,
});

export const runs = defineCommand({
  name: "runs",
  describe: "List runs, the newest first",
  hot: true,
  options: listOptions,
  subcommands: [list, describeRun, remove, restore],
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
  load: async () => (await import("./runs.run.js")).runRuns,
});
