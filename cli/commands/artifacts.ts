import { type ArgumentsOf, defineCommand, type Option, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";

const runId = {
  type: "string",
  alias: ["r"],
  value: "RUN",
  describe: "Name the run as an option",
} as const satisfies Option;
const artifactPath = {
  type: "string",
  alias: ["a"],
  value: "PATH",
  describe: "Name the artifact as an option",
} as const satisfies Option;
const common = { "run-id": runId, "artifact-path": artifactPath } as const satisfies Options;
const positionals = {
  run: { describe: "the run" },
  path: { describe: "an artifact file or directory of it" },
} as const satisfies Positionals;

const listOptions = {
  ...common,
  recursive: { type: "boolean", alias: ["R"], describe: "List what is in directories, too" },
  ...formatOptions,
} as const satisfies Options;
export type ListArguments = ArgumentsOf<typeof listOptions, typeof positionals>;

const list = defineCommand({
  name: "list",
  aliases: ["ls"],
  describe: "List the artifacts of a run",
  options: listOptions,
  positionals,
  load: async () => (await import("./artifacts.run.js")).runList,
});

const downloadOptions = {
  ...common,
  to: {
    type: "string",
    alias: ["d", "dst-path"],
    value: "DIR",
    describe: "Copy into this directory",
    defaultText: "the current one",
  },
} as const satisfies Options;
export type DownloadArguments = ArgumentsOf<typeof downloadOptions, typeof positionals>;

const download = defineCommand({
  name: "download",
  describe: "Copy an artifact, or all of them, and print where it went",
  options: downloadOptions,
  positionals,
  load: async () => (await import("./artifacts.run.js")).runDownload,
});

const catOptions = {
  ...common,
  raw: { type: "boolean", describe: "Do not escape control characters on a terminal" },
} as const satisfies Options;
export type CatArguments = ArgumentsOf<typeof catOptions, typeof positionals>;

const cat = defineCommand({
  name: "cat",
  describe: "Print an artifact",
  options: catOptions,
  positionals,
  load: async () => (await import("./artifacts.run.js")).runCat,
});

const logOptions = {
  ...common,
  "local-file": { type: "string", alias: ["l"], value: "FILE", describe: "The file to log" },
} as const satisfies Options;
export type LogArguments = ArgumentsOf<typeof logOptions>;

const logArtifact = defineCommand({
  name: "log-artifact",
  describe: "Log a file, as mlflow artifacts log-artifact does",
  hidden: true,
  options: logOptions,
  load: async () => (await import("./artifacts.run.js")).runLog,
});

export const artifacts = defineCommand({
  name: "artifacts",
  describe: "List, copy and print artifacts of runs",
  subcommands: [list, download, cat, logArtifact],
  examples: [
    { line: "runstone artifacts list 7f3a", describe: "What a run left" },
    { line: "runstone artifacts download 7f3a plots --to /tmp", describe: "A directory of it" },
    {
      line: "runstone artifacts cat 7f3a runstone/git.patch | git apply --check",
      describe: "One file to a pipe",
    },
  ],
});
