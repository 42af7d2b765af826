/** Numbers, at most one a row, as blocks of an index file: of the rows that have one, in order. */
import type { NumberColumn } from "../search/table.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import type { PagedBytes } from "./paged-bytes.js";
import { type Blocks, loadCodes, loadDoubles, readVector, type Vector, writeVector } from "./vector.js";

const EVERY_ROW = 0;
const LISTED = 1;
const BITS = 2;

/** Which rows have a value. */
export type Presence =
  | { readonly kind: "all"; readonly count: number }
  | { readonly kind: "listed"; readonly count: number; readonly rows: Vector }
  | { readonly kind: "bits"; readonly count: number; readonly offset: number };

/** `rows` in ascending order. */
export function writePresence(blocks: Blocks, writer: ByteWriter, rows: Uint32Array, rowCount: number): void {
  if (rows.length === rowCount) {
    writer.byte(EVERY_ROW);
  } else if (rows.length * 16 < rowCount) {
    writer.byte(LISTED);
    writeVector(writer, blocks.addNumbers(rows));
  } else {
    writer.byte(BITS);
    writer.varint(rows.length);
    writer.varint(blocks.add(bitsOf(rows, rowCount)) / 8);
  }
}

function bitsOf(rows: Uint32Array, rowCount: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rowCount / 8));
  for (const row of rows) bits[row >>> 3]! |= 1 << (row & 7);
  return bits;
}

export function readPresence(reader: ByteReader, bytes: PagedBytes): Presence {
  const kind = reader.byte();
  if (kind === EVERY_ROW) return { kind: "all", count: bytes.rowCount };
  if (kind === LISTED) {
    const rows = readVector(reader, bytes.rowCount);
    return { kind: "listed", count: rows.count, rows };
  }
  if (kind !== BITS) throw bytes.damage("the rows of a column are not known");
  return { kind: "bits", count: reader.varint(), offset: reader.varint() * 8 };
}

/** The rows that have a value, ascending; null: all. */
function loadRows(bytes: PagedBytes, presence: Presence): Uint32Array | null {
  if (presence.kind === "all") return null;
  if (presence.kind === "listed") return loadCodes(bytes, presence.rows, bytes.rowCount - 1);
  const bits = bytes.read(presence.offset, Math.ceil(bytes.rowCount / 8));
  const rows = new Uint32Array(bytes.rowCount);
  let count = 0;
  for (let row = 0; row < bytes.rowCount; row += 1)
    if ((bits[row >>> 3]! >>> (row & 7)) & 1) rows[count++] = row;
  if (count !== presence.count) throw bytes.damage("a column has other rows");
  return rows.subarray(0, count);
}

export interface StoredNumbers {
  readonly presence: Presence;
  readonly values: Vector;
  /** What a value that is NaN means. */
  readonly nan: "a value" | "none";
}

/** Null when no row has a number. */
export function loadNumberColumn(bytes: PagedBytes, stored: StoredNumbers): NumberColumn | null {
  const { presence, values, nan } = stored;
  if (values.count !== presence.count) throw bytes.damage("a column has other rows");
  const all = { numbers: loadDoubles(bytes, values), rows: loadRows(bytes, presence) };
  const known = nan === "none" ? withoutNaN(all) : all;
  return known.numbers.length === 0 ? null : spread(known, bytes.rowCount);
}

interface RowNumbers {
  readonly numbers: Float64Array;
  /** Null: one number a row. */
  readonly rows: Uint32Array | null;
}

function withoutNaN({ numbers, rows }: RowNumbers): RowNumbers {
  if (!numbers.some(Number.isNaN)) return { numbers, rows };
  const rowsOfAll = rows ?? Uint32Array.from(numbers.keys());
  return {
    numbers: numbers.filter((number) => !Number.isNaN(number)),
    rows: rowsOfAll.filter((_, index) => !Number.isNaN(numbers[index])),
  };
}

function spread({ numbers, rows }: RowNumbers, rowCount: number): NumberColumn {
  if (rows === null) return { kind: "number", values: numbers, present: null };
  const values = new Float64Array(rowCount);
  const present = new Uint8Array(rowCount);
  for (let index = 0; index < rows.length; index += 1) {
    values[rows[index]!] = numbers[index]!;
    present[rows[index]!] = 1;
  }
  return { kind: "number", values, present };
}
