import { type ArgumentsOf, defineCommand, type Options } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { VIEWS } from "../parse/view.js";
import { storesOption } from "./stores-option.js";

const options = {
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Show only this experiment (name or id)",
  },
  view: {
    type: "string",
    alias: ["v"],
    value: "VIEW",
    choices: VIEWS,
    describe: "Show these experiments",
    defaultText: "active",
  },
  disk: { type: "boolean", describe: "Measure what they take on disk, too (looks at every file)" },
  ...formatOptions,
  ...storesOption,
} as const satisfies Options;

export type SummaryArguments = ArgumentsOf<typeof options>;

export const summary = defineCommand({
  name: "summary",
  describe: "Show each experiment's runs by state, and its last activity",
  options,
  examples: [
    { line: "runstone summary", describe: "The experiment of the last activity first" },
    {
      line: "runstone summary -e wine --store 'projects/*'",
      describe: "One experiment, in several projects",
    },
    { line: "runstone summary --disk", describe: "With what each takes on disk" },
  ],
  details:
    "RUNS counts active runs, damaged ones among them. LAST is the newest of starts, ends and signs of life of its runs. Of several stores each has its own lines; the line of all counts a run that lies in two of them once.",
  load: async () => (await import("./summary.run.js")).runSummary,
});
