import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { refreshOptions } from "./refresh-options.js";

const options = {
  message: {
    type: "strings",
    alias: ["m"],
    value: "TEXT",
    describe: "The commit's message; each further one is a paragraph",
    defaultText: "drafted from the runs",
  },
  "with-staged": { type: "boolean", describe: "Commit along what is staged; by default it stays staged" },
  amend: { type: "boolean", describe: "Add the runs to the last commit, and keep its message" },
  allow: {
    type: "strings",
    value: "PATH",
    describe: "Commit this file though it is large or looks like a secret",
  },
  "dry-run": { type: "boolean", describe: "Say what would be committed, and change nothing" },
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  runs: { variadic: true, describe: "only these runs; default: every run that ended and has something new" },
} as const satisfies Positionals;
export type CommitArguments = ArgumentsOf<typeof options, typeof positionals>;

export const commit = defineCommand({
  name: "commit",
  describe: "Commit the records of runs to Git, sealed, with the runs' ids in the message",
  options,
  positionals,
  examples: [
    { line: "runstone commit", describe: "Everything that ended since the last commit" },
    { line: "runstone commit '@best(val_loss)' -m 'Best so far'", describe: "One run, in your own words" },
    { line: "git add -u && runstone commit --with-staged", describe: "The runs together with the code" },
  ],
  details: [
    "Runs that are still going are left out. Params, tags, metrics and the seal are committed also where an ignore rule of yours would name them; artifacts follow your rules, and those over artifacts.git_max_bytes stay out: the seal has their hash.",
    "Files that look like secrets or are too large are listed, and nothing is committed. Your hooks run.",
  ].join(" "),
  load: async () => (await import("./commit.run.js")).runCommit,
});
