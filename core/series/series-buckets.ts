/**
 * A series of any length in flat memory, without hiding anything: buckets along x, each with its first, last, smallest
 * and greatest point (M4: what a line chart of that resolution shows, it shows exactly). Points may come in any order;
 * while there are few, every x has a bucket of its own.
 */

/** A point of a chart. */
export interface Vertex {
  readonly x: number;
  readonly y: number;
}

export interface Bucket {
  /** Of the finite values: at the smallest x (of equal ones the first that came) and at the greatest (the last). */
  first: Vertex | null;
  last: Vertex | null;
  min: Vertex | null;
  max: Vertex | null;
  /** The smallest value above zero: what a logarithmic axis shows as the lower end. */
  minPositive: Vertex | null;
  /** Finite values, and their mean. */
  count: number;
  mean: number;
  /** Where values that are not finite are: the first x of each kind. */
  nanX: number | null;
  aboveX: number | null;
  belowX: number | null;
}

/** How many values were met, by kind. */
export interface SeriesCounts {
  finite: number;
  nan: number;
  above: number;
  below: number;
}

export class SeriesBuckets {
  readonly counts: SeriesCounts = { finite: 0, nan: 0, above: 0, below: 0 };
  readonly #capacity: number;
  #buckets = new Map<number, Bucket>();
  /** Width of a bucket, a power of two; 0: each x has its own. */
  #width = 0;
  /** Numbers of the outermost buckets (x itself while the width is 0). */
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #recentKey = Number.NaN;
  #recent: Bucket | undefined;

  /** There are never more than `capacity` buckets, and never one wider than 4 / `capacity` of the range of x. */
  constructor(capacity = 2048) {
    this.#capacity = capacity;
  }

  /** `x` must be finite; `y` is any number. */
  add(x: number, y: number): void {
    const bucket = this.#bucketAt(x);
    if (y - y === 0) {
      this.counts.finite += 1;
      addFinite(bucket, x, y);
    } else if (Number.isNaN(y)) {
      this.counts.nan += 1;
      bucket.nanX = smaller(bucket.nanX, x);
    } else if (y > 0) {
      this.counts.above += 1;
      bucket.aboveX = smaller(bucket.aboveX, x);
    } else {
      this.counts.below += 1;
      bucket.belowX = smaller(bucket.belowX, x);
    }
  }

  /** By x. */
  buckets(): readonly Bucket[] {
    return [...this.#buckets].sort(([a], [b]) => a - b).map(([, bucket]) => bucket);
  }

  #bucketAt(x: number): Bucket {
    const key = this.#width === 0 ? x : Math.floor(x / this.#width);
    if (key === this.#recentKey) return this.#recent!;
    const known = this.#buckets.get(key);
    const bucket = known ?? this.#newBucket(key, x);
    this.#recentKey = this.#width === 0 ? x : Math.floor(x / this.#width);
    this.#recent = bucket;
    return bucket;
  }

  #newBucket(key: number, x: number): Bucket {
    this.#low = Math.min(this.#low, key);
    this.#high = Math.max(this.#high, key);
    const made = emptyBucket();
    this.#buckets.set(key, made);
    if (!this.#isFull()) return made;
    this.#widen();
    const now = Math.floor(x / this.#width);
    return this.#buckets.get(now)!;
  }

  #isFull(): boolean {
    if (this.#width === 0) return this.#buckets.size > this.#capacity;
    return this.#high - this.#low >= this.#capacity;
  }

  #widen(): void {
    const width = this.#width || 1;
    const range = (this.#high - this.#low) * width;
    let wider = 2 ** Math.ceil(Math.log2(range / this.#capacity));
    if (wider <= this.#width) wider = this.#width * 2;
    while (
      Math.floor((this.#high * width) / wider) - Math.floor((this.#low * width) / wider) >=
      this.#capacity
    )
      wider *= 2;
    this.#regroup(wider, width);
  }

  #regroup(wider: number, width: number): void {
    const before = this.#buckets;
    this.#buckets = new Map();
    for (const [key, bucket] of before) {
      const to = Math.floor((key * width) / wider);
      const there = this.#buckets.get(to);
      if (there === undefined) this.#buckets.set(to, bucket);
      else mergeInto(there, bucket);
    }
    this.#low = Math.floor((this.#low * width) / wider);
    this.#high = Math.floor((this.#high * width) / wider);
    this.#width = wider;
  }
}

function emptyBucket(): Bucket {
  return {
    first: null,
    last: null,
    min: null,
    max: null,
    minPositive: null,
    count: 0,
    mean: 0,
    nanX: null,
    aboveX: null,
    belowX: null,
  };
}

function addFinite(bucket: Bucket, x: number, y: number): void {
  bucket.count += 1;
  // Halved first: the difference of two huge values of opposite sign is itself infinite.
  bucket.mean += 2 * ((y / 2 - bucket.mean / 2) / bucket.count);
  let vertex: Vertex | undefined;
  if (bucket.first === null || x < bucket.first.x) bucket.first = vertex ??= { x, y };
  if (bucket.last === null || x >= bucket.last.x) bucket.last = vertex ??= { x, y };
  if (bucket.min === null || y < bucket.min.y) bucket.min = vertex ??= { x, y };
  if (bucket.max === null || y > bucket.max.y) bucket.max = vertex ??= { x, y };
  if (y > 0 && (bucket.minPositive === null || y < bucket.minPositive.y))
    bucket.minPositive = vertex ??= { x, y };
}

function mergeInto(to: Bucket, from: Bucket): void {
  const count = to.count + from.count;
  if (from.count > 0) to.mean += (2 * (from.mean / 2 - to.mean / 2) * from.count) / count;
  to.count = count;
  to.first = pick(to.first, from.first, (a, b) => b.x < a.x);
  to.last = pick(to.last, from.last, (a, b) => b.x >= a.x);
  to.min = pick(to.min, from.min, (a, b) => b.y < a.y);
  to.max = pick(to.max, from.max, (a, b) => b.y > a.y);
  to.minPositive = pick(to.minPositive, from.minPositive, (a, b) => b.y < a.y);
  to.nanX = from.nanX === null ? to.nanX : smaller(to.nanX, from.nanX);
  to.aboveX = from.aboveX === null ? to.aboveX : smaller(to.aboveX, from.aboveX);
  to.belowX = from.belowX === null ? to.belowX : smaller(to.belowX, from.belowX);
}

function pick(
  a: Vertex | null,
  b: Vertex | null,
  isBetter: (a: Vertex, b: Vertex) => boolean,
): Vertex | null {
  if (a === null || b === null) return a ?? b;
  return isBetter(a, b) ? b : a;
}

function smaller(a: number | null, b: number): number {
  return a === null || b < a ? b : a;
}
