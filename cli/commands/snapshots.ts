import { type ArgumentsOf, type Command, defineCommand, type Options, type Positionals } from "../command.js";

const sharePositionals = {
  what: {
    variadic: true,
    describe: "First, perhaps, a Git remote (default: the upstream's, or origin); then runs (default: all)",
  },
} as const satisfies Positionals;

const fetchOptions = {
  all: { type: "boolean", describe: "Also those of runs that are not in this store" },
} as const satisfies Options;

const pruneOptions = {
  "dry-run": { type: "boolean", describe: "Only tell which would go" },
} as const satisfies Options;

export type PushArguments = ArgumentsOf<Record<never, never>, typeof sharePositionals>;
export type FetchArguments = ArgumentsOf<typeof fetchOptions, typeof sharePositionals>;
export type PruneArguments = ArgumentsOf<typeof pruneOptions>;

const load = () => import("./snapshots.run.js");

const list = defineCommand({
  name: "list",
  describe: "List the snapshots of this repository",
  load: async () => (await load()).runList,
});

const push = defineCommand({
  name: "push",
  describe: "Send snapshots that a Git remote does not have",
  positionals: sharePositionals,
  examples: [
    { line: "runstone snapshots push", describe: "All that are new, to where git push goes" },
    { line: "runstone snapshots push origin @best(loss)", describe: "The code of one run" },
  ],
  load: async () => (await load()).runPush,
});

const fetch = defineCommand({
  name: "fetch",
  describe: "Bring snapshots of the runs in this store from a Git remote",
  positionals: sharePositionals,
  options: fetchOptions,
  examples: [{ line: "runstone snapshots fetch", describe: "After runstone pull: the code of the new runs" }],
  load: async () => (await load()).runFetch,
});

const prune = defineCommand({
  name: "prune",
  describe: "Remove snapshots of runs that are gone",
  options: pruneOptions,
  examples: [{ line: "runstone snapshots prune --dry-run", describe: "Which would go" }],
  details:
    "A run counts as there when it is in this store, in that of any work tree of the repository, or in that of a workspace committed in it. Git frees the objects itself, with a later git gc.",
  load: async () => (await load()).runPrune,
});

export const snapshots: Command = defineCommand({
  name: "snapshots",
  describe: "List, send, bring and prune the code of runs, kept as commits in Git",
  subcommands: [list, push, fetch, prune],
  examples: [
    { line: "runstone snapshots", describe: "What is here" },
    { line: "runstone snapshots push", describe: "Share the code of your runs by Git" },
  ],
  details:
    "Each run has a ref, refs/runstone/runs/RUN, that points at the code it ran: HEAD's commit when the work tree was clean. Branches, index and work tree are never touched, and one snapshot never replaces another.",
  load: async () => (await load()).runList,
});
