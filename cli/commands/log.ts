import { type ArgumentsOf, defineCommand, implement, type Options, type Positionals } from "../command.js";
import { historyDetails, historyExamples, historyOptions, historyPositionals } from "./log-history.js";
import { logMetric } from "./log-metric.js";
import { run } from "./log-options.js";
import { logParam, logTag, recordOptions } from "./log-record.js";

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
  describe: "Log metrics, params, tags and artifacts to a run, or show the history of the code with its runs",
  options: historyOptions,
  positionals: historyPositionals,
  examples: historyExamples,
  details: historyDetails,
  load: async () => (await import("./log-history.run.js")).runHistory,
  subcommands: [
    implement(logMetric, async () => (await import("./log-metric.run.js")).runLogMetric),
    implement(logParam, async () => (await import("./log-record.run.js")).runLogParam),
    implement(logTag, async () => (await import("./log-record.run.js")).runLogTag),
    artifact,
    text,
  ],
});
