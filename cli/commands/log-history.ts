import type { ArgumentsOf, Options, Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { refreshOptions } from "./refresh-options.js";

export const historyOptions = {
  metric: {
    type: "strings",
    alias: ["m"],
    value: "METRIC",
    describe: "Show this metric: its best value at each commit, marked where it got worse",
  },
  min: { type: "boolean", describe: "Smaller is better" },
  max: { type: "boolean", describe: "Greater is better" },
  tolerance: {
    type: "number",
    value: "X",
    describe: "Take no more than X worse for no regression",
    defaultText: "0",
  },
  revision: {
    type: "strings",
    alias: ["r"],
    value: "REV",
    describe: "Begin at this branch, tag or commit, or show a range (v1..main)",
    defaultText: "HEAD",
  },
  branches: { type: "boolean", describe: "Show every branch and tag" },
  ran: { type: "boolean", describe: "Show only commits that runs ran at" },
  limit: {
    type: "integer",
    alias: ["n"],
    value: "N",
    describe: "Show N commits; 0 shows all",
    defaultText: "20",
  },
  runs: {
    type: "integer",
    value: "N",
    describe: "Show N runs of each commit; 0 shows all",
    defaultText: "5",
  },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
  ...formatOptions,
  ...refreshOptions,
} as const satisfies Options;
export const historyPositionals = {
  path: { variadic: true, describe: "only commits that changed these files or directories" },
} as const satisfies Positionals;
export type HistoryArguments = ArgumentsOf<typeof historyOptions, typeof historyPositionals>;

export const historyExamples = [
  {
    line: "runstone log -m val_loss",
    describe: "The history with its runs, and what each commit did to val_loss",
  },
  {
    line: "runstone log -m acc --branches --ran src/model",
    describe: "Commits that changed the model, on every branch",
  },
];

export const historyDetails = [
  "Without a subcommand: the history of the code as a graph, with the runs that ran at each commit (with or without uncommitted changes, marked 'dirty').",
  "A value is compared with the best of the nearest earlier commits that have one; deleted runs do not count. A path that is called like a subcommand: ./metric.",
].join(" ");
