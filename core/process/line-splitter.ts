/** Cuts a stream of bytes into the lines that are worth a look. `\n` and `\r` both end a line, so progress bars count. */
import { RUN_LINE_MARK } from "./run-lines.js";

const LF = 0x0a;
const CR = 0x0d;
const MARK = Buffer.from(RUN_LINE_MARK);

/** The longest run line: a param may hold 1 MiB, with room for its quotes. */
export const MAX_RUN_LINE = 4 << 20;
/** Of any other line only the beginning is looked at. */
const MAX_OTHER_LINE = 8 << 10;

export interface SplitLine {
  /** Decoded from UTF-8; cut off when `cut`. */
  readonly text: string;
  /** Where the line begins in the stream. */
  readonly offset: number;
  /** True for a line over the limit, of which this is the beginning. */
  readonly cut: boolean;
}

export class LineSplitter {
  readonly #everyLine: boolean;
  #carry: Buffer = Buffer.alloc(0);
  #carryOffset = 0;
  #skipping = false;

  /** @param everyLine false: only lines that begin with `::runstone` come out, which is much faster. */
  constructor(everyLine: boolean) {
    this.#everyLine = everyLine;
  }

  /** Where the line begins that has no end yet. */
  get unfinishedFrom(): number {
    return this.#carryOffset;
  }

  /** The lines that `block` (at `offset` of the stream) completes. */
  push(block: Buffer, offset: number): readonly SplitLine[] {
    const data = this.#carry.length === 0 ? block : Buffer.concat([this.#carry, block]);
    const start = offset - this.#carry.length;
    const lines: SplitLine[] = [];
    const from = this.#skipping ? this.#skip(data) : 0;
    const rest = this.#everyLine
      ? this.#takeEvery(lines, data, start, from)
      : this.#takeMarked(lines, data, start, from);
    this.#keep(lines, data.subarray(rest), start + rest);
    return lines;
  }

  /** Past the end of a line that is too long. */
  #skip(data: Buffer): number {
    const end = new LineEnds(data).after(0);
    if (end >= 0) this.#skipping = false;
    return end < 0 ? data.length : end + 1;
  }

  #takeEvery(lines: SplitLine[], data: Buffer, start: number, first: number): number {
    const ends = new LineEnds(data);
    let from = first;
    for (let end = ends.after(from); end >= 0; end = ends.after(from)) {
      this.#collect(lines, data.subarray(from, end), start + from);
      from = end + 1;
    }
    return from;
  }

  /** Goes from mark to mark, so that other output costs one search. */
  #takeMarked(lines: SplitLine[], data: Buffer, start: number, first: number): number {
    const ends = new LineEnds(data);
    let from = first;
    for (let mark = data.indexOf(MARK, from); mark >= 0; mark = data.indexOf(MARK, from)) {
      const lineStart = startOfMarked(data, mark, from);
      const end = ends.after(mark);
      if (end < 0) break;
      if (lineStart !== null) this.#collect(lines, data.subarray(lineStart, end), start + lineStart);
      from = end + 1;
    }
    return Math.max(from, lastLineEnd(data) + 1);
  }

  /** The last line, when the stream ended without a line end. */
  end(): readonly SplitLine[] {
    const lines: SplitLine[] = [];
    if (this.#carry.length > 0) this.#collect(lines, this.#carry, this.#carryOffset);
    this.#carry = Buffer.alloc(0);
    return lines;
  }

  #collect(lines: SplitLine[], bytes: Buffer, offset: number, cut = false): void {
    if (bytes.length === 0) return;
    const marked = mayBeRunLine(bytes);
    if (!marked && !this.#everyLine) return;
    const shown = marked ? bytes : bytes.subarray(0, MAX_OTHER_LINE);
    lines.push({ text: shown.toString("utf8"), offset, cut });
  }

  /** Keeps the beginning of a line; what is too long or of no interest is passed over up to its end. */
  #keep(lines: SplitLine[], rest: Buffer, offset: number): void {
    this.#carryOffset = offset;
    if (this.#skipping || rest.length === 0) {
      this.#carry = Buffer.alloc(0);
      return;
    }
    const marked = mayBeRunLine(rest);
    const limit = marked ? MAX_RUN_LINE : this.#everyLine ? MAX_OTHER_LINE : 0;
    if (rest.length <= limit) {
      this.#carry = Buffer.from(rest);
      return;
    }
    if (marked || this.#everyLine) this.#collect(lines, rest, offset, marked);
    this.#carry = Buffer.alloc(0);
    this.#skipping = true;
  }
}

/** Whether bytes begin like a run line, as far as they go. */
function mayBeRunLine(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length && isBlank(bytes[at])) at += 1;
  const head = bytes.subarray(at, at + MARK.length);
  return head.equals(MARK.subarray(0, head.length));
}

/** Where the line begins whose first word is at `mark`; null when something stands before it. */
function startOfMarked(data: Buffer, mark: number, from: number): number | null {
  let at = mark;
  while (at > from && isBlank(data[at - 1])) at -= 1;
  return at === from || data[at - 1] === LF || data[at - 1] === CR ? at : null;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** Finds line ends from left to right, looking at every byte once. */
class LineEnds {
  readonly #data: Buffer;
  #feed = -1;

  constructor(data: Buffer) {
    this.#data = data;
  }

  /** The first line end at or after `from`, which must not fall; -1 without one. */
  after(from: number): number {
    if (this.#feed < from) {
      const feed = this.#data.indexOf(LF, from);
      this.#feed = feed < 0 ? Number.POSITIVE_INFINITY : feed;
    }
    const limit = Math.min(this.#feed, this.#data.length);
    const back = this.#data.subarray(from, limit).indexOf(CR);
    if (back >= 0) return from + back;
    return this.#feed === Number.POSITIVE_INFINITY ? -1 : this.#feed;
  }
}

function lastLineEnd(data: Buffer): number {
  return Math.max(data.lastIndexOf(LF), data.lastIndexOf(CR));
}
