/** Columns from values in memory. */
import { compareCodePoints, type Integer } from "../../store-format/index.js";
import type { Column } from "./table.js";

/** The keys of all maps, each once, in code-point order. */
export function allKeys(maps: readonly object[]): readonly string[] {
  const keys = new Set<string>();
  for (const map of maps) for (const key of Object.keys(map)) keys.add(key);
  return [...keys].sort(compareCodePoints);
}

/** A time or step as a column holds it: the nearest double. */
export function numberOf(value: Integer | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

/** Null when no row has a value, as for the columns below. */
export function numberColumn<Row>(
  rows: readonly Row[],
  numberOf: (row: Row) => number | undefined,
): Column | null {
  const values = new Float64Array(rows.length);
  const present = new Uint8Array(rows.length);
  let count = 0;
  rows.forEach((row, index) => {
    const value = numberOf(row);
    if (value === undefined) return;
    values[index] = value;
    present[index] = 1;
    count += 1;
  });
  if (count === 0) return null;
  return { kind: "number", values, present: count === rows.length ? null : present };
}

export function textColumn<Row>(
  rows: readonly Row[],
  textOf: (row: Row) => string | undefined,
): Column | null {
  const codes = new Uint32Array(rows.length);
  const dictionary = new Dictionary();
  rows.forEach((row, index) => {
    const text = textOf(row);
    if (text !== undefined) codes[index] = dictionary.codeOf(text);
  });
  return dictionary.texts.length === 0 ? null : { kind: "text", codes, texts: dictionary.texts };
}

export function textListColumn<Row>(
  rows: readonly Row[],
  textsOf: (row: Row) => readonly string[],
): Column | null {
  const offsets = new Uint32Array(rows.length + 1);
  const codes: number[] = [];
  const dictionary = new Dictionary();
  rows.forEach((row, index) => {
    for (const text of textsOf(row)) codes.push(dictionary.codeOf(text));
    offsets[index + 1] = codes.length;
  });
  if (codes.length === 0) return null;
  return { kind: "texts", offsets, codes: Uint32Array.from(codes), texts: dictionary.texts };
}

class Dictionary {
  readonly texts: string[] = [];
  readonly #codes = new Map<string, number>();

  /** Counted from 1. */
  codeOf(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.texts.push(text);
      this.#codes.set(text, code);
    }
    return code;
  }
}
