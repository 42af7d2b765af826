/** Rows by how good their value of a metric is. */
import { numberAt } from "./cells.js";
import type { Direction } from "./metric-direction.js";
import type { RunTable } from "./run-table.js";
import type { MetricAggregate } from "./table.js";

export interface Ranking {
  readonly key: string;
  readonly aggregate: MetricAggregate;
  readonly direction: Direction;
}

export interface RankedRow {
  readonly row: number;
  readonly value: number;
}

/** Those of the rows that have a finite number, the best first; of equal values the run that started first. */
export function rankRows(
  table: RunTable,
  rows: readonly number[],
  { key, aggregate, direction }: Ranking,
): readonly RankedRow[] {
  const values = table.column({ entity: "metric", key, aggregate });
  const starts = table.column({ entity: "attribute", key: "start_time" });
  const sign = direction === "min" ? 1 : -1;
  return rows
    .map((row) => ({
      row,
      value: numberAt(values, row) ?? Number.NaN,
      start: numberAt(starts, row) ?? Number.POSITIVE_INFINITY,
    }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => sign * (a.value - b.value) || compare(a.start, b.start));
}

/** Starts that nobody knows are infinite, and differences of infinities NaN. */
function compare(left: number, right: number): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
