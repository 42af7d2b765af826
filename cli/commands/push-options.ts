/** Options of the commands that push. */
import type { ArgumentsOf, Option, Options, Positionals } from "../command.js";

export const jobsOption = {
  type: "integer",
  alias: ["j"],
  value: "N",
  describe: "Transfers at once",
  defaultText: "the remote's setting, else 4",
} as const satisfies Option;

export const limitRateOption = {
  type: "string",
  value: "RATE",
  describe: "Bytes a second, such as 500k or 2M",
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

/** What goes, and with what of it. */
export const choiceOptions = {
  experiment: experimentOption,
  "no-artifacts": { type: "boolean", describe: "Leave artifacts out" },
  "include-deleted": { type: "boolean", describe: "Also runs deleted here: they are deleted there" },
} as const satisfies Options;

export const pushOptions = {
  ...choiceOptions,
  "dry-run": dryRunOption,
  map: {
    type: "strings",
    value: "LOCAL=REMOTE",
    describe: "Send runs of the experiment LOCAL to REMOTE",
  },
  models: { type: "boolean", describe: "The model registry, too: models, versions, stages, aliases" },
  restore: { type: "boolean", describe: "Restore experiments that are deleted there, with their runs" },
  watch: { type: "boolean", describe: "Go on until every run has ended, or Ctrl-C" },
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
