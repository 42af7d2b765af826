/** What is said of the values of one metric in a group of runs (the seeds of an experiment, say). */
import { studentQuantile } from "./student-t.js";

export interface ValueStatistics {
  /** Finite values; everything below is about these alone. */
  readonly n: number;
  /** Values that are NaN or infinite. */
  readonly notFinite: number;
  /** Runs without a value. */
  readonly missing: number;
  /** Null when there is no finite value, as `min` and `max`. */
  readonly mean: number | null;
  /** Of the sample (divided by n - 1); null for fewer than two values, as `ci95`. */
  readonly std: number | null;
  /** Half the width of the 95 % confidence interval of the mean, by Student's t with n - 1 degrees of freedom. */
  readonly ci95: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/** A null is a run without a value. */
export function valueStatistics(values: Iterable<number | null>): ValueStatistics {
  const finite: number[] = [];
  let [notFinite, missing] = [0, 0];
  for (const value of values) {
    if (value === null) missing += 1;
    else if (!Number.isFinite(value)) notFinite += 1;
    else finite.push(value);
  }
  const { mean, squares } = moments(finite);
  const n = finite.length;
  const std = n < 2 ? null : Math.sqrt(squares / (n - 1));
  return {
    n,
    notFinite,
    missing,
    mean: n === 0 ? null : mean,
    std,
    ci95: std === null ? null : halfWidth(std, n),
    min: n === 0 ? null : finite.reduce((a, b) => Math.min(a, b)),
    max: n === 0 ? null : finite.reduce((a, b) => Math.max(a, b)),
  };
}

/** Welford: the mean, and the sum of squared distances from it, without cancellation. */
function moments(values: readonly number[]): { readonly mean: number; readonly squares: number } {
  let [mean, squares] = [0, 0];
  values.forEach((value, index) => {
    const distance = value - mean;
    mean += distance / (index + 1);
    squares += distance * (value - mean);
  });
  return { mean, squares };
}

const quantiles = new Map<number, number>();

function halfWidth(std: number, n: number): number {
  let quantile = quantiles.get(n);
  if (quantile === undefined) {
    quantile = studentQuantile(0.975, n - 1);
    quantiles.set(n, quantile);
  }
  return (quantile * std) / Math.sqrt(n);
}
