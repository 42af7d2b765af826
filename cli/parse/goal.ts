/** Which way of a metric is better, by `--min` and `--max` or by its name. */
import { type Direction, metricDirection } from "../../core/search/metric-direction.js";
import { usageError } from "./usage-error.js";

/** And who said so. */
export interface Goal {
  readonly direction: Direction;
  readonly from: "flag" | "name" | "default";
}

/** Throws USAGE when both are given. */
export function goalOf(key: string, { min, max }: { readonly min: boolean; readonly max: boolean }): Goal {
  if (min && max) throw usageError("--min and --max are both given", "Give one of them");
  if (min || max) return { direction: min ? "min" : "max", from: "flag" };
  const named = metricDirection(key);
  return named === null ? { direction: "max", from: "default" } : { direction: named, from: "name" };
}
