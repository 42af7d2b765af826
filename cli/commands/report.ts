import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { refreshOptions } from "./refresh-options.js";

const options = {
  metric: {
    type: "strings",
    alias: ["m"],
    value: "METRIC",
    describe: "Report this metric",
    defaultText: "every metric, but for those of the machine",
  },
  tolerance: {
    type: "number",
    value: "X",
    describe: "Take values that are at most X apart for the same",
    defaultText: "0",
  },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
  format: {
    type: "string",
    value: "FORMAT",
    choices: ["md", "html", "json"],
    describe: "Print as",
    defaultText: "md, or what the name of the output file says",
  },
  output: {
    type: "string",
    alias: ["o"],
    value: "FILE",
    describe: "Write to FILE, which is replaced when all is written",
  },
  "exit-code": { type: "boolean", describe: "Exit with 1 when a metric got worse" },
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  range: { describe: "revisions as Git has them: main..feature, main...feature, v1 (up to HEAD)" },
} as const satisfies Positionals;
export type ReportArguments = ArgumentsOf<typeof options, typeof positionals>;

export const report = defineCommand({
  name: "report",
  describe: "Report what changed between two revisions in runs and metrics, fit for a pull request",
  options,
  positionals,
  examples: [
    { line: "runstone report origin/main...HEAD", describe: "What a branch did, as Markdown" },
    { line: "runstone report v1..v2 -o report.html", describe: "From one release to the next, as a page" },
    { line: "runstone report main.. -m val_loss --exit-code", describe: "In CI: fail when it got worse" },
  ],
  details: [
    "Without a range: what HEAD has more than the default branch of origin, or all of HEAD. Runs belong to the commit at which they began.",
    "Which way a metric is better is told by its name, as in best; of one whose name does not say it, the change alone is told.",
  ].join(" "),
  load: async () => (await import("./report.run.js")).runReport,
});
