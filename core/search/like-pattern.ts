/**
 * LIKE as MLflow's file store has it: `%` is any run of characters, `_` one character (code point), and neither crosses a
 * line end (`\n`). There is no escape. The pattern starts at the start of the text, and ends at its end, or before a last
 * `\n`; with a `%` at its end, what follows is free, further lines included.
 *
 * Matching walks the pieces between `%` from left to right, each at the first place that fits: no backtracking.
 */
import { COST, type Meter } from "./work.js";

/** Whether a text passes; what that costs is counted in `work`. */
export type TextPredicate = (text: string, work: Meter) => boolean;

/** A matcher for the pattern of a LIKE. For an ILIKE, fold the pattern and the texts. */
export function likePredicate(pattern: string): TextPredicate {
  const like = new LikePattern(pattern);
  return (text, work) => like.matches(text, work);
}

/** The longest text that every text holds which matches the pattern. */
export function literalOf(pattern: string): string {
  const longer = (best: string, part: string): string => (part.length > best.length ? part : best);
  return pattern.split(/[%_]+/).reduce(longer, "");
}

class LikePattern {
  readonly #pieces: readonly Piece[];
  /** The pattern has no `%` at its end: the last piece must end the text. */
  readonly #closed: boolean;
  /** Of a text that can match, in characters. */
  readonly #leastLength: number;
  readonly #lines = new Lines();

  constructor(pattern: string) {
    this.#pieces = pattern.split(/%+/).map((piece) => new Piece(piece));
    this.#closed = !pattern.endsWith("%");
    this.#leastLength = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  matches(text: string, work: Meter): boolean {
    if (text.length < this.#leastLength) return false;
    const pieces = this.#pieces;
    if (pieces.length === 1) return this.#whole(pieces[0]!, text);
    const lines = this.#lines;
    lines.begin(text);
    let at = pieces[0]!.endAt(text, 0);
    for (let i = 1; i < pieces.length - 1 && at >= 0; i += 1) {
      if (i > FEW_PIECES) work.spend(COST.piece);
      at = pieces[i]!.find(text, { from: at, lines, work });
    }
    if (at < 0) return false;
    return this.#closed ? pieces.at(-1)!.endsText(text, at, lines) : true;
  }

  #whole(piece: Piece, text: string): boolean {
    return isEnd(text, piece.endAt(text, 0));
  }
}

function isEnd(text: string, at: number): boolean {
  return at === text.length || (at === text.length - 1 && text.charAt(at) === "\n");
}

/** More pieces cost more than one look at the text. */
const FEW_PIECES = 8;

/** Where the lines of a text end, each looked for once, whatever the number of pieces. */
class Lines {
  #text = "";
  #next = -1;

  begin(text: string): void {
    this.#text = text;
    this.#next = -1;
  }

  /** Whether no line ends in `[from, to)`. `from` never goes back. */
  isOneLine(from: number, to: number): boolean {
    if (from >= to) return true;
    if (this.#next < from) {
      const next = this.#text.indexOf("\n", from);
      this.#next = next < 0 ? Number.POSITIVE_INFINITY : next;
    }
    return this.#next >= to;
  }
}

interface Search {
  readonly from: number;
  readonly lines: Lines;
  readonly work: Meter;
}

/** What stands between two `%`: characters, and `_` for any one. */
class Piece {
  readonly #source: string;
  /** Set when there is a `_`. */
  readonly #finder: PieceFinder | null;
  /** No match is shorter, in UTF-16 units. */
  readonly length: number;

  constructor(source: string) {
    this.#source = source;
    this.#finder = source.includes("_") ? new PieceFinder(source) : null;
    this.length = this.#finder === null ? source.length : this.#finder.length;
  }

  /** Where the piece ends when it stands at `at`; -1 when it does not. */
  endAt(text: string, at: number): number {
    if (at < 0 || at + this.length > text.length) return -1;
    if (this.#finder !== null) return this.#finder.endAt(text, at);
    return text.startsWith(this.#source, at) ? at + this.length : -1;
  }

  /** The end of the first place at or after `from` that `%` can reach; -1 when there is none. */
  find(text: string, search: Search): number {
    const { from, lines, work } = search;
    if (from + this.length > text.length) return -1;
    if (this.#finder !== null) return this.#finder.find(text, search);
    const at = text.indexOf(this.#source, from);
    work.look(((at < 0 ? text.length : at) - from) * COST.character);
    return at < 0 || !lines.isOneLine(from, at) ? -1 : at + this.length;
  }

  /** Whether the piece can end the text, from `from` on and reached by `%`. */
  endsText(text: string, from: number, lines: Lines): boolean {
    if (this.#endsAt(text, { from, end: text.length, lines })) return true;
    return text.endsWith("\n") && this.#endsAt(text, { from, end: text.length - 1, lines });
  }

  #endsAt(text: string, { from, end, lines }: { from: number; end: number; lines: Lines }): boolean {
    const start = this.#finder === null ? end - this.length : stepBack(text, end, this.length);
    return start >= from && this.endAt(text, start) === end && lines.isOneLine(from, start);
  }
}

const LINE_END = 0x0a;
const ANY = 0x5f;

/**
 * Finds a piece with `_` by bits (the shift-and method): one bit a character of the piece, set while everything up to it
 * fits what was read. So many characters cost what 32 fewer would.
 */
class PieceFinder {
  /** In code points. */
  readonly length: number;
  readonly #chars: readonly number[];
  /** Only `_`: where it does not fit at once, a line ends, and nothing behind can be reached. */
  readonly #anything: boolean;
  readonly #words: number;
  readonly #masks = new Map<number, Uint32Array>();
  /** Of every character that the piece does not name. */
  readonly #others: Uint32Array;

  constructor(piece: string) {
    this.#chars = Array.from(piece, (char) => char.codePointAt(0)!);
    this.length = this.#chars.length;
    this.#anything = this.#chars.every((char) => char === ANY);
    this.#words = Math.ceil(this.length / 32);
    this.#others = new Uint32Array(this.#words);
    this.#setMasks();
  }

  #setMasks(): void {
    const setBit = (mask: Uint32Array, index: number): void => {
      mask[index >>> 5]! |= 1 << (index & 31);
    };
    this.#chars.forEach((char, index) => {
      if (char === ANY) setBit(this.#others, index);
    });
    this.#masks.set(LINE_END, new Uint32Array(this.#words));
    this.#chars.forEach((char, index) => {
      if (char === ANY) return;
      const mask = this.#masks.get(char) ?? this.#others.slice();
      setBit(mask, index);
      this.#masks.set(char, mask);
    });
  }

  endAt(text: string, at: number): number {
    let end = at;
    for (const own of this.#chars) {
      const char = text.codePointAt(end);
      if (char === undefined || (own === ANY ? char === LINE_END : char !== own)) return -1;
      end += char > 0xffff ? 2 : 1;
    }
    return end;
  }

  find(text: string, search: Search): number {
    if (this.#anything) return this.endAt(text, search.from);
    const end = this.#scan(text, search.from);
    const length = (end < 0 ? text.length : end) - search.from;
    search.work.look(length * COST.symbol);
    search.work.spend(length * (this.#words - 1) * COST.word);
    if (end < 0) return -1;
    return search.lines.isOneLine(search.from, stepBack(text, end, this.length)) ? end : -1;
  }

  /** The end of the first place at or after `from` where the piece fits. */
  #scan(text: string, from: number): number {
    const state = new Uint32Array(this.#words);
    const last = this.#words - 1;
    const found = 1 << ((this.length - 1) & 31);
    for (let at = from; at < text.length; ) {
      const char = text.codePointAt(at)!;
      at += char > 0xffff ? 2 : 1;
      this.#step(state, char);
      if ((state[last]! & found) !== 0) return at;
    }
    return -1;
  }

  #step(state: Uint32Array, char: number): void {
    const mask = this.#masks.get(char) ?? this.#others;
    let carry = 1;
    for (let word = 0; word < state.length; word += 1) {
      const bits = state[word]!;
      state[word] = ((bits << 1) | carry) & mask[word]!;
      carry = bits >>> 31;
    }
  }
}

/** The offset `count` code points before `at`; negative when the text has not so many. */
function stepBack(text: string, at: number, count: number): number {
  let back = at;
  for (let i = 0; i < count; i += 1) {
    const unit = text.charCodeAt(back - 1);
    back -= unit >= 0xdc00 && unit < 0xe000 && back >= 2 ? 2 : 1;
    if (back < 0) return -1;
  }
  return back;
}
