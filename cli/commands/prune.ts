import { type ArgumentsOf, defineCommand, type Options } from "../command.js";
import { choiceOptions, pushPositionals } from "./push-options.js";

const options = {
  synced: { type: "boolean", describe: "Free artifacts of runs that are synced; must be given" },
  experiment: choiceOptions.experiment,
  "larger-than": { type: "string", value: "SIZE", describe: "Only artifacts larger than this, such as 10M" },
  "trust-size": {
    type: "boolean",
    describe: "Of artifacts over 1 MiB at an MLflow server, compare the size instead of reading them back",
  },
  "dry-run": { type: "boolean", describe: "Only tell what would be freed" },
} as const satisfies Options;

export type PruneArguments = ArgumentsOf<typeof options, typeof pushPositionals>;

export const prune = defineCommand({
  name: "prune",
  describe: "Free artifacts here that a remote was just seen to hold",
  options,
  positionals: pushPositionals,
  examples: [
    { line: "runstone prune --synced --dry-run", describe: "How much would be freed" },
    {
      line: "runstone prune --synced --larger-than 10M lab",
      describe: "Large artifacts that the remote lab holds",
    },
  ],
  details: [
    "The remote hashes every artifact first; an MLflow server hashes nothing, so every artifact is read back from it and hashed here.",
    "What it does not hold, or what changed here since, stays. Params, metrics and tags stay in any case, and `runstone fetch RUN` brings the artifacts back.",
  ].join(" "),
  load: async () => (await import("./prune.run.js")).runPrune,
});
