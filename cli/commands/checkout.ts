import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { refreshOptions } from "./refresh-options.js";

const options = {
  worktree: {
    type: "string",
    alias: ["w"],
    value: "DIR",
    describe: "Make the work tree here; not there yet, or empty",
    defaultText: "beside the repository, named after it and the run",
  },
  patch: {
    type: "boolean",
    describe: "Of a run without a snapshot: apply the patch that was kept of its uncommitted changes",
  },
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  run: { required: true, describe: "the run" },
} as const satisfies Positionals;
export type CheckoutArguments = ArgumentsOf<typeof options, typeof positionals>;

export const checkout = defineCommand({
  name: "checkout",
  describe: "Put the exact code of a run into a work tree of its own",
  options,
  positionals,
  examples: [
    { line: "runstone checkout 7f3a", describe: "The code that run ran on, uncommitted changes included" },
    {
      line: "runstone checkout '@best(val_loss)' --worktree /tmp/winner",
      describe: "That of the best run, there",
    },
  ],
  details: [
    "Your own work tree, index and branches are not touched: the new one is a linked work tree (git worktree) with a detached HEAD; remove it with git worktree remove DIR.",
    "Hooks and filters of the repository do not run; files of Git LFS get their content from what Git LFS has here. Files that were left out of the snapshot are listed.",
  ].join(" "),
  load: async () => (await import("./checkout.run.js")).runCheckout,
});
