/**
 * Smoothing as TensorBoard does it: an exponential moving average that starts at zero, corrected for that start (so that
 * the first values are not pulled to zero). Values that are not finite are left out.
 */
import type { Bucket, Vertex } from "./series-buckets.js";

export class MovingAverage {
  readonly #weight: number;
  #sum = 0;
  /** What is missing to a total weight of one: `weight ** n`. */
  #missing = 1;

  /** `weight` of what came before, from 0 (no smoothing) to below 1. */
  constructor(weight: number) {
    this.#weight = weight;
  }

  /** The average after a finite value that counts `times` times. */
  push(value: number, times = 1): number {
    const kept = this.#weight ** times;
    this.#sum = kept * this.#sum + (1 - kept) * value;
    this.#missing *= kept;
    return this.#sum / (1 - this.#missing);
  }
}

/** The average over buckets, each taken as so many points of its mean: for series whose points are not in the order of x. */
export function smoothBuckets(buckets: readonly Bucket[], weight: number): readonly Vertex[] {
  const average = new MovingAverage(weight);
  return buckets.flatMap(({ last, mean, count }) =>
    last === null ? [] : [{ x: last.x, y: average.push(mean, count) }],
  );
}
