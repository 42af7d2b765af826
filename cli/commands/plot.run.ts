import { locationOf } from "../../core/search/run-location.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { readPointChunks } from "../../core/store/read/metric-points.js";
import type { CommandContext } from "../context.js";
import { withOutput } from "../output/output-file.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import { visible } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { usageError } from "../parse/usage-error.js";
import type { AxisSpec } from "../plot/axis.js";
import { buildChart, type Chart, type NamedCurve } from "../plot/chart.js";
import { chartRecord } from "../plot/chart-record.js";
import { CurveReader, type XKind } from "../plot/curve.js";
import { chooseGlyphs } from "../plot/glyphs.js";
import type { Size } from "../plot/layout.js";
import { type DrawnChart, type DrawnCurve, seriesColumns, seriesRows } from "../plot/series-rows.js";
import { type PlotSubjects, plotSubjects } from "../plot/subjects.js";
import { plotColumns, textChart } from "../plot/text-chart.js";
import { prefixLength } from "../runs/id-prefix.js";
import type { OpenRuns } from "../store/open-runs.js";
import { openStores } from "../store/open-stores.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import type { PlotArguments } from "./plot.js";

const DEFAULT_SIZE: Size = { width: 960, height: 540 };
const SMALLEST = 100;
const LARGEST = 8192;
const DEFAULT_WIDTH = 80;
const DEFAULT_HEIGHT = 16;

export async function runPlot(context: CommandContext, given: PlotArguments): Promise<void> {
  const args = withPictureFile(given);
  const size = readSize(args.size);
  const smoothing = readSmoothing(args.smooth);
  const isPicture = args.svg !== undefined || args.png !== undefined;
  if (isPicture) refuseBesidePicture(args);
  const format = isPicture ? "table" : readFormat(context, args);
  const opened = await openStores(context, { experiments: args.experiment });
  const subjects = plotSubjects(context, opened, args);
  tellAgeAtEnd(context, opened.table);
  const width = Math.max(24, Number(args.width ?? widthFor(context, args) ?? DEFAULT_WIDTH));
  const columns = isPicture ? size.width : plotColumns({ width });
  const curves = readCurves(opened, subjects, { ...args, smoothing, columns });
  const drawn = groupCurves(curves, args.split).map(
    (group): DrawnChart => ({
      chart: buildChart(
        group,
        specOf(group, { args, smoothing, columns, rows: isPicture ? size.height : undefined }),
      ),
      curves: group,
    }),
  );
  const charts = drawn.map(({ chart }) => chart);
  if (isPicture) return writePictures(context, args, { charts, size });
  if (format !== "table" && format !== "json")
    return printRows(context, {
      columns: seriesColumns(opened.severalStores),
      rows: drawn.flatMap((each) => [...seriesRows(each, opened.severalStores)]),
      format,
      output: args.output,
    });
  await withOutput(context, args.output, (into) => {
    if (format === "json") printJsonObject(into, { charts: charts.map(chartRecord) });
    else printCharts(into, charts, { ...args, width });
  });
}

/** A file is as wide as no terminal is. */
function widthFor(context: CommandContext, { output }: PlotArguments): number | undefined {
  return output === undefined || output === "-" ? context.width : undefined;
}

/** `-o loss.svg` is `--svg loss.svg`. */
function withPictureFile(args: PlotArguments): PlotArguments {
  const { output, format } = args;
  const kind = /\.(svg|png)$/i.exec(output ?? "")?.[1]?.toLowerCase();
  if (kind === undefined || format !== undefined) return args;
  if (args[kind as "svg" | "png"] !== undefined) throw usageError(`--output and --${kind} are both given`);
  return { ...args, output: undefined, [kind]: output };
}

function refuseBesidePicture({ format, output }: PlotArguments): void {
  if (format !== undefined) throw usageError("a picture and --format are both asked for", "Ask for one");
  if (output !== undefined) throw usageError("a picture and --output are both asked for", "Ask for one");
}

interface TextLook extends Pick<PlotArguments, "height" | "ascii"> {
  readonly width: number;
}

function printCharts(context: CommandContext, charts: readonly Chart[], look: TextLook): void {
  const { width } = look;
  const height = Math.max(3, Number(look.height ?? DEFAULT_HEIGHT));
  const glyphs = chooseGlyphs(look.ascii, context.env);
  for (const [index, chart] of charts.entries()) {
    if (index > 0) context.out.line("");
    for (const line of textChart(chart, { width, height, glyphs, style: context.style }))
      context.out.line(line);
  }
}

interface MetricCurve extends NamedCurve, DrawnCurve {}

interface Reading {
  readonly axis: XKind | undefined;
  readonly "log-x": boolean;
  readonly smoothing: number;
  readonly columns: number;
}

/** One after another: memory is that of the charts, however many points there are. */
function readCurves(
  opened: OpenRuns,
  { metrics, runs }: PlotSubjects,
  reading: Reading,
): readonly MetricCurve[] {
  const prefix = prefixLength(runs.map(({ runId }) => runId));
  return metrics.flatMap((metric) =>
    runs
      .filter((run) => run.metrics[metric] !== undefined)
      .map((run) => ({
        metric,
        run,
        shortId: run.runId.slice(0, prefix),
        store: opened.storesOf(run).join(", "),
        name: nameOf(run, metric, { prefix, metrics, runs, opened }),
        identity: metrics.length === 1 ? run.runId : `${run.runId} ${metric}`,
        data: readCurve(opened, run, { metric, ...reading }),
      })),
  );
}

/** What tells the curves of the chart apart. */
function nameOf(
  run: RunRecord,
  metric: string,
  { prefix, metrics, runs, opened }: PlotSubjects & { readonly prefix: number; readonly opened: OpenRuns },
): string {
  const stores = opened.storesOf(run).join(", ");
  const words = [run.runId.slice(0, prefix), run.info?.runName, stores && `(${stores})`];
  const id = words.filter(Boolean).join(" ");
  if (metrics.length === 1) return id;
  return runs.length === 1 ? metric : `${metric} ${id}`;
}

function readCurve(
  opened: OpenRuns,
  run: RunRecord,
  { metric, axis: x = "step", "log-x": logX, smoothing, columns }: Reading & { readonly metric: string },
): NamedCurve["data"] {
  const startTime = run.info?.startTime ?? null;
  const reader = new CurveReader({
    ...{ x, logX, smoothing },
    // No bucket is wider than one column of dots or pixels.
    resolution: Math.max(256, 8 * columns),
    start: startTime === null ? null : Number(startTime),
  });
  const { onDamage } = opened.placeOf(run);
  for (const points of readPointChunks(locationOf(run), metric, onDamage)) reader.add(points);
  return reader.data();
}

function groupCurves(curves: readonly MetricCurve[], split: boolean): readonly (readonly MetricCurve[])[] {
  if (!split) return [curves];
  const metrics = new Set(curves.map(({ metric }) => metric));
  return [...metrics].map((metric) => curves.filter((curve) => curve.metric === metric));
}

interface Spec {
  readonly args: PlotArguments;
  readonly smoothing: number;
  readonly columns: number;
  /** Pixels; undefined for the terminal. */
  readonly rows: number | undefined;
}

const X_AXES = {
  step: { title: "step", kind: "step" },
  time: { title: "time (UTC)", kind: "time" },
  relative: { title: "time since the start", kind: "seconds" },
} as const satisfies Readonly<Record<XKind, Pick<AxisSpec, "title" | "kind">>>;

function specOf(
  curves: readonly MetricCurve[],
  { args, smoothing, columns, rows }: Spec,
): Parameters<typeof buildChart>[1] {
  const metrics = [...new Set(curves.map(({ metric }) => metric))].join(", ");
  const x = X_AXES[args.axis ?? "step"];
  const perLabel = rows === undefined ? 12 : 100;
  return {
    title: args.title ?? metrics,
    smoothing,
    x: { ...x, scale: args["log-x"] ? "log" : "linear", labels: Math.max(2, Math.floor(columns / perLabel)) },
    y: {
      ...{ title: metrics, kind: "value", scale: args.log ? "log" : "linear" },
      labels:
        rows === undefined ? Math.max(2, Number(args.height ?? DEFAULT_HEIGHT) / 3) : Math.max(2, rows / 80),
    },
  };
}

interface Pictures {
  readonly charts: readonly Chart[];
  readonly size: Size;
}

async function writePictures(
  context: CommandContext,
  { svg, png }: PlotArguments,
  { charts, size }: Pictures,
): Promise<void> {
  const written: string[] = [];
  for (const [index, chart] of charts.entries()) {
    for (const [file, kind] of [
      [svg, "svg"],
      [png, "png"],
    ] as const) {
      if (file === undefined) continue;
      const path = charts.length === 1 || file === "-" ? file : numbered(file, index + 1);
      await writePicture(context, path, { kind, chart, size });
      if (path !== "-") written.push(path);
    }
  }
  if (context.json && svg !== "-" && png !== "-") printJsonObject(context, { files: written });
  else for (const path of written) context.err.line(`wrote ${visible(path)}`);
}

interface Picture {
  readonly kind: "svg" | "png";
  readonly chart: Chart;
  readonly size: Size;
}

async function writePicture(
  context: CommandContext,
  path: string,
  { kind, chart, size }: Picture,
): Promise<void> {
  if (kind === "png" && path === "-" && context.out.isTerminal)
    throw usageError("a terminal cannot show a PNG", "Name a file, or send it to a program");
  const { svgChart } = await import("../plot/svg-chart.js");
  const { pngChart } = await import("../plot/png-chart.js");
  await withOutput(context, path, ({ out }) => {
    if (kind === "svg") out.write(svgChart(chart, size));
    else out.bytes(pngChart(chart, size));
  });
}

/** `loss.svg` as `loss-2.svg`. */
function numbered(path: string, number: number): string {
  return path.replace(/(\.[^./\\]*)?$/, (extension) => `-${number}${extension}`);
}

function readSize(text: string | undefined): Size {
  if (text === undefined) return DEFAULT_SIZE;
  const [width = 0, height = 0] = (/^(\d{1,5})x(\d{1,5})$/.exec(text) ?? []).slice(1).map(Number);
  if (Math.min(width, height) >= SMALLEST && Math.max(width, height) <= LARGEST) return { width, height };
  throw usageError(`--size cannot be '${text}'`, `Write WIDTHxHEIGHT, each from ${SMALLEST} to ${LARGEST}`);
}

function readSmoothing(weight: number | undefined): number {
  if (weight === undefined || (weight >= 0 && weight < 1)) return weight ?? 0;
  throw usageError("--smooth must be at least 0 and below 1", "0.9 smooths over about ten points");
}
