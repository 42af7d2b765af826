/** The runs that set a new best value, one after another. */
import type { Direction } from "../../search/metric-direction.js";

export interface RecordsOptions {
  readonly direction: Direction;
  /** The value of a row; null or not finite: it has none. */
  readonly bestOfRow: (row: number) => number | null;
}

export interface NewRecord {
  readonly row: number;
  readonly value: number;
  /** The best value until then. Null: this is the first. */
  readonly before: number | null;
}

/** Of rows in the order of time, those that are better than all before them. */
export function recordsOverTime(
  rows: readonly number[],
  { direction, bestOfRow }: RecordsOptions,
): readonly NewRecord[] {
  const sign = direction === "min" ? 1 : -1;
  const records: NewRecord[] = [];
  for (const row of rows) {
    const value = bestOfRow(row);
    if (value === null || !Number.isFinite(value)) continue;
    const before = records.at(-1)?.value ?? null;
    if (before === null || sign * value < sign * before) records.push({ row, value, before });
  }
  return records;
}
