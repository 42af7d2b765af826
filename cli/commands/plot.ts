import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { refreshOptions } from "./refresh-options.js";
import { storesOption } from "./stores-option.js";

const options = {
  run: {
    type: "strings",
    alias: ["r"],
    value: "RUN",
    describe: "Plot these runs: ids, names, @last, @best(metric), a filter",
  },
  axis: {
    type: "string",
    alias: ["x"],
    value: "AXIS",
    choices: ["step", "time", "relative"],
    describe: "Plot over steps, over the time (UTC), or over the time since the run began",
    defaultText: "step",
  },
  log: { type: "boolean", alias: ["log-y"], describe: "Use a logarithmic y axis" },
  "log-x": { type: "boolean", describe: "Use a logarithmic x axis" },
  smooth: {
    type: "number",
    alias: ["s"],
    value: "W",
    describe: "Draw the moving average, W (0 to below 1) being the weight of what came before",
    defaultText: "0",
  },
  split: { type: "boolean", describe: "Draw a chart for each metric" },
  title: { type: "string", value: "TEXT", describe: "Write this above the chart" },
  svg: { type: "string", value: "FILE", describe: "Write the chart to FILE as SVG; - is standard output" },
  png: { type: "string", value: "FILE", describe: "Write the chart to FILE as PNG" },
  size: {
    type: "string",
    value: "WxH",
    describe: "Make that picture so many pixels",
    defaultText: "960x540",
  },
  format: {
    type: "string",
    value: "FORMAT",
    choices: ["csv", "tsv", "md", "latex", "jsonl", "json", "parquet"],
    describe: "Print the points that would be drawn, as",
    defaultText: "the chart, or what the name of the output file says",
  },
  output: {
    ...formatOptions.output,
    describe: "Write to FILE; also a picture, when its name ends in .svg or .png",
  },
  width: { type: "integer", value: "N", describe: "Use N columns of the terminal" },
  height: { type: "integer", value: "N", describe: "Use N rows for the plot", defaultText: "16" },
  ascii: { type: "boolean", describe: "Draw with plain ASCII characters" },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
  ...storesOption,
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  word: {
    variadic: true,
    describe: "metrics (also patterns: 'val*'), then runs; by default the newest run",
  },
} as const satisfies Positionals;
export type PlotArguments = ArgumentsOf<typeof options, typeof positionals>;

export const plot = defineCommand({
  name: "plot",
  describe: "Plot metrics of runs, in the terminal or as SVG or PNG",
  options,
  positionals,
  examples: [
    { line: "runstone plot loss val_loss", describe: "Two curves of the newest run" },
    { line: "runstone plot val_loss 7f3a 9be0 --log", describe: "One metric of two runs" },
    { line: "runstone plot loss @last --smooth 0.9 --svg loss.svg", describe: "As a picture" },
    { line: "runstone plot loss @last --format csv", describe: "The points of that picture" },
  ],
  details: [
    "A word is a metric when a run has one of that name, else a run; --run says it outright. No peak is lost: each stretch of a curve is drawn with its",
    "first, least, greatest and last value, and what cannot be drawn (NaN, infinities, 0 on a logarithmic axis) is marked on the x axis. The moving average",
    "is the exponential one, corrected for its beginning; pictures show the points themselves faintly behind it. --format writes no more",
    "points than the chart has; runstone export --metrics writes all.",
  ].join(" "),
  load: async () => (await import("./plot.run.js")).runPlot,
});
