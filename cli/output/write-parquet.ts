/**
 * Rows as a Parquet file. The library that writes it is loaded here and nowhere else; in the bundle this module is a file
 * of its own (scripts/bundle.mjs).
 */
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import { type CellValue, cellValue, type PlainValue, textForPrograms } from "./cell.js";
import { type ColumnType, type RowColumn, typeOfValues } from "./row-column.js";

/** Rows wait in memory until a row group has so many cells, rows or characters. */
const GROUP_CELLS = 500_000;
const GROUP_ROWS = 65_536;
const GROUP_CHARACTERS = 1 << 26;

export interface ByteSink {
  bytes(chunk: Uint8Array): void;
}

export interface ParquetRows {
  readonly columns: readonly RowColumn[];
  readonly rows: Iterable<readonly CellValue[]>;
}

/** Rows are held together only when a column has no type of its own. */
export function writeParquet(sink: ByteSink, { columns, rows }: ParquetRows): void {
  if (columns.every(({ type }) => type !== undefined)) return writeTyped(sink, columns, rows);
  const all = [...rows];
  writeTyped(
    sink,
    columns.map((column, index) => ({ ...column, type: column.type ?? typeOfColumn(all, index) })),
    all,
  );
}

function* columnOf(rows: readonly (readonly CellValue[])[], index: number): Generator<PlainValue> {
  for (const row of rows) yield cellValue(row[index]!);
}

function typeOfColumn(rows: readonly (readonly CellValue[])[], index: number): ColumnType {
  return typeOfValues(columnOf(rows, index));
}

function writeTyped(
  sink: ByteSink,
  columns: readonly RowColumn[],
  rows: Iterable<readonly CellValue[]>,
): void {
  const types = columns.map(({ type }) => type!);
  const group = new RowGroup(
    columns.map(({ key }) => key),
    types,
  );
  const parquet = new ParquetWriter({
    writer: writerInto(sink),
    schema: [
      { name: "rows", num_children: columns.length },
      ...columns.map(({ key }, index) => schemaElement(key, types[index]!)),
    ],
    createdBy: "runstone",
  });
  for (const row of rows) {
    group.add(row);
    if (group.isFull) parquet.write(group.take());
  }
  if (group.rows > 0) parquet.write(group.take());
  parquet.finish();
}

const PARQUET_TYPES = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  integer: { type: "INT64" },
  number: { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
} as const;

function schemaElement(name: string, type: ColumnType) {
  return { name, repetition_type: "OPTIONAL" as const, ...PARQUET_TYPES[type] };
}

/** Sends what was written after each row group; the buffer is used again. */
function writerInto(sink: ByteSink) {
  const writer = new ByteWriter(1 << 16);
  const flush = (): void => {
    sink.bytes(writer.getBytes());
    writer.index = 0;
  };
  return Object.assign(writer, { flush, finish: flush });
}

class RowGroup {
  rows = 0;
  readonly #keys: readonly string[];
  readonly #types: readonly ColumnType[];
  readonly #most: number;
  #columns: (PlainValue | bigint)[][];
  #characters = 0;

  constructor(keys: readonly string[], types: readonly ColumnType[]) {
    this.#keys = keys;
    this.#types = types;
    this.#most = Math.max(1000, Math.min(GROUP_ROWS, Math.floor(GROUP_CELLS / Math.max(1, keys.length))));
    this.#columns = keys.map(() => []);
  }

  get isFull(): boolean {
    return this.rows >= this.#most || this.#characters >= GROUP_CHARACTERS;
  }

  add(row: readonly CellValue[]): void {
    for (const [index, type] of this.#types.entries()) {
      const value = toType(cellValue(row[index]!), type);
      if (typeof value === "string") this.#characters += value.length;
      this.#columns[index]!.push(value);
    }
    this.rows += 1;
  }

  /** What the library wants of a row group; the group is empty afterwards. */
  take(): { columnData: ColumnSource[]; rowGroupSize: number } {
    const columns = this.#columns;
    const taken = {
      columnData: this.#keys.map((name, index) => source(name, columns[index]!)),
      rowGroupSize: this.rows,
    };
    this.#columns = this.#keys.map(() => []);
    this.rows = 0;
    this.#characters = 0;
    return taken;
  }
}

/** The library's dictionaries know no -0. */
function source(name: string, data: PlainValue[]): ColumnSource {
  return data.some((value) => Object.is(value, -0)) ? { name, data, encoding: "PLAIN" } : { name, data };
}

function toType(value: PlainValue, type: ColumnType): PlainValue {
  if (value === null) return null;
  switch (type) {
    case "text":
      return textForPrograms(value);
    case "integer":
      return BigInt(value as number);
    case "number":
      return Number(value);
    case "boolean":
      return Boolean(value);
  }
}
