/** One column of the columns of several tables, rows one after another. */
import type { Column, NumberColumn, TextColumn, TextListColumn } from "../search/table.js";

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
  const { texts, codesOf } = mergeDictionaries(parts);
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
  const { texts, codesOf } = mergeDictionaries(parts);
  const offsets = new Uint32Array(rowsOf(parts) + 1);
  const lists: Uint32Array[] = [];
  let row = 0;
  parts.forEach((part, index) => {
    for (let at = 0; at < part.rowCount; at += 1) {
      const list = listAt(part, at);
      row += 1;
      offsets[row] = offsets[row - 1]! + list.length;
      translate(list, codesOf[index]!);
      lists.push(list);
    }
  });
  return offsets[row] === 0 ? null : { kind: "texts", offsets, codes: joined(lists, offsets[row]!), texts };
}

/** A copy of the codes of one row. */
function listAt({ column, rows }: ColumnPart<TextListColumn>, at: number): Uint32Array {
  if (column === null) return new Uint32Array(0);
  const row = rows === null ? at : rows[at]!;
  return column.codes.slice(column.offsets[row], column.offsets[row + 1]);
}

function joined(lists: readonly Uint32Array[], length: number): Uint32Array {
  const all = new Uint32Array(length);
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

interface MergedTexts {
  readonly texts: readonly string[];
  /** The new code of each code of a part; null: they are the same. */
  readonly codesOf: readonly (Uint32Array | null)[];
}

type WithTexts = ColumnPart<TextColumn | TextListColumn>;

/** The largest dictionary keeps its codes; only what the others add is put behind it. */
function mergeDictionaries(parts: readonly WithTexts[]): MergedTexts {
  const textsOf = parts.map(({ column }) => column?.texts ?? []);
  const largest = textsOf.reduce((most, texts) => (texts.length > most.length ? texts : most), []);
  const others = new Set(textsOf.filter((texts) => texts !== largest).flat());
  const codes = new Map<string, number>();
  for (let index = 0; others.size > 0 && index < largest.length; index += 1)
    if (others.has(largest[index]!)) codes.set(largest[index]!, index + 1);
  const added = [...others].filter((text) => !codes.has(text));
  added.forEach((text, index) => {
    codes.set(text, largest.length + index + 1);
  });
  return {
    texts: added.length === 0 ? largest : largest.concat(added),
    codesOf: textsOf.map((texts) => (texts === largest ? null : newCodes(texts, codes))),
  };
}

function newCodes(texts: readonly string[], codes: ReadonlyMap<string, number>): Uint32Array {
  const translated = new Uint32Array(texts.length + 1);
  texts.forEach((text, index) => {
    translated[index + 1] = codes.get(text)!;
  });
  return translated;
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
