/** What a metric did from commit to commit. */
import type { Direction } from "../../search/metric-direction.js";
import type { HistoryCommit } from "./commit-line.js";

export interface CommitValue {
  /** The run that had the best value at this commit. */
  readonly row: number;
  readonly value: number;
  /** The best value of the nearest ancestors that have one; of several lines of history the best. Null: there is none. */
  readonly before: number | null;
  /** Worse than before by more than the tolerance. */
  readonly isRegression: boolean;
  /** No commit of this history has a better value, and none before this one (oldest first) an equal one. */
  readonly isBest: boolean;
}

export interface MetricOnHistoryOptions {
  readonly direction: Direction;
  /** The value of a row; null or not finite: it has none. */
  readonly bestOfRow: (row: number) => number | null;
  /** How much worse is no regression yet. Default 0. */
  readonly tolerance?: number;
}

/**
 * For each commit with a value. `commits` stand with children before their parents, as `git log --graph` gives them; parents that are not
 * among them count as having no value.
 */
export function metricOnHistory(
  commits: readonly HistoryCommit[],
  rowsOf: (commit: string) => readonly number[],
  { direction, bestOfRow, tolerance = 0 }: MetricOnHistoryOptions,
): ReadonlyMap<string, CommitValue> {
  const sign = direction === "min" ? 1 : -1;
  const isBetter = (a: number, b: number): boolean => sign * a < sign * b;
  const reached = new Map<string, number>();
  const values = new Map<string, CommitValue>();
  let best: string | null = null;
  for (const { commit, parents } of [...commits].reverse()) {
    const before = bestOf(
      parents.flatMap((parent) => reached.get(parent) ?? []),
      isBetter,
    );
    const own = ownBest(rowsOf(commit), bestOfRow, isBetter);
    const now = own?.value ?? before;
    if (now !== null) reached.set(commit, now);
    if (own === null) continue;
    const isRegression = before !== null && sign * (own.value - before) > tolerance;
    values.set(commit, { ...own, before, isRegression, isBest: false });
    if (best === null || isBetter(own.value, values.get(best)!.value)) best = commit;
  }
  if (best !== null) values.set(best, { ...values.get(best)!, isBest: true });
  return values;
}

function bestOf(values: readonly number[], isBetter: (a: number, b: number) => boolean): number | null {
  return values.reduce<number | null>(
    (best, value) => (best === null || isBetter(value, best) ? value : best),
    null,
  );
}

function ownBest(
  rows: readonly number[],
  bestOfRow: (row: number) => number | null,
  isBetter: (a: number, b: number) => boolean,
): { readonly row: number; readonly value: number } | null {
  let best: { row: number; value: number } | null = null;
  for (const row of rows) {
    const value = bestOfRow(row);
    if (value === null || !Number.isFinite(value)) continue;
    if (best === null || isBetter(value, best.value)) best = { row, value };
  }
  return best;
}
