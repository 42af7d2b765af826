/** What `runstone plot --json` prints: the corners of the curves as they would be drawn. */
import type { Vertex } from "../../core/series/series-buckets.js";
import { type Axis, valueOn } from "./axis.js";
import type { Chart, ChartCurve } from "./chart.js";

export function chartRecord({ title, x, y, curves, smoothing }: Chart): object {
  return {
    title,
    smoothing,
    x: axisRecord(x),
    y: axisRecord(y),
    curves: curves.map((curve) => curveRecord(curve, { x, y })),
  };
}

function axisRecord({ title, scale, low, high }: Axis): object {
  return { title, scale, low: valueOn({ scale }, low), high: valueOn({ scale }, high) };
}

interface Axes {
  readonly x: Axis;
  readonly y: Axis;
}

function curveRecord(curve: ChartCurve, axes: Axes): object {
  const plain = (line: readonly Vertex[]) =>
    line.map(({ x, y }) => [valueOn(axes.x, x), valueOn(axes.y, y)] as const);
  return {
    name: curve.name,
    points: curve.counts,
    lines: curve.lines.map(plain),
    raw: curve.raw.map(plain),
    marks: curve.marks.map(({ x, kind }) => ({ x: valueOn(axes.x, x), kind })),
  };
}
