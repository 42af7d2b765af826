/**
 * The tokens of a filter or an order. What a word may hold differs by dialect: in MLflow's, letters, digits and `_`; in
 * Runstone's also `/ - : @` and the like, so that `metrics.val/loss` and `2026-11-01` need no quotes. Everything else is
 * one: quoted texts end as SQL's and MLflow's do (a doubled quote and `\'` go on, and nothing is unescaped).
 */
import type { SearchDialect } from "../interfaces.js";
import { filterError, type Span } from "./filter-error.js";

export type Dialect = SearchDialect;

export interface Token extends Span {
  /** `path`: a word, or words and quoted parts joined by dots; `end`: after the last character. */
  readonly kind: "path" | "number" | "text" | "operator" | "(" | ")" | "," | "end";
  /** As written. */
  readonly raw: string;
}

export interface TokenSource {
  readonly subject: "filter" | "order";
  readonly source: string;
  readonly dialect: Dialect;
}

/** Longest filter, in UTF-16 units. */
export const MAX_FILTER_LENGTH = 500_000;

const SPACE = /[\s\x1c-\x1f\x85]+/uy;
const OPERATOR = /[<>=~!]+/uy;
const WORD = { mlflow: /[\p{L}\p{N}_]+/uy, runstone: /[\p{L}\p{M}\p{N}_$@#%&*?+/:\\^|{}[\]-]+/uy };
const NUMBER = {
  mlflow: /-?\d+(?:\.\d+)?[eE]-?\d+|-?(?:\d+\.\d*|\.\d+|\d+)(?![\p{L}\p{N}_])/uy,
  runstone: /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{M}\p{N}_.$@#%&*?+/:\\^|{}[\]-])/uy,
};

/** Quotes that word processors put in place of the ones that are typed. */
const QUOTE_HINTS = new Map(
  Array.from("“”„‟‘’‚‛«»´", (quote) => [quote, `Write straight quotes, ' or ", in place of ${quote}.`]),
);

/** The tokens of a text, made when they are asked for: a filter that is refused early costs little, however long it is. */
export class Tokens {
  readonly #lexer: Lexer;
  readonly #made: Token[] = [];

  /** Throws `INVALID_PARAMETER_VALUE` for a text that is too long. */
  constructor(source: TokenSource) {
    if (source.source.length > MAX_FILTER_LENGTH) throw tooLong(source);
    this.#lexer = new Lexer(source);
  }

  /**
   * Token number `index`, counted from 0; after the last one it is `end`, again and again. Throws
   * `INVALID_PARAMETER_VALUE` at a character that cannot begin a token.
   */
  at(index: number): Token {
    while (this.#made.length <= index) this.#made.push(this.#lexer.next());
    return this.#made[index]!;
  }
}

function tooLong({ subject, source }: TokenSource): Error {
  return filterError({
    subject,
    source,
    at: { start: MAX_FILTER_LENGTH, end: MAX_FILTER_LENGTH + 1 },
    reason: `it has ${source.length} characters, and ${MAX_FILTER_LENGTH} are the limit`,
  });
}

class Lexer {
  readonly #from: TokenSource;
  readonly #text: string;
  #at = 0;

  constructor(from: TokenSource) {
    this.#from = from;
    this.#text = from.source;
  }

  next(): Token {
    this.#skip(SPACE, this.#at);
    const start = this.#at;
    if (start >= this.#text.length) return this.#token("end", start);
    const kind = this.#kind(this.#text.charAt(start));
    if (kind === null) throw this.#error("this cannot stand here", QUOTE_HINTS.get(this.#text.charAt(start)));
    return this.#token(kind, start);
  }

  #kind(char: string): Token["kind"] | null {
    if (char === "(" || char === ")" || char === ",") {
      this.#at += 1;
      return char;
    }
    if (char === "'") return this.#quoted(char) ?? "text";
    if (this.#skip(OPERATOR, this.#at)) return "operator";
    if (this.#skip(NUMBER[this.#from.dialect], this.#at)) return "number";
    return this.#path(char);
  }

  #path(first: string): "path" | "text" | null {
    if (!this.#part(false)) return null;
    let parts = 1;
    while (this.#text.charAt(this.#at) === ".") {
      this.#at += 1;
      this.#part(true);
      parts += 1;
    }
    return parts === 1 && first === '"' ? "text" : "path";
  }

  /** A word or a quoted part; single quotes only after a dot. */
  #part(afterDot: boolean): boolean {
    const char = this.#text.charAt(this.#at);
    if (char === "`" || char === '"' || (afterDot && char === "'")) {
      this.#quoted(char);
      return true;
    }
    return this.#skip(WORD[this.#from.dialect], this.#at);
  }

  #quoted(quote: string): null {
    const end = endOfQuoted(this.#text, this.#at, quote);
    if (end === -1) throw this.#error(`this ${quote} is not closed`);
    this.#at = end;
    return null;
  }

  #skip(pattern: RegExp, from: number): boolean {
    pattern.lastIndex = from;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #token(kind: Token["kind"], start: number): Token {
    return { kind, start, end: this.#at, raw: this.#text.slice(start, this.#at) };
  }

  #error(reason: string, hint?: string): Error {
    const at = { start: this.#at, end: this.#at + 1 };
    const problem = { subject: this.#from.subject, source: this.#text, at, reason };
    return filterError(hint === undefined ? problem : { ...problem, hint });
  }
}

/**
 * The end of a quoted text that begins at `start`, -1 when there is none. A doubled quote and a quote after a backslash
 * belong to it, as long as a closing one follows; else the text ends at the last quote that could close it.
 */
function endOfQuoted(text: string, start: number, quote: string): number {
  let fallback = -1;
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === "\\" && quote !== "`" && text.charAt(at + 1) === quote) {
      at += 1;
      fallback = at + 1;
    } else if (char === quote) {
      if (text.charAt(at + 1) !== quote) return at + 1;
      fallback = at + 1;
      at += 1;
    }
  }
  return fallback;
}

/** The text between quotes, exactly as it stands there; null when it is not quoted. */
export function unquoted(raw: string): string | null {
  if (raw.length < 2) return null;
  const quote = raw.charAt(0);
  return (quote === "'" || quote === '"') && raw.endsWith(quote) ? raw.slice(1, -1) : null;
}
