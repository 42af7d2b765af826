import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { dryRunOption, experimentOption, jobsOption, limitRateOption } from "./push-options.js";

const options = {
  experiment: experimentOption,
  only: {
    type: "strings",
    value: "PATH",
    describe: "Only this artifact, what lies below this directory, or what a pattern such as **/*.ckpt names",
  },
  "dry-run": dryRunOption,
  jobs: jobsOption,
  "limit-rate": limitRateOption,
} as const satisfies Options;

const positionals = {
  what: {
    variadic: true,
    describe:
      "Runs whose artifacts are wanted (filter, ids or names; none: new and changed runs, without artifacts), then the remote (by default the only one, or origin)",
  },
} as const satisfies Positionals;

export type FetchArguments = ArgumentsOf<typeof options, typeof positionals>;

export const fetch = defineCommand({
  name: "fetch",
  describe: "Bring runs without artifacts, or the artifacts of runs that are here without them",
  options,
  positionals,
  examples: [
    { line: "runstone fetch", describe: "Params, metrics and tags of everything new there" },
    { line: "runstone fetch @best(loss)", describe: "All artifacts of one run" },
    { line: "runstone fetch @best(loss) --dry-run", describe: "How many there are, and how large" },
    { line: "runstone fetch 3f2a lab --only checkpoints", describe: "Some of them" },
    { line: "runstone fetch 3f2a --only 'plots/*.png'", describe: "By a pattern" },
  ],
  details:
    "A large artifact goes on where an earlier fetch stopped. What arrives is hashed; other bytes than those that the run names are thrown away.",
  load: async () => (await import("./fetch.run.js")).runFetch,
});
