/** Rows with equal values, put together. */
import { compareCodePoints } from "../../store-format/index.js";
import { numberAt, textAt } from "./cells.js";
import type { Column, Field, SearchTable } from "./table.js";

/** null: the row has no value, which is not the empty text. */
export type GroupValue = string | number | null;

export interface RowGroup {
  /** One for each field. */
  readonly values: readonly GroupValue[];
  /** In the order they were given. */
  readonly rows: readonly number[];
}

/** The groups, in the order of their values: numbers (texts that are numbers, too) by size, then texts, then what has none. */
export function groupRows(
  table: SearchTable,
  rows: readonly number[],
  fields: readonly Field[],
): readonly RowGroup[] {
  const columns = fields.map((field) => table.column(field));
  const groups = new Map<string, { values: readonly GroupValue[]; rows: number[] }>();
  for (const row of rows) {
    const values = columns.map((column) => valueAt(column, row));
    const key = JSON.stringify(values.map((value) => [typeof value, String(value)]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { values, rows: [row] });
    else group.rows.push(row);
  }
  return [...groups.values()].sort((a, b) => compareLists(a.values, b.values));
}

function valueAt(column: Column | null, row: number): GroupValue {
  return textAt(column, row) ?? numberAt(column, row);
}

function compareLists(left: readonly GroupValue[], right: readonly GroupValue[]): number {
  for (let index = 0; index < left.length; index += 1) {
    const order = compareGroupValues(left[index]!, right[index]!);
    if (order !== 0) return order;
  }
  return 0;
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

export function compareGroupValues(left: GroupValue, right: GroupValue): number {
  const [a, b] = [rankOf(left), rankOf(right)];
  if (a !== b) return a - b;
  if (a === 0 && Number(left) !== Number(right)) return Number(left) - Number(right);
  return left === null || right === null ? 0 : compareCodePoints(String(left), String(right));
}

function rankOf(value: GroupValue): number {
  if (value === null) return 2;
  return (typeof value === "number" ? !Number.isNaN(value) : NUMBER.test(value)) ? 0 : 1;
}
