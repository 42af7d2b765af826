/** One column of the columns of several tables, rows one after another. */
import type { Column, NumberColumn, TextColumn, TextListColumn } from "../search/table.js";
import { mergeDictionaries } from "./merge-dictionaries.js";

/** Rows of a column. */
export interface ColumnPart<C extends Column = Column> {
  /** Null: no row has a value. */
  readonly column: C | null;
  /** The rows that count, ascending; null: all of them. */
  readonly rows: Uint32Array | null;
  /** How many rows count. */
  readonly rowCount: number;
}

/** The columns are of one kind. Null when no row has a value. */
export function mergeColumns(parts: readonly ColumnPart[]): Column | null {
  const only = parts.length === 1 ? parts[0]! : null;
  if (only !== null && only.rows === null) return only.column;
  const kind = parts.find(({ column }) => column !== null)?.column?.kind;
  if (kind === undefined) return null;
  if (kind === "number") return mergeNumbers(parts as readonly ColumnPart<NumberColumn>[]);
  if (kind === "text") return mergeTexts(parts as readonly ColumnPart<TextColumn>[]);
  return mergeTextLists(parts as readonly ColumnPart<TextListColumn>[]);
}

function mergeNumbers(parts: readonly ColumnPart<NumberColumn>[]): NumberColumn | null {
  const total = rowsOf(parts);
  const values = new Float64Array(total);
  const present = new Uint8Array(total);
  let start = 0;
  for (const { column, rows, rowCount } of parts) {
    if (column !== null) {
      gather(column.values, rows, values.subarray(start, start + rowCount));
      if (column.present === null) present.fill(1, start, start + rowCount);
      else gather(column.present, rows, present.subarray(start, start + rowCount));
    }
    start += rowCount;
  }
  if (!present.includes(1)) return null;
  return { kind: "number", values, present: present.includes(0) ? present : null };
}

function mergeTexts(parts: readonly ColumnPart<TextColumn>[]): TextColumn | null {
  const { texts, codesOf } = mergeDictionaries(parts.map(textsOf));
  const codes = new Uint32Array(rowsOf(parts));
  let start = 0;
  parts.forEach(({ column, rows, rowCount }, index) => {
    if (column !== null) {
      const into = codes.subarray(start, start + rowCount);
      gather(column.codes, rows, into);
      translate(into, codesOf[index]!);
    }
    start += rowCount;
  });
  return codes.some((code) => code !== 0) ? { kind: "text", codes, texts } : null;
}

function mergeTextLists(parts: readonly ColumnPart<TextListColumn>[]): TextListColumn | null {
  const { texts, codesOf } = mergeDictionaries(parts.map(textsOf));
  const offsets = mergeOffsets(parts);
  const length = offsets.at(-1)!;
  if (length === 0) return null;
  const codes = new Uint32Array(length);
  let start = 0;
  parts.forEach((part, index) => {
    const end = gatherLists(part, codes, start);
    translate(codes.subarray(start, end), codesOf[index]!);
    start = end;
  });
  return { kind: "texts", offsets, codes, texts };
}

function mergeOffsets(parts: readonly ColumnPart<TextListColumn>[]): Uint32Array {
  const merged = new Uint32Array(rowsOf(parts) + 1);
  let row = 0;
  for (const { column, rows, rowCount } of parts) {
    for (let index = 0; index < rowCount; index += 1) {
      const from = rows === null ? index : rows[index]!;
      const length = column === null ? 0 : column.offsets[from + 1]! - column.offsets[from]!;
      merged[row + 1] = merged[row]! + length;
      row += 1;
    }
  }
  return merged;
}

/** Puts the lists of a part one after another; returns where they end. */
function gatherLists(part: ColumnPart<TextListColumn>, into: Uint32Array, start: number): number {
  const { column, rows, rowCount } = part;
  if (column === null) return start;
  let end = start;
  for (let index = 0; index < rowCount; index += 1) {
    const from = rows === null ? index : rows[index]!;
    for (let at = column.offsets[from]!; at < column.offsets[from + 1]!; at += 1)
      into[end++] = column.codes[at]!;
  }
  return end;
}

function textsOf({ column }: ColumnPart<TextColumn | TextListColumn>): readonly string[] {
  return column?.texts ?? [];
}

function translate(codes: Uint32Array, codesOf: Uint32Array | null): void {
  if (codesOf === null) return;
  for (let index = 0; index < codes.length; index += 1) codes[index] = codesOf[codes[index]!]!;
}

type Numbers = Float64Array | Uint32Array | Uint8Array;

function gather<N extends Numbers>(from: N, rows: Uint32Array | null, into: N): void {
  if (rows === null) into.set(from as never);
  else for (let index = 0; index < rows.length; index += 1) into[index] = from[rows[index]!]!;
}

function rowsOf(parts: readonly ColumnPart[]): number {
  return parts.reduce((sum, { rowCount }) => sum + rowCount, 0);
}
