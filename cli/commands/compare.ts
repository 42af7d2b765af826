import { COMPARED_SECTIONS } from "../../core/compare/sections.js";
import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { refreshOptions } from "./refresh-options.js";
import { storesOption } from "./stores-option.js";

const options = {
  all: { type: "boolean", alias: ["a"], describe: "Show also what is the same" },
  only: {
    type: "strings",
    value: "SECTION",
    choices: COMPARED_SECTIONS,
    describe: "Compare only this section",
  },
  "at-step": { type: "integer", value: "N", describe: "Show also the metrics' values at step N" },
  tolerance: {
    type: "number",
    value: "X",
    describe: "Take values of metrics for equal that are at most X apart",
    defaultText: "0",
  },
  "exit-code": { type: "boolean", describe: "Exit with 1 when the runs differ" },
  ascii: { type: "boolean", describe: "Draw curves without block characters" },
  ...formatOptions,
  ...storesOption,
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  run: { variadic: true, describe: "two runs or more: ids, names, @last, @best(metric), a filter" },
} as const satisfies Positionals;
export type CompareArguments = ArgumentsOf<typeof options, typeof positionals>;

export const compare = defineCommand({
  name: "compare",
  describe: "Show what differs between runs: metrics, params, code, data, artifacts",
  options,
  positionals,
  examples: [
    { line: "runstone compare 7f3a 9be0", describe: "What two runs differ in" },
    {
      line: "runstone compare '@best(val_loss)' @last --all",
      describe: "The best run and the newest, all of it",
    },
    {
      line: "runstone compare 7f3a 9be0 --only params --only code --exit-code",
      describe: "In a script: was it the same experiment?",
    },
  ],
  details: [
    "Artifacts are compared by hash: that of the seal where the file is untouched since, else of its bytes. Metrics differ when their last, least or",
    "greatest values do, or when their curves part: at the first step that both have and whose values differ by more than --tolerance (NaN equals NaN).",
    "Metrics of the machine (system/...) are shown with --all and never make runs different.",
  ].join(" "),
  load: async () => (await import("./compare.run.js")).runCompare,
});
