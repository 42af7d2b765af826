import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  metric: {
    type: "strings",
    alias: ["m"],
    value: "KEY",
    describe: "Draw the curves of this metric",
  },
  until: {
    type: "string",
    value: "FILTER",
    describe: "End as soon as a run passes: 'val_loss < .2', or any filter",
  },
  wait: { type: "boolean", describe: "Go on when no run is running, and wait for new ones" },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
  format: {
    type: "string",
    value: "FORMAT",
    choices: ["jsonl", "csv", "tsv"],
    describe: "Print events as rows instead of showing a page, as they come",
  },
  ascii: { type: "boolean", describe: "Draw with plain ASCII characters" },
} as const satisfies Options;
const positionals = {
  run: {
    variadic: true,
    describe: "runs: ids, names, @last, a filter; by default those that are running, and new ones",
  },
} as const satisfies Positionals;
export type WatchArguments = ArgumentsOf<typeof options, typeof positionals>;

export const watch = defineCommand({
  name: "watch",
  describe: "Watch runs as they go: a live page on a terminal, a line an event elsewhere",
  options,
  positionals,
  examples: [
    { line: "runstone watch", describe: "All running runs, until none is" },
    { line: "runstone watch @last -m loss -m val_loss", describe: "The newest run with its curves" },
    {
      line: "runstone watch @last --until 'val_loss < .2' && notify-send done",
      describe: "Wait for a value",
    },
    { line: "runstone watch --json | jq .", describe: "Events as JSON lines" },
    { line: "runstone watch @last --format csv > values.csv", describe: "Every value as it is logged" },
  ],
  details: [
    "Ends when the runs have ended: with 0 when all of them finished, with 1 when one failed, was killed or is lost. With --until it ends with 0 when a run",
    "passes, and with 1 when the runs end before. q leaves with 0; Ctrl-C and Ctrl-Z do what they always do. With --format csv and tsv each value is a row; formats that are",
    "complete only at their end (Parquet, JSON as one array, tables) cannot be watched: --json is --format jsonl.",
  ].join(" "),
  load: async () => (await import("./watch.run.js")).runWatch,
});
