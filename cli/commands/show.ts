import { type ArgumentsOf, defineSignature, type Options, type Positionals } from "../command.js";

const options = {
  "run-id": { type: "string", value: "RUN", describe: "Name the run as an option", hidden: true },
  all: {
    type: "boolean",
    alias: ["a"],
    describe: "Show every metric, param, tag and artifact, values in full",
  },
} as const satisfies Options;
const positionals = { run: { describe: "the run; by default the newest" } } as const satisfies Positionals;
export type ShowArguments = ArgumentsOf<typeof options, typeof positionals>;

export const show = defineSignature({
  name: "show",
  describe: "Show one run: state, code, curves, params, tags, artifacts",
  options,
  positionals,
  examples: [
    { line: "runstone show 7f3a", describe: "By a unique prefix of its id" },
    {
      line: "runstone show '@best(val_loss)'",
      describe: "The run with the best value of a metric; @last~1: the last but one",
    },
    { line: "runstone show 7f3a --json", describe: "Everything but the points, as JSON" },
  ],
});
