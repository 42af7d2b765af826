import { type ArgumentsOf, defineCommand, type Options } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { VIEWS } from "../parse/view.js";

const options = {
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
} as const satisfies Options;

export type SummaryArguments = ArgumentsOf<typeof options>;

export const summary = defineCommand({
  name: "summary",
  describe: "Show each experiment's runs by state, and its last activity",
  options,
  examples: [
    { line: "runstone summary", describe: "The experiment of the last activity first" },
    { line: "runstone summary --disk", describe: "With what each takes on disk" },
  ],
  details:
    "RUNS counts active runs, damaged ones among them. LAST is the newest of starts, ends and signs of life of its runs.",
  load: async () => (await import("./summary.run.js")).runSummary,
});
