/**
 * LIKE as MLflow's file store has it: `%` is any run of characters, `_` one character (code point), and neither crosses a
 * line end (`\n`). There is no escape. The pattern starts at the start of the text, and ends at its end, or before a last
 * `\n`; with a `%` at its end, what follows is free, further lines included.
 *
 * Matching walks the pieces between `%` from left to right, each at the first place that fits: no backtracking.
 */
import { foldCase } from "./fold-case.js";

export type TextPredicate = (text: string) => boolean;

/** A matcher for the pattern of a LIKE, or of an ILIKE when `ignoreCase`. */
export function likePredicate(pattern: string, ignoreCase: boolean): TextPredicate {
  const like = new LikePattern(ignoreCase ? foldCase(pattern) : pattern);
  return ignoreCase ? (text) => like.matches(foldCase(text)) : (text) => like.matches(text);
}

class LikePattern {
  readonly #pieces: readonly Piece[];
  /** The pattern has no `%` at its end: the last piece must end the text. */
  readonly #closed: boolean;

  constructor(pattern: string) {
    this.#pieces = pattern.split(/%+/).map((piece) => new Piece(piece));
    this.#closed = !pattern.endsWith("%");
  }

  matches(text: string): boolean {
    const pieces = this.#pieces;
    if (pieces.length === 1) return this.#whole(pieces[0]!, text);
    let at = pieces[0]!.endAt(text, 0);
    for (let i = 1; i < pieces.length - 1 && at >= 0; i += 1) at = pieces[i]!.find(text, at);
    if (at < 0) return false;
    return this.#closed ? pieces.at(-1)!.endsLine(text, at) : true;
  }

  #whole(piece: Piece, text: string): boolean {
    return isEnd(text, piece.endAt(text, 0));
  }
}

function isEnd(text: string, at: number): boolean {
  return at === text.length || (at === text.length - 1 && text.charAt(at) === "\n");
}

/** What stands between two `%`: characters, and `_` for any one. */
class Piece {
  readonly #source: string;
  readonly #chars: readonly string[] | null;
  /** The longest text without `_`, and how many characters stand before it. */
  readonly #anchor: string;
  readonly #before: number;

  constructor(source: string) {
    this.#source = source;
    this.#chars = source.includes("_") ? [...source] : null;
    this.#anchor = source.split("_").reduce((best, part) => (part.length > best.length ? part : best), "");
    this.#before = [...source.slice(0, source.indexOf(this.#anchor))].length;
  }

  /** Where the piece ends when it stands at `at`; -1 when it does not. */
  endAt(text: string, at: number): number {
    if (at < 0) return -1;
    if (this.#chars === null) return text.startsWith(this.#source, at) ? at + this.#source.length : -1;
    let end = at;
    for (const char of this.#chars) {
      if (end >= text.length) return -1;
      const width = char === "_" ? widthAt(text, end) : char.length;
      if (char === "_" ? text.charCodeAt(end) === 0x0a : !text.startsWith(char, end)) return -1;
      end += width;
    }
    return end;
  }

  /** The end of the first place at or after `from` that `%` can reach; -1 when there is none. */
  find(text: string, from: number): number {
    if (this.#source === "") return from;
    if (this.#chars === null) {
      const at = text.indexOf(this.#source, from);
      return at < 0 || !sameLine(text, from, at) ? -1 : at + this.#source.length;
    }
    return this.#findWithAny(text, from);
  }

  #findWithAny(text: string, from: number): number {
    const lineEnd = text.indexOf("\n", from);
    const last = lineEnd < 0 ? text.length : lineEnd;
    let at = from;
    while (at <= last) {
      const anchor = text.indexOf(this.#anchor, at);
      if (anchor < 0) return -1;
      at = Math.max(at, stepBack(text, anchor, this.#before));
      const end = at <= last ? this.endAt(text, at) : -1;
      if (end >= 0) return end;
      at += Math.max(1, widthAt(text, at));
    }
    return -1;
  }

  /** Whether the piece can end the text, from `from` on and reached by `%`. */
  endsLine(text: string, from: number): boolean {
    if (this.#endsAt(text, from, text.length)) return true;
    return text.endsWith("\n") && this.#endsAt(text, from, text.length - 1);
  }

  #endsAt(text: string, from: number, end: number): boolean {
    const length = this.#chars === null ? -1 : this.#chars.length;
    const start = length < 0 ? end - this.#source.length : stepBack(text, end, length);
    return start >= from && this.endAt(text, start) === end && sameLine(text, from, start);
  }
}

/** The width of the code point at an offset, in UTF-16 units. */
function widthAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00 && at + 1 < text.length ? 2 : 1;
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

function sameLine(text: string, from: number, to: number): boolean {
  if (from >= to) return true;
  const lineEnd = text.indexOf("\n", from);
  return lineEnd < 0 || lineEnd >= to;
}
