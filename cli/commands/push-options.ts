/** Options of the commands of sync: the same words wherever they mean the same. */
import type { ArgumentsOf, Option, Options, Positionals } from "../command.js";

export const jobsOption = {
  type: "integer",
  alias: ["j"],
  value: "N",
  describe: "Transfer so many runs at a time",
  defaultText: "the remote's setting, else 4",
} as const satisfies Option;

export const limitRateOption = {
  type: "string",
  value: "RATE",
  describe: "At most so many bytes a second, such as 500k or 2M",
} as const satisfies Option;

export const experimentOption = {
  type: "strings",
  alias: ["e"],
  value: "NAME",
  describe: "Only runs of this experiment (its name here, or its id)",
} as const satisfies Option;

export const dryRunOption = {
  type: "boolean",
  describe: "Only tell what would be done, run by run, and how much: nothing is written",
} as const satisfies Option;

/** Of `remote set` the same for good. */
export const mapOption = {
  type: "strings",
  value: "LOCAL=REMOTE",
  describe: "The experiment LOCAL here is REMOTE there, this time",
} as const satisfies Option;

export const modelsOption = {
  type: "boolean",
  describe: "The model registry, too: models, versions, stages, aliases",
} as const satisfies Option;

/** What goes, and with what of it. */
export const choiceOptions = {
  experiment: experimentOption,
  "no-artifacts": { type: "boolean", describe: "Leave artifacts out" },
  "include-deleted": { type: "boolean", describe: "Also runs deleted here: they are deleted there" },
} as const satisfies Options;

export const pushOptions = {
  ...choiceOptions,
  "dry-run": dryRunOption,
  map: mapOption,
  models: modelsOption,
  restore: { type: "boolean", describe: "Restore experiments that are deleted there, with their runs" },
  watch: {
    type: "boolean",
    describe: "Go on while runs run: new points every three seconds, until all have ended or Ctrl-C",
  },
  hash: { type: "boolean", describe: "Read every artifact back and compare its hash, not only its size" },
  jobs: jobsOption,
  "limit-rate": limitRateOption,
} as const satisfies Options;

export const pushPositionals = {
  what: {
    variadic: true,
    describe:
      "Runs (filter, ids or names; by default all), then the remote (by default the only one, or origin)",
  },
} as const satisfies Positionals;

export type PushArguments = ArgumentsOf<typeof pushOptions, typeof pushPositionals>;
