/** Texts, at most one a row, as blocks of an index file: a code for each row, or for the rows that have a text. */
import type { TextColumn, TextListColumn } from "../search/table.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import { Dictionary, DictionaryBuilder, type DictionaryPlace, readDictionaryPlace } from "./dictionary.js";
import { GrowingWords } from "./growing-numbers.js";
import type { PagedBytes, PageWindow } from "./paged-bytes.js";
import { type Blocks, loadCodes, readVector, type Vector, writeVector } from "./vector.js";

const EVERY_ROW = 0;
const SOME_ROWS = 1;
/** Rows with a text are listed when fewer than one in this many rows has one. */
const SPARSE = 4;

export class TextColumnBuilder {
  readonly #dictionary = new DictionaryBuilder();
  readonly #rows = new GrowingWords();
  readonly #codes = new GrowingWords();

  /** Rows come in order, each at most once. */
  add(row: number, text: string): void {
    this.#rows.push(row);
    this.#codes.push(this.#dictionary.codeOf(text));
  }

  /** As {@link add}, with the text in the bytes of the row, too. */
  write(writer: ByteWriter, row: number, text: string): void {
    this.#rows.push(row);
    this.#codes.push(this.#dictionary.writeText(writer, text));
  }

  finish(blocks: Blocks, writer: ByteWriter, rowCount: number): void {
    this.#dictionary.finish(blocks, writer);
    if (this.#rows.length * SPARSE < rowCount) {
      writer.byte(SOME_ROWS);
      writeVector(writer, blocks.addNumbers(this.#rows.all()));
      writeVector(writer, blocks.addNumbers(this.#codes.all()));
    } else {
      writer.byte(EVERY_ROW);
      writeVector(writer, blocks.addNumbers(spread(this.#rows.all(), this.#codes.all(), rowCount)));
    }
  }
}

function spread(rows: Uint32Array, codes: Uint32Array, rowCount: number): Uint32Array {
  const all = new Uint32Array(rowCount);
  for (let index = 0; index < rows.length; index += 1) all[rows[index]!] = codes[index]!;
  return all;
}

export interface TextColumnPlace {
  readonly dictionary: DictionaryPlace;
  /** Null: every row has a code, if only 0. */
  readonly rows: Vector | null;
  readonly codes: Vector;
}

export function readTextColumnPlace(reader: ByteReader, bytes: PagedBytes): TextColumnPlace {
  const dictionary = readDictionaryPlace(reader, bytes.size);
  const rows = reader.byte() === SOME_ROWS ? readVector(reader, bytes.rowCount) : null;
  const codes = readVector(reader, bytes.rowCount);
  if (codes.count !== (rows?.count ?? bytes.rowCount)) throw bytes.damage("a column has other rows");
  return { dictionary, rows, codes };
}

export class StoredTextColumn {
  readonly dictionary: Dictionary;
  readonly #bytes: PagedBytes;
  readonly #place: TextColumnPlace;

  constructor(bytes: PagedBytes, window: PageWindow, place: TextColumnPlace) {
    this.#bytes = bytes;
    this.#place = place;
    this.dictionary = new Dictionary(bytes, window, place.dictionary);
  }

  /** Null when no row has a text. */
  load(): TextColumn | null {
    const texts = this.dictionary.texts();
    return texts.length === 0 ? null : { kind: "text", codes: this.#codes(), texts };
  }

  #codes(): Uint32Array {
    const { rows, codes } = this.#place;
    const stored = loadCodes(this.#bytes, codes, this.dictionary.count);
    if (rows === null) return stored;
    const { rowCount } = this.#bytes;
    return spread(loadCodes(this.#bytes, rows, rowCount - 1), stored, rowCount);
  }
}

/** Any number of texts a row. */
export class TextListBuilder {
  readonly #dictionary = new DictionaryBuilder();
  readonly #ends = new GrowingWords();
  readonly #codes = new GrowingWords();

  /** A text of the row that is next to end. Null is in the bytes of the row only. */
  write(writer: ByteWriter, text: string | null): void {
    const code = this.#dictionary.writeText(writer, text);
    if (code > 0) this.#codes.push(code);
  }

  endRow(): void {
    this.#ends.push(this.#codes.length);
  }

  finish(blocks: Blocks, writer: ByteWriter): void {
    this.#dictionary.finish(blocks, writer);
    writeVector(writer, blocks.addNumbers(this.#ends.all()));
    writeVector(writer, blocks.addNumbers(this.#codes.all()));
  }
}

export class StoredTextList {
  readonly dictionary: Dictionary;
  readonly #bytes: PagedBytes;
  readonly #ends: Vector;
  readonly #codes: Vector;

  constructor(bytes: PagedBytes, window: PageWindow, reader: ByteReader) {
    this.#bytes = bytes;
    this.dictionary = new Dictionary(bytes, window, readDictionaryPlace(reader, bytes.size));
    this.#ends = readVector(reader, bytes.rowCount);
    this.#codes = readVector(reader, bytes.size);
    if (this.#ends.count !== bytes.rowCount) throw bytes.damage("a column has other rows");
  }

  /** Null when no row has a text. */
  load(): TextListColumn | null {
    if (this.#codes.count === 0) return null;
    const codes = loadCodes(this.#bytes, this.#codes, this.dictionary.count);
    const ends = loadCodes(this.#bytes, this.#ends, codes.length);
    const offsets = new Uint32Array(ends.length + 1);
    offsets.set(ends, 1);
    if (!offsets.every((end, row) => row === 0 || end >= offsets[row - 1]!) || codes.includes(0))
      throw this.#bytes.damage("a list of texts is none");
    return { kind: "texts", offsets, codes, texts: this.dictionary.texts() };
  }
}
