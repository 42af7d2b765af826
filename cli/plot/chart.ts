/** A chart before it is drawn: the same for terminal, SVG and PNG. */
import type { Bucket, SeriesCounts, Vertex } from "../../core/series/series-buckets.js";
import { type Axis, type AxisSpec, axisOver } from "./axis.js";
import { type CurveData, verticesOf } from "./curve.js";

export type MarkKind = "nan" | "above" | "below" | "not positive";

/** A value that has no place in the chart: it is marked on the x axis. */
export interface Mark {
  /** In the units of the axis. */
  readonly x: number;
  readonly kind: MarkKind;
}

export interface ChartCurve {
  readonly name: string;
  /** Names the curve at its end and in the legend. */
  readonly letter: string;
  /** The colour, then the dashes: the same for the same run in every chart. */
  readonly slot: number;
  /** Pieces without a gap, in the units of the axes. */
  readonly lines: readonly (readonly Vertex[])[];
  /** The points themselves, when `lines` is their moving average; empty else. */
  readonly raw: readonly (readonly Vertex[])[];
  readonly marks: readonly Mark[];
  /** In the units of the data. */
  readonly least: Vertex | null;
  readonly greatest: Vertex | null;
  readonly last: Vertex | null;
  readonly counts: SeriesCounts;
  readonly withoutX: number;
  readonly oddWithoutX: number;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly ChartCurve[];
  readonly smoothing: number;
}

export interface NamedCurve {
  readonly name: string;
  /** Decides the colour. */
  readonly identity: string;
  readonly data: CurveData;
}

export interface ChartSpec {
  readonly title: string;
  readonly x: AxisSpec;
  readonly y: AxisSpec;
  readonly smoothing: number;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
export const COLOURS = 8;

export function buildChart(named: readonly NamedCurve[], spec: ChartSpec): Chart {
  const logY = spec.y.scale === "log";
  const slots = slotsOf(named.map(({ identity }) => identity));
  const curves = named.map((curve, index) => chartCurve(curve, { index, slot: slots[index]!, logY }));
  const vertices = curves.flatMap(({ lines, raw }) => [...lines, ...raw]);
  const marks = curves.flatMap((curve) => curve.marks);
  const xs = new Range();
  const ys = new Range();
  for (const line of vertices) for (const { x, y } of line) xs.add(x), ys.add(y);
  for (const { x } of marks) xs.add(x);
  return {
    title: spec.title,
    x: axisOver(xs.low, xs.high, spec.x),
    y: axisOver(ys.low, ys.high, spec.y),
    curves,
    smoothing: spec.smoothing,
  };
}

class Range {
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    if (value < this.low) this.low = value;
    if (value > this.high) this.high = value;
  }
}

interface Place {
  readonly index: number;
  readonly slot: number;
  readonly logY: boolean;
}

function chartCurve({ name, data }: NamedCurve, { index, slot, logY }: Place): ChartCurve {
  const { buckets, smooth, counts, withoutX, oddWithoutX } = data;
  const drawn = verticesOf(buckets, logY);
  return {
    name,
    letter: LETTERS[index % LETTERS.length]!,
    slot,
    lines: smooth === null ? drawn : smoothLines(smooth, logY),
    raw: smooth === null ? [] : drawn,
    marks: buckets.flatMap((bucket) => marksOf(bucket, logY)),
    least: extreme(
      buckets,
      ({ min }) => min,
      (a, b) => a.y < b.y,
    ),
    greatest: extreme(
      buckets,
      ({ max }) => max,
      (a, b) => a.y > b.y,
    ),
    last: extreme(
      buckets,
      ({ last }) => last,
      (a, b) => a.x >= b.x,
    ),
    counts,
    withoutX,
    oddWithoutX,
  };
}

function smoothLines(
  smooth: readonly Bucket[] | readonly Vertex[],
  logY: boolean,
): readonly (readonly Vertex[])[] {
  if (smooth.length === 0) return [];
  if ("count" in smooth[0]!) return verticesOf(smooth as readonly Bucket[], logY);
  const vertices = smooth as readonly Vertex[];
  const shown = logY
    ? vertices.filter(({ y }) => y > 0).map(({ x, y }) => ({ x, y: Math.log10(y) }))
    : vertices;
  return shown.length === 0 ? [] : [shown];
}

function marksOf({ nanX, aboveX, belowX, min }: Bucket, logY: boolean): readonly Mark[] {
  const marks: Mark[] = [];
  if (nanX !== null) marks.push({ x: nanX, kind: "nan" });
  if (aboveX !== null) marks.push({ x: aboveX, kind: "above" });
  if (belowX !== null) marks.push({ x: belowX, kind: "below" });
  if (logY && min !== null && min.y <= 0) marks.push({ x: min.x, kind: "not positive" });
  return marks;
}

function extreme(
  buckets: readonly Bucket[],
  of: (bucket: Bucket) => Vertex | null,
  isBetter: (a: Vertex, b: Vertex) => boolean,
): Vertex | null {
  let found: Vertex | null = null;
  for (const bucket of buckets) {
    const vertex = of(bucket);
    if (vertex !== null && (found === null || isBetter(vertex, found))) found = vertex;
  }
  return found;
}

/** By a hash of the identity, moved on where the colour is taken; dashes when all colours are. */
export function slotsOf(identities: readonly string[]): readonly number[] {
  const taken = new Set<number>();
  return identities.map((identity) => {
    const start = hash(identity) % COLOURS;
    for (let round = 0; ; round += 1) {
      for (let next = 0; next < COLOURS; next += 1) {
        const slot = round * COLOURS + ((start + next) % COLOURS);
        if (taken.has(slot)) continue;
        taken.add(slot);
        return slot;
      }
    }
  });
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}
