import { COMPARED_SECTIONS } from "../../core/compare/sections.js";
import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { refreshOptions } from "./refresh-options.js";

const options = {
  stat: { type: "boolean", describe: "Of the code, list the changed files only" },
  words: { type: "boolean", describe: "Of the code, show changed words instead of lines" },
  path: { type: "strings", value: "PATH", describe: "Of the code, only this file or directory" },
  only: {
    type: "strings",
    value: "SECTION",
    choices: COMPARED_SECTIONS,
    describe: "Compare only this section",
  },
  metric: {
    type: "string",
    alias: ["m"],
    value: "METRIC",
    describe: "For a commit, its best run by this metric",
    defaultText: "its newest run",
  },
  tolerance: {
    type: "number",
    value: "X",
    describe: "Take values of metrics for equal that are at most X apart",
    defaultText: "0",
  },
  all: { type: "boolean", alias: ["a"], describe: "Show also what is the same" },
  "exit-code": { type: "boolean", describe: "Exit with 1 when anything differs" },
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  a: {
    required: true,
    describe: "a run, a commit (with the run that stands for it), or . for the work tree",
  },
  b: { describe: "the other one; default: the work tree" },
} as const satisfies Positionals;
export type DiffArguments = ArgumentsOf<typeof options, typeof positionals>;

export const diff = defineCommand({
  name: "diff",
  describe: "Show what differs between two runs, commits or the work tree: results, settings, data, code",
  options,
  positionals,
  examples: [
    { line: "runstone diff @last~1 @last", describe: "What changed from one run to the next, code included" },
    { line: "runstone diff '@best(val_loss)' .", describe: "What was changed since the best run" },
    { line: "runstone diff main feature -m acc --stat", describe: "Two branches by their best runs" },
  ],
  details: [
    "The code of a run is its snapshot, else its commit; of a commit the commit itself. Of the work tree, untracked files are left out. The store does not count as code.",
    "A word that names a run and a commit is the run.",
  ].join(" "),
  load: async () => (await import("./diff.run.js")).runDiff,
});
