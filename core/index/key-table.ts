/**
 * The columns of user-chosen keys (metrics, params, tags) of an index file: the keys in code-point order, where the
 * blocks of each are, and the shapes of the rows. A shape is the list of keys that a row has; runs of one kind share it.
 */
import { compareCodePoints } from "../../store-format/index.js";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { Dictionary, DictionaryBuilder, readDictionaryPlace } from "./dictionary.js";
import { GrowingWords } from "./growing-numbers.js";
import type { PagedBytes, PageWindow } from "./paged-bytes.js";
import { type Blocks, loadCodes, loadDoubles, readVector, type Vector, writeVector } from "./vector.js";

interface ColumnBuilder {
  finish(blocks: Blocks, writer: ByteWriter, rowCount: number): void;
}

interface Shape<C> {
  readonly number: number;
  readonly keys: readonly string[];
  /** Numbers of the keys, as they were met. */
  readonly met: readonly number[];
  readonly columns: readonly C[];
}

export class KeyTableBuilder<C extends ColumnBuilder> {
  readonly #newColumn: () => C;
  readonly #numbers = new Map<string, number>();
  readonly #columns: C[] = [];
  readonly #shapes = new Map<string, Shape<C>>();
  readonly #shapeOfRow = new GrowingWords();
  #latest: Shape<C> = { number: -1, keys: [], met: [], columns: [] };

  constructor(newColumn: () => C) {
    this.#newColumn = newColumn;
  }

  /** The keys of the next row, the number of their shape into its bytes. Returns the columns of the keys. */
  write(writer: ByteWriter, keys: readonly string[]): readonly C[] {
    if (this.#latest.number < 0 || !isSame(keys, this.#latest.keys)) this.#latest = this.#shapeOf(keys);
    writer.varint(this.#latest.number);
    this.#shapeOfRow.push(this.#latest.number);
    return this.#latest.columns;
  }

  #shapeOf(keys: readonly string[]): Shape<C> {
    const met = keys.map((key) => this.#numberOf(key));
    const name = met.join();
    let shape = this.#shapes.get(name);
    if (shape === undefined) {
      const columns = met.map((number) => this.#columns[number]!);
      shape = { number: this.#shapes.size, keys, met, columns };
      this.#shapes.set(name, shape);
    }
    return shape;
  }

  #numberOf(key: string): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#columns.push(this.#newColumn()) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  finish(blocks: Blocks, writer: ByteWriter, rowCount: number): void {
    const keys = [...this.#numbers.keys()].sort(compareCodePoints);
    const dictionary = new DictionaryBuilder();
    const sorted = new Uint32Array(keys.length);
    for (const key of keys) sorted[this.#numbers.get(key)!] = dictionary.codeOf(key) - 1;
    dictionary.finish(blocks, writer);
    const columns = keys.map((key) => this.#columns[this.#numbers.get(key)!]!);
    writePlaces(blocks, writer, columns, rowCount);
    this.#writeShapes(blocks, writer, sorted);
  }

  #writeShapes(blocks: Blocks, writer: ByteWriter, sorted: Uint32Array): void {
    const ends = new GrowingWords();
    const keys = new GrowingWords();
    for (const { met } of this.#shapes.values()) {
      for (const number of met) keys.push(sorted[number]!);
      ends.push(keys.length);
    }
    for (const list of [ends, keys, this.#shapeOfRow]) writeVector(writer, blocks.addNumbers(list.all()));
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** The blocks of each column, then where they are: one block of entries, and where each of them ends. */
function writePlaces(
  blocks: Blocks,
  writer: ByteWriter,
  columns: readonly ColumnBuilder[],
  rowCount: number,
): void {
  const entries = new ByteWriter();
  const ends = new Float64Array(columns.length);
  columns.forEach((column, index) => {
    column.finish(blocks, entries, rowCount);
    ends[index] = entries.length;
  });
  writer.varint(entries.length);
  writer.varint(blocks.add(entries.bytes()) / 8);
  writeVector(writer, blocks.addNumbers(ends));
}

export class KeyTable {
  readonly #bytes: PagedBytes;
  readonly #dictionary: Dictionary;
  readonly #entriesLength: number;
  readonly #entriesAt: number;
  readonly #entryEnds: Vector;
  readonly #shapeEnds: Vector;
  readonly #shapeKeys: Vector;
  readonly #shapeOfRow: Vector;
  #indexes: ReadonlyMap<string, number> | undefined;
  #entries: Entries | undefined;
  #shapes: Shapes | undefined;

  constructor(bytes: PagedBytes, window: PageWindow, reader: ByteReader) {
    this.#bytes = bytes;
    this.#dictionary = new Dictionary(bytes, window, readDictionaryPlace(reader, bytes.size));
    this.#entriesLength = reader.varint();
    this.#entriesAt = reader.varint() * 8;
    this.#entryEnds = readVector(reader, bytes.size);
    this.#shapeEnds = readVector(reader, bytes.size);
    this.#shapeKeys = readVector(reader, bytes.size);
    this.#shapeOfRow = readVector(reader, bytes.rowCount);
    if (this.#entryEnds.count !== this.#dictionary.count || this.#shapeOfRow.count !== bytes.rowCount)
      throw bytes.damage("a table of keys is none");
  }

  /** In code-point order. */
  keys(): readonly string[] {
    return this.#dictionary.texts();
  }

  /** The place of a key in {@link keys}; null when no row has it. */
  indexOf(key: string): number | null {
    this.#indexes ??= new Map(this.keys().map((text, index) => [text, index]));
    return this.#indexes.get(key) ?? null;
  }

  /** What the column of a key wrote about its blocks. */
  entry(index: number): ByteReader {
    this.#entries ??= this.#loadEntries();
    const { bytes, ends } = this.#entries;
    return new ByteReader(bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]), this.#bytes.path);
  }

  /** Indexes of the keys of a shape. */
  shape(number: number): Uint32Array {
    this.#shapes ??= this.#loadShapes();
    const { ends, keys } = this.#shapes;
    if (number >= ends.length) throw this.#bytes.damage("a row has keys that are not known");
    return keys.subarray(number === 0 ? 0 : ends[number - 1], ends[number]);
  }

  /** Indexes of the keys that these rows have, ascending. */
  keysOfRows(rows: Uint32Array): number[] {
    const shapeOfRow = loadCodes(this.#bytes, this.#shapeOfRow, this.#shapeEnds.count - 1);
    const had = new Uint8Array(this.#dictionary.count);
    for (const number of new Set(rows.map((row) => shapeOfRow[row]!)))
      for (const key of this.shape(number)) had[key] = 1;
    return [...had.keys()].filter((key) => had[key] === 1);
  }

  #loadEntries(): Entries {
    const bytes = this.#bytes.read(this.#entriesAt, this.#entriesLength);
    return { bytes, ends: loadDoubles(this.#bytes, this.#entryEnds) };
  }

  #loadShapes(): Shapes {
    const keys = loadCodes(this.#bytes, this.#shapeKeys, this.#dictionary.count - 1);
    return { ends: loadCodes(this.#bytes, this.#shapeEnds, keys.length), keys };
  }
}

interface Entries {
  readonly bytes: Uint8Array;
  readonly ends: Float64Array;
}

interface Shapes {
  readonly ends: Uint32Array;
  readonly keys: Uint32Array;
}
