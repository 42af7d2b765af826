import { RunstoneError } from "../errors.js";
import { MAX_YAML_BYTES, MAX_YAML_DEPTH } from "../limits.js";
import { isBlank, isBlankOrBreakOrEnd, isBreak, UNPRINTABLE } from "./line-breaks.js";
import { isYamlMap, type YamlMap, type YamlScalar, type YamlValue } from "./value.js";

/**
 * A reader for the rest of YAML, given the whole text. It must return what {@link YamlValue} describes: a
 * `{ text, quoted }` for each scalar (no type decided, `quoted` true for single, double and block style), an array for
 * each list, a `Map` with string keys (last of duplicates wins) for each map; and throw for anything else or any error.
 */
export type GeneralYamlParser = (text: string) => unknown;

/** Our own reader met something that MLflow does not write; says where. */
class BeyondOwnReader extends Error {
  readonly offset: number;
  readonly reason: string;
  constructor(reason: string, offset: number) {
    super(reason);
    this.reason = reason;
    this.offset = offset;
  }
}

/**
 * Reads a YAML file whose top is a map. What PyYAML's block style is made of (plain, single- and double-quoted scalars,
 * also folded over lines, nested maps and lists, `[]` and `{}`) is read here, by PyYAML's rules; anything else (flow
 * collections, block scalars, comments, anchors, tags, documents) goes to `general`.
 *
 * Throws DAMAGED with `data.offset` (in UTF-16 units of the text) and `data.reason`.
 */
export function parseYamlMap(text: string, general?: GeneralYamlParser): YamlMap {
  if (text.length > MAX_YAML_BYTES) throw damaged("file is too large", MAX_YAML_BYTES);
  const unprintable = text.search(UNPRINTABLE);
  if (unprintable >= 0) throw damaged("character that YAML does not allow", unprintable);
  try {
    return new BlockReader(text).read();
  } catch (error) {
    if (!(error instanceof BeyondOwnReader)) throw error;
    if (general === undefined) throw damaged(error.reason, error.offset);
    return readGeneral(text, general, error);
  }
}

function readGeneral(text: string, general: GeneralYamlParser, own: BeyondOwnReader): YamlMap {
  let value: unknown;
  try {
    value = general(text);
  } catch (cause) {
    throw damaged(own.reason, own.offset, cause);
  }
  const checked = checkGeneral(value, 0);
  if (!isYamlMap(checked)) throw damaged("the top of the file is not a map", 0);
  return checked;
}

function checkGeneral(value: unknown, depth: number): YamlValue {
  if (depth > MAX_YAML_DEPTH) throw damaged("nested too deeply", 0);
  if (Array.isArray(value)) return value.map((item) => checkGeneral(item, depth + 1));
  if (value instanceof Map) return checkGeneralMap(value, depth);
  const scalar = value as Partial<YamlScalar> | null | undefined;
  if (typeof scalar?.text === "string" && typeof scalar.quoted === "boolean") {
    return { text: scalar.text, quoted: scalar.quoted };
  }
  throw damaged("the file holds something that is no scalar, list or map", 0);
}

function checkGeneralMap(value: ReadonlyMap<unknown, unknown>, depth: number): YamlMap {
  const map = new Map<string, YamlValue>();
  for (const [key, item] of value) {
    if (typeof key !== "string") throw damaged("a key is not a scalar", 0);
    map.set(key, checkGeneral(item, depth + 1));
  }
  return map;
}

function damaged(reason: string, offset: number, cause?: unknown): RunstoneError {
  return new RunstoneError("DAMAGED", `Unreadable YAML: ${reason} (offset ${offset})`, {
    data: { reason, offset },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A key at the beginning of a line that needs no care, with its colon and the blank after it. */
const SIMPLE_KEY = /([A-Za-z_][A-Za-z0-9_./-]*):(?: |(?=[\r\n])|$)/y;
/** A plain value that needs no care, up to the end of its line. */
const SIMPLE_VALUE = /([A-Za-z0-9_/.](?:[A-Za-z0-9_/.%+@=-]|:(?!\s|$))*)(?:\r?\n|$)/y;
/** Characters that a plain scalar cannot begin with. */
const INDICATORS = "-?:,[]{}#&*!|>'\"%@`";
const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\u0007",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\u001b",
  " ": " ",
  '"': '"',
  "\\": "\\",
  "/": "/",
  N: "\u0085",
  _: "\u00a0",
  L: "\u2028",
  P: "\u2029",
};
const ESCAPE_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const QUESTION = 63;
/** PyYAML gives up the search for the `:` of a key after this many characters. */
const MAX_SIMPLE_KEY = 1024;

/** Recursive descent over block style; `#at` is the next character. Each method leaves `#at` behind what it read. */
class BlockReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): YamlMap {
    if (this.#code() === 0xfeff) this.#at = 1;
    this.#skipEmptyLines();
    if (this.#at === this.#text.length) throw damaged("empty", 0);
    if (this.#text.startsWith("{}", this.#at)) {
      this.#at += 2;
      this.#endLine();
      this.#expectEnd();
      return new Map();
    }
    if (this.#column() !== 0) throw this.#beyond("the first key is indented");
    const map = this.#readMap(0, 0);
    this.#expectEnd();
    return map;
  }

  #expectEnd(): void {
    this.#skipEmptyLines();
    if (this.#at < this.#text.length) throw this.#beyond("unexpected text");
  }

  #code(ahead = 0): number {
    return this.#text.charCodeAt(this.#at + ahead);
  }

  #beyond(reason: string, offset = this.#at): BeyondOwnReader {
    return new BeyondOwnReader(reason, offset);
  }

  /** Moves over line breaks and blanks to the first character of the next line that has one. */
  #skipEmptyLines(): void {
    for (let code = this.#code(); code === 32 || isBreak(code); code = this.#code()) this.#at += 1;
  }

  #column(): number {
    let start = this.#at;
    while (start > 0 && !isBreak(this.#text.charCodeAt(start - 1))) start -= 1;
    if (this.#text.charCodeAt(start) === 0xfeff) start += 1;
    return this.#at - start;
  }

  /** After a value: blanks and the line break, or the end of the text. */
  #endLine(): void {
    while (isBlank(this.#code())) this.#at += 1;
    const code = this.#code();
    if (Number.isNaN(code)) return;
    if (!isBreak(code)) throw this.#beyond("unexpected text after a value");
    this.#skipBreak();
  }

  #skipBreak(): void {
    this.#at += this.#code() === 13 && this.#code(1) === 10 ? 2 : 1;
  }

  /** `#at` is at the first key, which stands in column `indent`. */
  #readMap(indent: number, depth: number): YamlMap {
    if (depth > MAX_YAML_DEPTH) throw damaged("nested too deeply", this.#at);
    const map = new Map<string, YamlValue>();
    for (;;) {
      const isLong = this.#code() === QUESTION && isBlankOrBreakOrEnd(this.#code(1));
      const key = isLong ? this.#readLongKey(indent) : this.#readKey(indent);
      map.set(key, isLong ? this.#readItem(indent, depth) : this.#readValue(indent, depth));
      this.#skipEmptyLines();
      if (this.#at === this.#text.length) return map;
      const column = this.#column();
      if (column < indent) return map;
      if (column > indent) throw this.#beyond("unexpected indentation");
      if (this.#isListItem()) throw this.#beyond("list item where a key should be");
    }
  }

  #isListItem(): boolean {
    return this.#code() === 45 && isBlankOrBreakOrEnd(this.#code(1));
  }

  /** Reads a key and its colon; afterwards `#at` is behind the colon. */
  #readKey(indent: number): string {
    SIMPLE_KEY.lastIndex = this.#at;
    const match = SIMPLE_KEY.exec(this.#text);
    if (match !== null) {
      this.#at += match[1]!.length + 1;
      return match[1]!;
    }
    const start = this.#at;
    const key = this.#readScalar(indent, false);
    while (isBlank(this.#code())) this.#at += 1;
    if (this.#code() !== 58 || !isBlankOrBreakOrEnd(this.#code(1)))
      throw this.#beyond("key without a colon", start);
    if (this.#folded(start)) throw this.#beyond("key of several lines", start);
    if (this.#at - start > MAX_SIMPLE_KEY) throw this.#beyond("key is too long", start);
    this.#at += 1;
    return key.text;
  }

  /** `? key`, then `: value` on a line of its own: PyYAML's form for keys of several lines or over 128 bytes. */
  #readLongKey(indent: number): string {
    this.#at += 1;
    while (this.#code() === 32) this.#at += 1;
    const key = this.#readScalar(indent, true);
    this.#endLine();
    this.#skipEmptyLines();
    if (this.#column() !== indent || this.#code() !== 58 || !isBlankOrBreakOrEnd(this.#code(1))) {
      throw this.#beyond("key without a value");
    }
    this.#at += 1;
    return key.text;
  }

  /** What stands behind a key's colon; `indent` is the column of the key. */
  #readValue(indent: number, depth: number): YamlValue {
    if (this.#code() === 32) this.#at += 1;
    SIMPLE_VALUE.lastIndex = this.#at;
    const match = SIMPLE_VALUE.exec(this.#text);
    if (match !== null && !this.#continues(SIMPLE_VALUE.lastIndex)) {
      this.#at = SIMPLE_VALUE.lastIndex;
      return { text: match[1]!, quoted: false };
    }
    while (isBlank(this.#code())) this.#at += 1;
    const code = this.#code();
    if (!Number.isNaN(code) && !isBreak(code)) return this.#readInline(indent);
    return this.#readNested(indent, depth);
  }

  /** True when the line at `offset` could continue a plain scalar: it is indented, or empty. */
  #continues(offset: number): boolean {
    const code = this.#text.charCodeAt(offset);
    return isBlank(code) || isBreak(code);
  }

  #readInline(indent: number): YamlValue {
    const empty = this.#readEmptyCollection();
    if (empty !== undefined) return empty;
    const scalar = this.#readScalar(indent, true);
    this.#endLine();
    return scalar;
  }

  #readEmptyCollection(): YamlValue | undefined {
    const list = this.#text.startsWith("[]", this.#at);
    if (!list && !this.#text.startsWith("{}", this.#at)) return undefined;
    this.#at += 2;
    this.#endLine();
    return list ? [] : new Map();
  }

  /** The colon was the end of the line: a map or list on the next lines, or nothing (null). */
  #readNested(indent: number, depth: number): YamlValue {
    const end = this.#at;
    this.#skipEmptyLines();
    const atEnd = this.#at === this.#text.length;
    const column = atEnd ? -1 : this.#column();
    if (column >= indent && this.#isListItem()) return this.#readList(column, depth + 1);
    if (column > indent) return this.#readMap(column, depth + 1);
    this.#at = end;
    return { text: "", quoted: false };
  }

  #readList(indent: number, depth: number): YamlValue[] {
    if (depth > MAX_YAML_DEPTH) throw damaged("nested too deeply", this.#at);
    const list: YamlValue[] = [];
    for (;;) {
      this.#at += 1;
      list.push(this.#readItem(indent, depth));
      this.#skipEmptyLines();
      if (this.#at === this.#text.length) return list;
      const column = this.#column();
      if (column < indent || (column === indent && !this.#isListItem())) return list;
      if (column > indent) throw this.#beyond("unexpected indentation");
    }
  }

  /** What stands behind the `-` of a list, or the `:` of a long key, in column `indent`. */
  #readItem(indent: number, depth: number): YamlValue {
    while (this.#code() === 32) this.#at += 1;
    const code = this.#code();
    if (Number.isNaN(code) || isBreak(code)) return this.#readNested(indent + 1, depth);
    const start = this.#at;
    if (this.#isListItem()) return this.#readList(this.#column(), depth + 1);
    if (this.#looksLikeKey()) return this.#readMap(this.#column(), depth + 1);
    this.#at = start;
    return this.#readInline(indent);
  }

  /** Looks ahead for `key:`; leaves `#at` where it was. */
  #looksLikeKey(): boolean {
    const start = this.#at;
    try {
      if (this.#code() === QUESTION && isBlankOrBreakOrEnd(this.#code(1))) return true;
      if (this.#text.startsWith("[]", this.#at) || this.#text.startsWith("{}", this.#at)) return false;
      this.#readScalar(0, false);
      while (isBlank(this.#code())) this.#at += 1;
      return this.#code() === 58 && isBlankOrBreakOrEnd(this.#code(1));
    } finally {
      this.#at = start;
    }
  }

  /** One scalar; `folded` allows it to go on over further lines, indented deeper than `indent`. */
  #readScalar(indent: number, folded: boolean): YamlScalar {
    const start = this.#at;
    const code = this.#code();
    if (code === 39) return { text: this.#readQuoted(39), quoted: true };
    if (code === 34) return { text: this.#readQuoted(34), quoted: true };
    if (!this.#plainCanBegin(code)) throw this.#beyond("indicator or nothing where a value should be", start);
    return { text: this.#readPlain(indent, folded), quoted: false };
  }

  #plainCanBegin(code: number): boolean {
    if (isBlankOrBreakOrEnd(code)) return false;
    if (code === 45 || code === 63 || code === 58) return !isBlankOrBreakOrEnd(this.#code(1));
    return !INDICATORS.includes(String.fromCharCode(code));
  }

  #readPlain(indent: number, folded: boolean): string {
    let text = "";
    for (;;) {
      const start = this.#at;
      this.#skipPlainChunk();
      if (this.#at === start) throw this.#beyond("unexpected character");
      text += this.#text.slice(start, this.#at);
      const end = this.#at;
      const space = this.#readFold(folded, false);
      if (this.#code() === 35 && this.#at > end) throw this.#beyond("comment");
      if (space === undefined || !this.#plainGoesOn(end, indent)) {
        this.#at = end;
        return text;
      }
      text += space;
    }
  }

  /** Whether the plain scalar whose last chunk ended at `end` has another chunk here. */
  #plainGoesOn(end: number, indent: number): boolean {
    if (this.#at === this.#text.length || this.#atColon()) return false;
    if (!this.#folded(end)) return true;
    if (this.#atDocumentMark()) throw this.#beyond("document mark");
    return this.#column() > indent;
  }

  /** Whether a line break lies between `from` and `#at`. */
  #folded(from: number): boolean {
    for (let i = from; i < this.#at; i++) if (isBreak(this.#text.charCodeAt(i))) return true;
    return false;
  }

  #atColon(): boolean {
    return this.#code() === 58 && isBlankOrBreakOrEnd(this.#code(1));
  }

  #atDocumentMark(): boolean {
    if (this.#column() !== 0) return false;
    const mark = this.#text.slice(this.#at, this.#at + 3);
    return (mark === "---" || mark === "...") && isBlankOrBreakOrEnd(this.#code(3));
  }

  #skipPlainChunk(): void {
    for (;;) {
      const code = this.#code();
      if (isBlankOrBreakOrEnd(code) || this.#atColon()) return;
      this.#at += 1;
    }
  }

  /**
   * The white space between two chunks of a scalar, folded: blanks within a line stay, one line break is a blank,
   * further ones stay. `undefined` at a break when the scalar may not go on.
   */
  #readFold(folded: boolean, quoted: boolean): string | undefined {
    const start = this.#at;
    while (isBlank(this.#code())) this.#at += 1;
    const blanks = this.#text.slice(start, this.#at);
    if (!isBreak(this.#code())) return blanks;
    if (!folded) return undefined;
    const first = this.#readBreak();
    const more = this.#readFurtherBreaks(quoted);
    return `${first === "\n" ? "" : first}${first === "\n" && more === "" ? " " : more}`;
  }

  #readFurtherBreaks(quoted: boolean): string {
    let breaks = "";
    for (;;) {
      while (this.#code() === 32 || (quoted && this.#code() === 9)) this.#at += 1;
      if (quoted && this.#atDocumentMark()) throw this.#beyond("document mark within quotes");
      if (!isBreak(this.#code())) return breaks;
      breaks += this.#readBreak();
    }
  }

  /** LS and PS stay themselves, every other break is LF. */
  #readBreak(): string {
    const code = this.#code();
    this.#skipBreak();
    return code === 0x2028 || code === 0x2029 ? String.fromCharCode(code) : "\n";
  }

  /** A quoted scalar with its quotes (`quote` is their code). Its lines may have any indentation, as in PyYAML. */
  #readQuoted(quote: number): string {
    const start = this.#at;
    this.#at += 1;
    let text = "";
    for (;;) {
      const chunk = this.#at;
      while (!this.#endsQuotedChunk(this.#code(), quote)) this.#at += 1;
      text += this.#text.slice(chunk, this.#at);
      const code = this.#code();
      if (Number.isNaN(code)) throw this.#beyond("quoted text without its end", start);
      if (code === quote) {
        this.#at += 1;
        if (quote !== 39 || this.#code() !== 39) return text;
        text += "'";
        this.#at += 1;
      } else if (code === 92) text += this.#readEscape();
      else text += this.#readFold(true, true)!;
    }
  }

  #endsQuotedChunk(code: number, quote: number): boolean {
    return code === quote || (code === 92 && quote === 34) || isBlankOrBreakOrEnd(code);
  }

  #readEscape(): string {
    const start = this.#at;
    const letter = this.#text[start + 1] ?? "";
    this.#at += 2;
    const plain = ESCAPES[letter];
    if (plain !== undefined) return plain;
    const digits = ESCAPE_DIGITS[letter];
    if (digits !== undefined) return this.#readCodeEscape(start, digits);
    this.#at -= 1;
    if (!isBreak(this.#code())) throw this.#beyond("unknown escape", start);
    this.#readBreak();
    return this.#readFurtherBreaks(true);
  }

  #readCodeEscape(start: number, digits: number): string {
    const hex = this.#text.slice(this.#at, this.#at + digits);
    const code = Number.parseInt(hex, 16);
    const surrogate = code >= 0xd800 && code < 0xe000;
    if (!/^[0-9A-Fa-f]+$/.test(hex) || hex.length !== digits || code > 0x10ffff || surrogate) {
      throw this.#beyond("invalid escape", start);
    }
    this.#at += digits;
    return String.fromCodePoint(code);
  }
}
