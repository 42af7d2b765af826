import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import {
  dryRunOption,
  experimentOption,
  jobsOption,
  limitRateOption,
  mapOption,
  modelsOption,
} from "./push-options.js";

export const pullOptions = {
  experiment: experimentOption,
  "no-artifacts": { type: "boolean", describe: "Leave artifacts there; `runstone fetch RUN` brings them" },
  "include-deleted": { type: "boolean", describe: "Also runs deleted there: they are deleted here" },
  "dry-run": dryRunOption,
  map: mapOption,
  models: modelsOption,
  jobs: jobsOption,
  "limit-rate": limitRateOption,
} as const satisfies Options;

const positionals = {
  what: {
    variadic: true,
    describe:
      "Runs there (ids or their beginnings, or what names runs that are here, too; by default all), then the remote (by default the only one, or origin)",
  },
} as const satisfies Positionals;

export type PullArguments = ArgumentsOf<typeof pullOptions, typeof positionals>;

export const pull = defineCommand({
  name: "pull",
  describe: "Bring what is new or changed at a remote, and merge it",
  options: pullOptions,
  positionals,
  examples: [
    { line: "runstone pull", describe: "Everything that is new or changed there" },
    { line: "runstone pull lab --no-artifacts", describe: "Params, metrics, tags; artifacts on demand" },
    { line: "runstone pull 3f2a lab", describe: "One run" },
    { line: "runstone pull --dry-run", describe: "What would come, and how much of it" },
    { line: "runstone pull --models", describe: "With registered models, their versions and aliases" },
  ],
  details:
    "Points are added, params never change, tags and names follow who changed them; what both sides changed differently stays as it is and is listed: see `runstone resolve`. Nothing is deleted here because it is missing there.",
  load: async () => (await import("./pull.run.js")).runPull,
});
