/** `runstone plot --format`: the points of the curves as they would be drawn, a row each. */
import type { RunRecord } from "../../core/search/run-record.js";
import type { Vertex } from "../../core/series/series-buckets.js";
import type { CellValue } from "../output/cell.js";
import type { RowColumn } from "../output/row-column.js";
import { formatMoment } from "../output/time.js";
import { type Axis, valueOn } from "./axis.js";
import type { Chart, ChartCurve, Mark } from "./chart.js";

/** A chart with whose curve each is, in its order. */
export interface DrawnChart {
  readonly chart: Chart;
  readonly curves: readonly DrawnCurve[];
}

export interface DrawnCurve {
  readonly metric: string;
  readonly run: RunRecord;
  /** Enough of the run's id to know it. */
  readonly shortId: string;
  /** Empty where one store is searched. */
  readonly store: string;
}

export function seriesColumns(severalStores: boolean): readonly RowColumn[] {
  return [
    { key: "metric", title: "METRIC", type: "text" },
    { key: "run_id", title: "ID", type: "text" },
    { key: "run_name", title: "NAME", type: "text" },
    { key: "kind", title: "KIND", type: "text" },
    { key: "piece", title: "PIECE", type: "integer" },
    { key: "x", title: "X", type: "number" },
    { key: "y", title: "Y", type: "number" },
    ...(severalStores ? [{ key: "store", title: "STORE", type: "text" } as const] : []),
  ];
}

/**
 * Curve by curve: its line (`value`, or `smoothed` and then `value`), then what has no place in the chart (`odd`: NaN and
 * infinities as `y`, null for values that a logarithmic axis cannot show). A line that is interrupted has several pieces,
 * counted from 1.
 */
export function* seriesRows(drawn: DrawnChart, severalStores: boolean): Generator<readonly CellValue[]> {
  const { chart } = drawn;
  for (const [index, { metric, run, shortId, store }] of drawn.curves.entries()) {
    const head = [metric, { value: run.runId, text: shortId }, run.info?.runName ?? null];
    const tail = severalStores ? [store] : [];
    for (const row of rowsOfCurve(chart.curves[index]!, chart)) yield [...head, ...row, ...tail];
  }
}

function* rowsOfCurve({ lines, raw, marks }: ChartCurve, axes: Chart): Generator<CellValue[]> {
  yield* rowsOfLines(axes.smoothing > 0 ? "smoothed" : "value", lines, axes);
  yield* rowsOfLines("value", raw, axes);
  for (const mark of marks) yield ["odd", null, xCell(axes.x, mark.x), ODD_VALUES[mark.kind]];
}

const ODD_VALUES: Readonly<Record<Mark["kind"], number | null>> = {
  nan: Number.NaN,
  above: Number.POSITIVE_INFINITY,
  below: Number.NEGATIVE_INFINITY,
  "not positive": null,
};

function* rowsOfLines(
  kind: string,
  lines: readonly (readonly Vertex[])[],
  axes: { readonly x: Axis; readonly y: Axis },
): Generator<CellValue[]> {
  for (const [index, line] of lines.entries())
    for (const { x, y } of line) yield [kind, index + 1, xCell(axes.x, x), valueOn(axes.y, y)];
}

/** People read a time, programs milliseconds since 1970. */
function xCell(axis: Axis, at: number): CellValue {
  const value = valueOn(axis, at);
  return axis.kind === "time" ? { value, text: formatMoment(value) } : value;
}
