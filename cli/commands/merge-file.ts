import { type ArgumentsOf, defineSignature, type Positionals } from "../command.js";

const positionals = {
  base: { required: true, describe: "file: the common version; empty when there is none" },
  ours: { required: true, describe: "file: this side's version; gets the result" },
  theirs: { required: true, describe: "file: the other side's version" },
  path: { required: true, describe: "where the file lies in the work tree" },
} as const satisfies Positionals;
export type MergeFileArguments = ArgumentsOf<Record<never, never>, typeof positionals>;

export const mergeFileCommand = defineSignature({
  name: "merge-file",
  describe: "Merge one file of a store for Git, which calls it as a merge driver",
  hidden: true,
  hot: true,
  positionals,
  examples: [
    {
      line: "git config merge.runstone.driver 'runstone merge-file %O %A %B %P'",
      describe: "What runstone init writes, so that Git calls it",
    },
  ],
  details:
    "Exit code 1: both sides changed a value differently. OURS then keeps this side's, and what differs is told on stderr; the files are valid and hold no conflict markers.",
});
