import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { VIEWS } from "../parse/view.js";
import { storesOption } from "./stores-option.js";

/** Of the formats for programs; those for people are in `runstone runs`. */
const EXPORT_FORMATS = ["csv", "tsv", "jsonl", "json", "parquet"] as const;

const options = {
  metrics: { type: "boolean", describe: "Write every point of the metrics, one row a point" },
  metric: {
    type: "strings",
    alias: ["m"],
    value: "GLOB",
    describe: "Write the points of these metrics only (implies --metrics)",
  },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Write only runs of this experiment (name or id)",
  },
  view: {
    type: "string",
    alias: ["v"],
    value: "VIEW",
    choices: VIEWS,
    describe: "Write these runs when none is named",
    defaultText: "active",
  },
  format: {
    ...formatOptions.format,
    choices: EXPORT_FORMATS,
    describe: "Write as",
    defaultText: "csv, or what the name of the output file says",
  },
  output: formatOptions.output,
  ...storesOption,
} as const satisfies Options;

const positionals = {
  runs: {
    variadic: true,
    describe:
      "runs by id, prefix, name, @last, @best(METRIC) or a filter; - takes a list from standard input; all when none is named",
  },
} as const satisfies Positionals;

export type ExportArguments = ArgumentsOf<typeof options, typeof positionals>;

export const exportRuns = defineCommand({
  name: "export",
  describe: "Write runs, or every point of their metrics, as CSV, JSON lines or Parquet",
  options,
  positionals,
  examples: [
    { line: "runstone export -o runs.csv", describe: "A row for each run: params, tags, last values" },
    { line: "runstone export -e wine --metrics -o points.parquet", describe: "A row for each point" },
    { line: "runstone export 7f3a -m 'val/*' --format jsonl", describe: "Some metrics of one run" },
  ],
  details:
    "Points are written as they are read: memory stays flat however many there are. They come in the order of their files, metric by metric. Numbers keep every digit; docs/reference/formats.md says how each format spells NaN and times.",
  load: async () => (await import("./export.run.js")).runExport,
});
