/** One metric of one run, read for a chart in flat memory. */
import { MovingAverage, smoothBuckets } from "../../core/series/moving-average.js";
import {
  type Bucket,
  SeriesBuckets,
  type SeriesCounts,
  type Vertex,
} from "../../core/series/series-buckets.js";
import type { Point } from "../../store-format/index.js";

export type XKind = "step" | "time" | "relative";

export interface CurveOptions {
  readonly x: XKind;
  readonly logX: boolean;
  /** Weight of the moving average; 0: none. */
  readonly smoothing: number;
  /** How many buckets there are at most. */
  readonly resolution: number;
  /** Where the time of `relative` begins, milliseconds since 1970; null: at the first point. */
  readonly start: number | null;
}

/** What was met, in the units of the data (x: logarithms when the axis is logarithmic). */
export interface CurveData {
  readonly buckets: readonly Bucket[];
  /** The moving average; null when there is none. */
  readonly smooth: readonly Bucket[] | readonly Vertex[] | null;
  readonly counts: SeriesCounts;
  /** Points without a place on a logarithmic x axis, and how many of them are not finite. */
  readonly withoutX: number;
  readonly oddWithoutX: number;
}

export class CurveReader {
  readonly #options: CurveOptions;
  readonly #raw: SeriesBuckets;
  readonly #smooth: SeriesBuckets;
  readonly #average: MovingAverage;
  #start: number | null;
  #lastX = Number.NEGATIVE_INFINITY;
  #inOrder = true;
  #withoutX = 0;
  #oddWithoutX = 0;

  constructor(options: CurveOptions) {
    this.#options = options;
    this.#raw = new SeriesBuckets(options.resolution);
    this.#smooth = new SeriesBuckets(options.resolution);
    this.#average = new MovingAverage(options.smoothing);
    this.#start = options.start;
  }

  add(points: readonly Point[]): void {
    for (const point of points) {
      const x = this.#xOf(point);
      if (x === null) this.#leaveOut(point);
      else this.#addAt(x, point.value);
    }
  }

  data(): CurveData {
    const buckets = this.#raw.buckets();
    return {
      ...{ buckets, smooth: this.#smoothed(buckets), counts: this.#raw.counts },
      ...{ withoutX: this.#withoutX, oddWithoutX: this.#oddWithoutX },
    };
  }

  #leaveOut({ value }: Point): void {
    this.#withoutX += 1;
    if (!Number.isFinite(value)) this.#oddWithoutX += 1;
  }

  #addAt(x: number, y: number): void {
    this.#raw.add(x, y);
    if (this.#options.smoothing === 0 || !Number.isFinite(y)) return;
    if (x < this.#lastX) this.#inOrder = false;
    this.#lastX = x;
    if (this.#inOrder) this.#smooth.add(x, this.#average.push(y));
  }

  /** Over the points where they come in the order of x, else over the means of the buckets. */
  #smoothed(buckets: readonly Bucket[]): CurveData["smooth"] {
    const { smoothing } = this.#options;
    if (smoothing === 0) return null;
    return this.#inOrder ? this.#smooth.buckets() : smoothBuckets(buckets, smoothing);
  }

  #xOf({ step, timestamp }: Point): number | null {
    const { x, logX } = this.#options;
    if (x === "relative") this.#start ??= Number(timestamp);
    const place =
      x === "step"
        ? Number(step)
        : x === "time"
          ? Number(timestamp)
          : (Number(timestamp) - this.#start!) / 1000;
    if (!logX) return place;
    return place > 0 ? Math.log10(place) : null;
  }
}

/** The corners of a bucket's line: its first, least, greatest and last point. */
export function verticesOf(buckets: readonly Bucket[], logY: boolean): readonly (readonly Vertex[])[] {
  const lines: Vertex[][] = [];
  let open: Vertex[] = [];
  for (const bucket of buckets) {
    const corners = cornersOf(bucket, logY);
    if (corners.length > 0) open.push(...corners);
    else if (open.length > 0) {
      // Only values that cannot be drawn: the line is not led across them.
      lines.push(open);
      open = [];
    }
  }
  return open.length > 0 ? [...lines, open] : lines;
}

function cornersOf(bucket: Bucket, logY: boolean): readonly Vertex[] {
  const { first, last, max } = bucket;
  const min = logY ? bucket.minPositive : bucket.min;
  const inner = [min, max].sort((a, b) => (a?.x ?? 0) - (b?.x ?? 0));
  const corners: Vertex[] = [];
  for (const vertex of [first, ...inner, last]) {
    if (vertex === null || (logY && vertex.y <= 0)) continue;
    const corner = logY ? { x: vertex.x, y: Math.log10(vertex.y) } : vertex;
    const before = corners.at(-1);
    if (before === undefined || before.x !== corner.x || before.y !== corner.y) corners.push(corner);
  }
  return corners;
}
