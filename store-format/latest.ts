import type { Point } from "./entities.js";

/**
 * True when `a` replaces `b` as the latest point: (step, timestamp, value) of `a` is greater. NaN compares greater than
 * nothing and nothing compares greater than it, so that with a NaN in a tie the earlier line stays.
 */
export function isLater(a: Point, b: Point): boolean {
  if (a.step > b.step) return true;
  if (a.step < b.step) return false;
  if (a.timestamp > b.timestamp) return true;
  if (a.timestamp < b.timestamp) return false;
  return a.value > b.value;
}

/** MLflow's latest point of a series given in file order; `undefined` for no points. */
export function latestPoint<P extends Point>(points: Iterable<P>): P | undefined {
  let latest: P | undefined;
  for (const point of points) {
    if (latest === undefined || isLater(point, latest)) latest = point;
  }
  return latest;
}
