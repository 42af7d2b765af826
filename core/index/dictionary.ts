/** The different texts of a column, each once, in the order in which they appeared. Coded from 1; 0 is no text. */
import type { ByteReader } from "./byte-reader.js";
import { type ByteWriter, isWide } from "./byte-writer.js";
import type { PagedBytes, PageWindow } from "./paged-bytes.js";
import {
  type Blocks,
  loadNumbers,
  type Numbers,
  numberAt,
  readVector,
  type Vector,
  writeVector,
} from "./vector.js";

/** How many of the first texts are read together, so that single rows are read fast. */
const HEAD = 1024;
const HEAD_CHARACTERS = 1 << 16;
/** A row holds a shorter text itself unless it is in the head. */
const SHORT = 128;
/** Texts are joined up to about this many characters, so that a string can hold them. */
const PIECE = 1 << 24;

export class DictionaryBuilder {
  readonly texts: string[] = [];
  readonly #codes = new Map<string, number>();
  #characters = 0;
  #head = 0;
  #latest = "";
  #latestCode = 0;

  codeOf(text: string): number {
    if (this.#latestCode === 0 || text !== this.#latest) {
      this.#latestCode = this.#find(text);
      this.#latest = text;
    }
    return this.#latestCode;
  }

  #find(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.texts.push(text);
      this.#codes.set(text, code);
      this.#characters += text.length;
      if (code <= HEAD && this.#characters <= HEAD_CHARACTERS) this.#head = code;
    }
    return code;
  }

  /** A text as rows have it: 0 for none, 1 and the text itself, or its code + 1. Returns the code. */
  writeText(writer: ByteWriter, text: string | null): number {
    if (text === null) {
      writer.varint(0);
      return 0;
    }
    const code = this.codeOf(text);
    const own = code > this.#head && text.length <= SHORT;
    writer.varint(own ? 1 : code + 1);
    if (own) writer.text(text);
    return code;
  }

  /** Writes the texts as a block, and where it is into `writer`. */
  finish(blocks: Blocks, writer: ByteWriter): void {
    const wide = this.texts.some(isWide);
    const pieces = [...joined(this.texts)].map((piece) => Buffer.from(piece, wide ? "utf16le" : "latin1"));
    const offset = blocks.add(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    writer.byte(wide ? 2 : 1);
    writer.varint(this.#characters);
    writer.varint(offset / 8);
    writeVector(writer, blocks.addNumbers(endsOf(this.texts)));
    writer.varint(this.#head);
  }
}

function* joined(texts: readonly string[]): Generator<string> {
  let start = 0;
  let length = 0;
  for (let index = 0; index < texts.length; index += 1) {
    length += texts[index]!.length;
    if (length < PIECE) continue;
    yield texts.slice(start, index + 1).join("");
    start = index + 1;
    length = 0;
  }
  yield texts.slice(start).join("");
}

/** The end of the texts from `first` on that are decoded together. */
function pieceEnd(ends: Numbers, first: number): number {
  let last = first + 1;
  while (last + 1 < ends.length && ends[last + 1]! - ends[first]! <= PIECE) last += 1;
  return last;
}

/** Where each text begins, and the end of the last, in characters. */
function endsOf(texts: readonly string[]): Float64Array {
  const ends = new Float64Array(texts.length + 1);
  texts.forEach((text, index) => {
    ends[index + 1] = ends[index]! + text.length;
  });
  return ends;
}

interface Head {
  readonly piece: string;
  readonly ends: Numbers;
  /** Those that were asked for. */
  readonly texts: (string | undefined)[];
}

export interface DictionaryPlace {
  readonly bytesPerCharacter: number;
  readonly characters: number;
  readonly offset: number;
  readonly ends: Vector;
  readonly head: number;
}

/** `limit`: how many texts there can be at most. */
export function readDictionaryPlace(reader: ByteReader, limit: number): DictionaryPlace {
  const bytesPerCharacter = reader.byte();
  const characters = reader.varint();
  const offset = reader.varint() * 8;
  const ends = readVector(reader, limit + 1);
  const head = reader.varint();
  if ((bytesPerCharacter !== 1 && bytesPerCharacter !== 2) || ends.count === 0 || head >= ends.count)
    throw reader.damage("a dictionary is none");
  return { bytesPerCharacter, characters, offset, ends, head };
}

export class Dictionary {
  readonly #bytes: PagedBytes;
  readonly #window: PageWindow;
  readonly #place: DictionaryPlace;
  #head: Head | undefined;
  #texts: readonly string[] | undefined;

  /** `window`: what single texts are read through. */
  constructor(bytes: PagedBytes, window: PageWindow, place: DictionaryPlace) {
    this.#bytes = bytes;
    this.#window = window;
    this.#place = place;
  }

  get count(): number {
    return this.#place.ends.count - 1;
  }

  /** All texts. Not to be changed. */
  texts(): readonly string[] {
    this.#texts ??= this.#load();
    return this.#texts;
  }

  /** What {@link DictionaryBuilder.writeText} wrote. */
  readText(reader: ByteReader): string | null {
    const code = reader.varint();
    if (code === 0) return null;
    return code === 1 ? reader.text() : this.#textAt(code - 1);
  }

  #textAt(code: number): string {
    if (code > this.count) throw this.#bytes.damage("a text is not in its dictionary");
    if (this.#texts !== undefined) return this.#texts[code - 1]!;
    if (code <= this.#place.head) return this.#headText(code);
    const read = (offset: number, length: number) => this.#window.read(offset, length);
    const start = numberAt(read, this.#place.ends, code - 1);
    return this.#decode(start, numberAt(read, this.#place.ends, code));
  }

  #headText(code: number): string {
    this.#head ??= this.#loadHead();
    const { piece, ends, texts } = this.#head;
    texts[code - 1] ??= piece.substring(ends[code - 1]!, ends[code]!);
    return texts[code - 1]!;
  }

  #loadHead(): Head {
    const { ends, head } = this.#place;
    const loaded = loadNumbers(this.#bytes, { ...ends, count: head + 1 });
    return { piece: this.#decode(0, loaded[head]!), ends: loaded, texts: [] };
  }

  #load(): readonly string[] {
    const ends = loadNumbers(this.#bytes, this.#place.ends);
    const pieces: (readonly string[])[] = [];
    for (let first = 0; first < this.count; ) {
      const last = pieceEnd(ends, first);
      pieces.push(this.#pieceOf(ends, first, last));
      first = last;
    }
    return pieces.length === 1 ? pieces[0]! : pieces.flat();
  }

  #pieceOf(ends: Numbers, first: number, last: number): readonly string[] {
    const start = ends[first]!;
    const piece = this.#decode(start, ends[last]!);
    const texts: string[] = [];
    for (let index = first; index < last; index += 1)
      texts.push(piece.substring(ends[index]! - start, ends[index + 1]! - start));
    return texts;
  }

  /** The characters of `[start, end)`. */
  #decode(start: number, end: number): string {
    const { bytesPerCharacter, characters, offset } = this.#place;
    if (!(start >= 0 && start <= end && end <= characters)) throw this.#bytes.damage("a text has no place");
    const bytes = this.#bytes.read(offset + start * bytesPerCharacter, (end - start) * bytesPerCharacter);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return buffer.toString(bytesPerCharacter === 1 ? "latin1" : "utf16le");
  }
}
