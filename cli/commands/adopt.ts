import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  apply: { type: "boolean", describe: "Make the changes; without it they are only listed" },
  take: {
    type: "string",
    value: "SIDE",
    choices: ["ours", "theirs"],
    describe: "Where conflict marks stand around two values: keep this side's",
    defaultText: "both are left as they are",
  },
  "untrack-large": {
    type: "boolean",
    describe:
      "Take artifacts over artifacts.git_max_bytes out of Git's index; the seal of their run has their hashes",
  },
} as const satisfies Options;

const positionals = {
  directory: {
    describe: "The mlruns directory, or the one around it; the workspace's store or ./mlruns by default",
  },
} as const satisfies Positionals;

export type AdoptArguments = ArgumentsOf<typeof options, typeof positionals>;

export const adopt = defineCommand({
  name: "adopt",
  describe: "Take over an mlruns directory that was committed by hand: list what it needs, then do it",
  options,
  positionals,
  examples: [
    { line: "runstone adopt", describe: "The plan: nothing is changed" },
    { line: "runstone adopt --apply", describe: "Do it" },
    {
      line: "runstone adopt old/mlruns --apply --take ours",
      describe: "Another store; of two values in conflict, ours",
    },
  ],
  details: [
    "Brings back directories that Git lost, line ends, fields of meta.yaml that MLflow insists on; points artifact locations of another machine here; settles conflict marks; takes files of other tools, and lines that are no points, out of the records. No value changes.",
    "What it replaces or takes out is kept below .runstone/adopted/. What only you can put right is named. A second adopt changes nothing.",
  ].join(" "),
  load: async () => (await import("./adopt.run.js")).runAdopt,
});
