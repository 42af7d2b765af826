/** The page of `runstone watch` on a terminal. Nothing in it changes while nothing happens, but the minutes of a run. */
import type { FollowedMetric, FollowedRun } from "../../core/follow/followed-run.js";
import { curveShape, sharedAxes } from "../compare/curve-shapes.js";
import { formatNumber } from "../output/number.js";
import { paintState } from "../output/run-state.js";
import type { Style } from "../output/style.js";
import { type Column, renderTable } from "../output/table.js";
import { visible } from "../output/visible.js";
import { displayWidth, truncateMiddle } from "../output/width.js";
import { nearest } from "../parse/nearest.js";
import { buildChart, type NamedCurve } from "../plot/chart.js";
import type { Glyphs } from "../plot/dot-canvas.js";
import { textChart } from "../plot/text-chart.js";

export interface PageView {
  readonly width: number;
  readonly height: number;
  readonly now: number;
  readonly style: Style;
  readonly glyphs: Glyphs;
  /** Length of the id prefixes. */
  readonly prefix: number;
  /** Metrics to draw; none: all of them as lines of numbers. */
  readonly metrics: readonly string[];
  /** What is waited for, in words. */
  readonly waiting: string;
}

const SMALLEST_CHART = 9;

/** At most `height` lines of at most `width` columns. */
export function watchedPage(runs: readonly FollowedRun[], view: PageView): readonly string[] {
  const head = [
    headLine(runs, view),
    ...missingMetrics(runs, view.metrics).map((line) => noteLine(line, view)),
  ];
  const room = view.height - head.length - 1;
  const only = runs.length === 1 ? runs[0] : undefined;
  const table = only === undefined ? runTable(runs, view) : runLines(only, view);
  const wantsChart = view.metrics.length > 0 && room >= SMALLEST_CHART + 3;
  const shown = cut(table, wantsChart ? Math.max(3, room - 16) : room, view);
  const chart = wantsChart ? chartLines(runs, view, room - shown.length - 1) : [];
  return [...head, "", ...shown, ...(chart.length > 0 ? ["", ...chart] : [])].slice(0, view.height);
}

function headLine(runs: readonly FollowedRun[], { style, waiting, width }: PageView): string {
  const running = runs.filter((run) => !run.hasEnded).length;
  const ended = runs.length - running;
  const counts = [`${running} running`, ...(ended > 0 ? [`${ended} ended`] : [])].join(", ");
  const rest = `  ${counts}${waiting === "" ? "" : `; until ${visible(waiting)}`}; q leaves`;
  return `${style.bold("runstone watch")}${style.dim(truncateMiddle(rest, Math.max(0, width - 14)))}`;
}

function noteLine(text: string, { style, width }: PageView): string {
  return style.yellow(truncateMiddle(visible(text), width));
}

/** What is said of the keys that none of the runs has: they may come, or be misspelt. */
export function missingMetrics(runs: readonly FollowedRun[], keys: readonly string[]): readonly string[] {
  if (runs.length === 0 || keys.length === 0) return [];
  const known = new Set(runs.flatMap((run) => [...run.metrics().keys()]));
  return keys
    .filter((key) => !known.has(key))
    .map((key) => {
      const meant = nearest(key, known);
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      return `none of these runs has a metric '${key}'${hint}`;
    });
}

/** What does not fit is counted. */
function cut(lines: readonly string[], room: number, { style }: PageView): readonly string[] {
  if (lines.length <= room) return lines;
  const shown = Math.max(1, room - 1);
  return [...lines.slice(0, shown), style.dim(`and ${lines.length - shown} more`)];
}

const CHOSEN_METRICS = 6;

function runTable(runs: readonly FollowedRun[], view: PageView): readonly string[] {
  const { style, width, prefix, now } = view;
  const metrics = runs.map((run) => run.metrics());
  const keys = view.metrics.length > 0 ? view.metrics : commonKeys(metrics);
  const columns: readonly Column[] = [
    { title: "ID", paint: (padded) => style.cyan(padded) },
    { title: "NAME", shrinkTo: 8 },
    { title: "STATE", paint: (padded, cell) => paintState(style, cell, padded) },
    { title: "FOR", align: "right", dropOrder: 50 },
    { title: "STEP", align: "right", dropOrder: 10 },
    ...keys.map(
      (key, index): Column => ({ title: visible(key), align: "right", shrinkTo: 6, dropOrder: 100 + index }),
    ),
  ];
  const rows = runs.map((run, index) => [
    visible(run.runId.slice(0, prefix)),
    visible(run.info.runName),
    run.state,
    durationOf(run, now),
    greatestStep(metrics[index]!),
    ...keys.map((key) => {
      const metric = metrics[index]!.get(key);
      return metric === undefined ? "" : formatNumber(metric.summary.last.value);
    }),
  ]);
  return renderTable(columns, rows, { width, paintHeader: style.dim });
}

/** The metrics that most runs have, those of the machine left out. */
function commonKeys(metrics: readonly ReadonlyMap<string, FollowedMetric>[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const key of metrics.flatMap((each) => [...each.keys()]))
    if (!key.startsWith("system/")) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts]
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .slice(0, CHOSEN_METRICS)
    .map(([key]) => key);
}

const SHAPE_WIDTH = 24;

function runLines(run: FollowedRun, view: PageView): readonly string[] {
  const { style, width, prefix, now, glyphs } = view;
  const metrics = run.metrics();
  const facts = `  ${durationOf(run, now)}  step ${greatestStep(metrics)}`;
  const room = width - prefix - run.state.length - 3;
  const name = truncateMiddle(visible(run.info.runName), Math.max(8, room - facts.length));
  const id = style.cyan(visible(run.runId.slice(0, prefix)));
  const told = displayWidth(name) + facts.length <= room ? facts : "";
  const head = `${id} ${name}  ${paintState(style, run.state, run.state)}${told}`;
  const columns: readonly Column[] = [
    { title: "METRIC", shrinkTo: 12 },
    { title: "LAST", align: "right" },
    { title: "STEP", align: "right", dropOrder: 1 },
    { title: "MIN", align: "right", dropOrder: 3 },
    { title: "MAX", align: "right", dropOrder: 2 },
    { title: "", dropOrder: 4, paint: (padded) => style.cyan(padded) },
  ];
  const keys = [...metrics.keys()].sort(systemLast);
  const rows = keys.map((key) => metricCells(key, metrics.get(key)!, glyphs === "ascii"));
  return rows.length === 0
    ? [head]
    : [head, ...renderTable(columns, rows, { width, paintHeader: style.dim })];
}

function systemLast(a: string, b: string): number {
  const [left, right] = [a.startsWith("system/"), b.startsWith("system/")];
  if (left !== right) return left ? 1 : -1;
  return a < b ? -1 : 1;
}

function metricCells(key: string, { summary, curve }: FollowedMetric, ascii: boolean): readonly string[] {
  const { last, min, max, count } = summary;
  const axes = sharedAxes([curve]);
  const shape =
    axes === null || count < 2 ? "" : curveShape(curve, axes, { width: Math.min(count, SHAPE_WIDTH), ascii });
  return [
    visible(key),
    formatNumber(last.value),
    String(last.step),
    min === null ? "" : formatNumber(min.value),
    max === null ? "" : formatNumber(max.value),
    shape.trimEnd(),
  ];
}

/** Full minutes: seconds would be drawn anew each second though nothing happened. */
function durationOf({ info, hasEnded }: FollowedRun, now: number): string {
  if (info.startTime === null) return "-";
  const until = hasEnded && info.endTime !== null ? Number(info.endTime) : now;
  const minutes = Math.floor((until - Number(info.startTime)) / 60_000);
  if (!(minutes >= 1)) return "<1m";
  const [hours, days] = [Math.floor(minutes / 60), Math.floor(minutes / 1440)];
  if (days > 0) return `${days}d${hours % 24}h`;
  return hours > 0 ? `${hours}h${String(minutes % 60).padStart(2, "0")}m` : `${minutes}m`;
}

function greatestStep(metrics: ReadonlyMap<string, FollowedMetric>): string {
  let greatest: number | bigint | undefined;
  for (const [key, { summary }] of metrics)
    if (!key.startsWith("system/") && (greatest === undefined || summary.last.step > greatest))
      greatest = summary.last.step;
  return greatest === undefined ? "-" : String(greatest);
}

function chartLines(runs: readonly FollowedRun[], view: PageView, room: number): readonly string[] {
  const { metrics, prefix } = view;
  const curves = runs.flatMap((run): NamedCurve[] =>
    metrics.flatMap((key) => {
      const found = run.metrics().get(key);
      if (found === undefined) return [];
      const id = `${run.runId.slice(0, prefix)} ${run.info.runName}`.trim();
      const name = metrics.length === 1 ? id : runs.length === 1 ? key : `${key} ${id}`;
      const counts = { finite: found.summary.count, nan: 0, above: 0, below: 0 };
      return [
        {
          name,
          identity: name,
          data: { buckets: found.curve, smooth: null, counts, withoutX: 0, oddWithoutX: 0 },
        },
      ];
    }),
  );
  // Title, two lines of the axis, and the legend.
  const height = room - 3 - curves.length;
  if (curves.length === 0 || height < 3) return [];
  const title = metrics.join(", ");
  const labels = Math.max(2, Math.floor(view.width / 14));
  const chart = buildChart(curves, {
    ...{ title, smoothing: 0 },
    x: { title: "step", scale: "linear", kind: "step", labels },
    y: { title, scale: "linear", kind: "value", labels: Math.max(2, height / 3) },
  });
  return textChart(chart, { ...view, height });
}
