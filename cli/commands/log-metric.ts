import { type ArgumentsOf, defineSignature, type Options } from "../command.js";
import { pairs, run } from "./log-options.js";

const metricOptions = {
  run,
  step: {
    type: "integer",
    alias: ["s"],
    value: "N",
    describe: "Set the step of all values",
    defaultText: "0",
  },
  timestamp: {
    type: "integer",
    value: "MS",
    describe: "Set the time in milliseconds since 1970",
    defaultText: "now",
  },
} as const satisfies Options;
export type LogMetricArguments = ArgumentsOf<typeof metricOptions, typeof pairs>;

export const logMetric = defineSignature({
  name: "metric",
  aliases: ["metrics"],
  describe: "Log metrics",
  options: metricOptions,
  positionals: pairs,
  examples: [
    { line: "runstone log metric loss=0.25 acc=0.9 --step 3", describe: "Two values of one step" },
    { line: "my-trainer | runstone log metric -", describe: "Lines like: loss=0.25 acc=0.9 step=3" },
  ],
  details:
    "Among the words and in lines, step=N and timestamp=MS belong to the values beside them. In lines without step=, the points of each metric are counted from 0.",
});
