/**
 * The order of rows, by MLflow's rules: missing values last in both directions, NaN just before them; texts by code point;
 * what is equal is decided by the next clause, and at last by the number of the row.
 */
import { compareCodePoints } from "../../store-format/index.js";
import { type RadixKey, radixKey, radixSort } from "./radix-sort.js";
import type { Column, NumberColumn, TextColumn } from "./table.js";
import { numbersOf } from "./text-views.js";

/** Negative when row a comes before row b. */
export type RowOrder = (a: number, b: number) => number;

export interface SortKey {
  /** null: no row has a value. Lists of texts have no order. A function: asked for with the first rows that are equal so far. */
  readonly column: Column | null | (() => Column | null);
  readonly descending: boolean;
  /** Texts that are numbers come first, as numbers. */
  readonly numeric?: boolean;
}

export interface RowOrdering {
  readonly compare: RowOrder;
  /** The clauses that stand first and are numbers: rows can be sorted by them without comparing. */
  readonly leading: readonly NumberClause[];
}

interface NumberClause {
  readonly column: NumberColumn;
  readonly descending: boolean;
}

export function rowOrdering(keys: readonly SortKey[]): RowOrdering {
  return { compare: compareBy(keys), leading: leadingNumbers(keys) };
}

function leadingNumbers(keys: readonly SortKey[]): readonly NumberClause[] {
  const leading: NumberClause[] = [];
  for (const { column, descending } of keys) {
    if (column === null) continue;
    if (typeof column === "function" || column.kind !== "number") break;
    leading.push({ column, descending });
  }
  return leading;
}

function compareBy(keys: readonly SortKey[]): RowOrder {
  const orders = keys.map(orderOf).filter((order) => order !== null);
  const [first, second] = orders;
  if (first === undefined) return (a, b) => a - b;
  if (second === undefined) return (a, b) => first(a, b) || a - b;
  return (a, b) => {
    for (const order of orders) {
      const result = order(a, b);
      if (result !== 0) return result;
    }
    return a - b;
  };
}

function orderOf({ column, descending, numeric = false }: SortKey): RowOrder | null {
  if (typeof column === "function")
    return orderWhenAsked(() => orderOf({ column: column(), descending, numeric }));
  if (column === null || column.kind === "texts") return null;
  if (column.kind === "number") return numberOrder(column, descending);
  return numeric ? scalarOrder(column, descending) : textOrder(column, descending);
}

function orderWhenAsked(make: () => RowOrder | null): RowOrder {
  let order: RowOrder | undefined;
  return (a, b) => {
    order ??= make() ?? (() => 0);
    return order(a, b);
  };
}

function numberOrder({ values, present }: NumberColumn, descending: boolean): RowOrder {
  const sign = descending ? -1 : 1;
  const rank = (row: number): number =>
    present !== null && present[row] === 0 ? 2 : Number.isNaN(values[row]) ? 1 : 0;
  const keys = present === null ? values : withoutMissing(values, present);
  return (a, b) => {
    const x = keys[a]!;
    const y = keys[b]!;
    if (x < y) return -sign;
    if (x > y) return sign;
    return x === y ? 0 : rank(a) - rank(b);
  };
}

function withoutMissing(values: Float64Array, present: Uint8Array): Float64Array {
  const keys = values.slice();
  for (let row = 0; row < keys.length; row += 1) if (present[row] === 0) keys[row] = Number.NaN;
  return keys;
}

function textOrder({ codes, texts }: TextColumn, descending: boolean): RowOrder {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const x = codes[a]!;
    const y = codes[b]!;
    if (x === y) return 0;
    if (x === 0) return 1;
    if (y === 0) return -1;
    return sign * compareCodePoints(texts[x - 1]!, texts[y - 1]!);
  };
}

/** Numbers, then other texts (NaN is one of them), then the missing; numbers of one size by their text. */
function scalarOrder(column: TextColumn, descending: boolean): RowOrder {
  const sign = descending ? -1 : 1;
  const { codes } = column;
  const numbers = numbersOf(column.texts);
  const byText = textOrder(column, descending);
  return (a, b) => {
    const x = codes[a]!;
    const y = codes[b]!;
    if (x === y) return 0;
    if (x === 0) return 1;
    if (y === 0) return -1;
    const [p, q] = [numbers[x - 1]!, numbers[y - 1]!];
    if (p < q) return -sign;
    if (p > q) return sign;
    if (p === q) return byText(a, b);
    return Number(Number.isNaN(p)) - Number(Number.isNaN(q)) || byText(a, b);
  };
}

/** The first `count` of the rows in order, without sorting the others. `rows` are ascending, and may be reordered. */
export function firstRows(rows: Uint32Array, count: number, ordering: RowOrdering): Uint32Array {
  const { compare } = ordering;
  if (count >= rows.length / 4) return sortRows(rows, ordering).subarray(0, count);
  const heap = rows.slice(0, count);
  for (let at = (count >> 1) - 1; at >= 0; at -= 1) siftDown(heap, at, compare);
  for (let at = count; at < rows.length; at += 1) {
    if (compare(rows[at]!, heap[0]!) >= 0) continue;
    heap[0] = rows[at]!;
    siftDown(heap, 0, compare);
  }
  return heap.sort(compare);
}

/** From here on it is worth the tables of the radix sort. */
const MANY = 2_000;

function sortRows(rows: Uint32Array, { compare, leading }: RowOrdering): Uint32Array {
  if (leading.length === 0 || rows.length < MANY) return rows.sort(compare);
  const keys = leading.map(({ column, descending }) => radixKey(column, descending));
  for (const key of keys.toReversed()) radixSort(rows, key);
  for (let from = 0; from < rows.length; ) {
    let to = from + 1;
    while (to < rows.length && keys.every((key) => isEqual(key, rows[from]!, rows[to]!))) to += 1;
    if (to - from > 1) rows.subarray(from, to).sort(compare);
    from = to;
  }
  return rows;
}

function isEqual({ high, low }: RadixKey, a: number, b: number): boolean {
  return high[a] === high[b] && low[a] === low[b];
}

/** Keeps the last row in order on top. */
function siftDown(heap: Uint32Array, from: number, order: RowOrder): void {
  const row = heap[from]!;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && order(heap[child + 1]!, heap[child]!) > 0) child += 1;
    if (order(heap[child]!, row) <= 0) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = row;
}
