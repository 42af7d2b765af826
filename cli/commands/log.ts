import { type ArgumentsOf, defineCommand, type Option, type Options, type Positionals } from "../command.js";

const run = {
  type: "string",
  alias: ["r", "run-id"],
  value: "RUN",
  describe: "Log to this run",
  defaultText: "RUNSTONE_RUN_ID, else the run this shell started",
} as const satisfies Option;

const metricOptions = {
  run,
  step: {
    type: "integer",
    alias: ["s"],
    value: "N",
    describe: "Set the step of all values",
    defaultText: "0",
  },
  timestamp: {
    type: "integer",
    value: "MS",
    describe: "Set the time in milliseconds since 1970",
    defaultText: "now",
  },
} as const satisfies Options;
const pairs = {
  values: { variadic: true, describe: "KEY=VALUE; - reads lines of them" },
} as const satisfies Positionals;
export type LogMetricArguments = ArgumentsOf<typeof metricOptions, typeof pairs>;

const metric = defineCommand({
  name: "metric",
  aliases: ["metrics"],
  describe: "Log metrics",
  hot: true,
  options: metricOptions,
  positionals: pairs,
  examples: [
    { line: "runstone log metric loss=0.25 acc=0.9 --step 3", describe: "Two values of one step" },
    { line: "my-trainer | runstone log metric -", describe: "Lines like: loss=0.25 acc=0.9 step=3" },
  ],
  details:
    "Among the words and in lines, step=N and timestamp=MS belong to the values beside them. In lines without step=, the points of each metric are counted from 0.",
  load: async () => (await import("./log-metric.run.js")).runLogMetric,
});

const recordOptions = { run } as const satisfies Options;
export type LogRecordArguments = ArgumentsOf<typeof recordOptions, typeof pairs>;

const param = defineCommand({
  name: "param",
  aliases: ["params"],
  describe: "Log params; a param keeps its first value",
  hot: true,
  options: recordOptions,
  positionals: pairs,
  examples: [{ line: "runstone log param lr=0.1 model.depth=4", describe: "Values are kept as written" }],
  load: async () => (await import("./log-record.run.js")).runLogParam,
});

const tag = defineCommand({
  name: "tag",
  aliases: ["tags"],
  describe: "Set tags",
  hot: true,
  options: recordOptions,
  positionals: pairs,
  load: async () => (await import("./log-record.run.js")).runLogTag,
});

const artifactOptions = {
  run,
  to: {
    type: "string",
    alias: ["artifact-path", "path"],
    value: "DIR",
    describe: "Put them into this artifact directory",
  },
} as const satisfies Options;
const files = {
  files: { variadic: true, required: true, describe: "files and directories" },
} as const satisfies Positionals;
export type LogArtifactArguments = ArgumentsOf<typeof artifactOptions, typeof files>;

const artifact = defineCommand({
  name: "artifact",
  aliases: ["artifacts"],
  describe: "Copy files or directories into the run",
  options: artifactOptions,
  positionals: files,
  examples: [{ line: "runstone log artifact out/roc.png --to plots", describe: "Becomes plots/roc.png" }],
  details: "Symbolic links inside a directory are left out.",
  load: async () => (await import("./log-artifact.run.js")).runLogArtifact,
});

const textPositionals = {
  path: { required: true, describe: "the artifact to write" },
  text: { variadic: true, describe: "its text; without it, standard input" },
} as const satisfies Positionals;
export type LogTextArguments = ArgumentsOf<typeof recordOptions, typeof textPositionals>;

const text = defineCommand({
  name: "text",
  describe: "Write a text as an artifact",
  options: recordOptions,
  positionals: textPositionals,
  examples: [{ line: "git log -1 | runstone log text notes/commit.txt", describe: "From standard input" }],
  load: async () => (await import("./log-artifact.run.js")).runLogText,
});

export const log = defineCommand({
  name: "log",
  describe: "Log metrics, params, tags, artifacts and texts to a run",
  subcommands: [metric, param, tag, artifact, text],
});
