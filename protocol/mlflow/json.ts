/**
 * JSON as MLflow speaks it. Integers beyond 2^53 are kept (`bigint`); NaN and the infinities travel as quoted texts, as
 * protobuf writes them. What is read is taken for hostile: nesting is capped, and nothing of it becomes code or prototype.
 */
import { type Integer, parsePythonInt } from "../../store-format/index.js";

export type Json = string | Integer | boolean | null | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: Json;
}

/** What can be written: a member that is `undefined` is left out. */
export type JsonInput =
  | string
  | Integer
  | boolean
  | null
  | readonly JsonInput[]
  | { readonly [name: string]: JsonInput | undefined };

/** MLflow's deepest message has six levels. */
export const MAX_JSON_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Integers of more digits may not fit into a double. */
const SAFE_DIGITS = 15;

/** Reads a JSON text. Throws `SyntaxError` for what is none, or is nested deeper than {@link MAX_JSON_DEPTH}. */
export function parseJson(text: string): Json {
  const { depth, longInteger } = survey(text);
  if (depth > MAX_JSON_DEPTH) throw new SyntaxError(`JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
  return longInteger ? new JsonReader(text).readAll() : (JSON.parse(text) as Json);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How deep the text nests, and whether a number in it is an integer that a double may not hold. */
function survey(text: string): { readonly depth: number; readonly longInteger: boolean } {
  let depth = 0;
  let open = 0;
  let longInteger = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) i = endOfString(text, i);
    else if (unit === 0x7b || unit === 0x5b) {
      open += 1;
      if (open > depth) depth = open;
    } else if (unit === 0x7d || unit === 0x5d) open -= 1;
    else if (isDigit(unit)) {
      const end = endOfNumber(text, i);
      longInteger ||= end - i > SAFE_DIGITS && isInteger(text, i, end);
      i = end - 1;
    }
  }
  return { depth, longInteger };
}

/** Index of the closing quote, or the length of the text when there is none. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isOfNumber(text.charCodeAt(end))) end += 1;
  return end;
}

/** A digit, `.`, `e`, `E`, `+` or `-`. */
function isOfNumber(unit: number): boolean {
  return isDigit(unit) || unit === 0x2e || unit === 0x65 || unit === 0x45 || unit === 0x2b || unit === 0x2d;
}

function isInteger(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isDigit(text.charCodeAt(i))) return false;
  return true;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const BLANKS = /[ \t\r\n]*/y;

/** The grammar of RFC 8259, for the texts whose integers `JSON.parse` would round. The depth is known to be bounded. */
class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): Json {
    const value = this.#value();
    if (this.#peek() !== "") throw this.#error();
    return value;
  }

  #value(): Json {
    const next = this.#peek();
    if (next === "{") return this.#object();
    if (next === "[") return this.#list();
    if (next === '"') return this.#string();
    const word = this.#take(WORD);
    if (word !== undefined) return word === "null" ? null : word === "true";
    return this.#number();
  }

  #object(): JsonObject {
    const members: [string, Json][] = [];
    this.#items("}", () => {
      if (this.#peek() !== '"') throw this.#error();
      const name = this.#string();
      this.#expect(":");
      members.push([name, this.#value()]);
    });
    return Object.fromEntries(members);
  }

  #list(): Json[] {
    const items: Json[] = [];
    this.#items("]", () => items.push(this.#value()));
    return items;
  }

  #items(close: string, readItem: () => void): void {
    this.#at += 1;
    if (this.#peek() === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      readItem();
      if (this.#peek() === close) break;
      this.#expect(",");
    }
    this.#at += 1;
  }

  #string(): string {
    const end = endOfString(this.#text, this.#at);
    const value = JSON.parse(this.#text.slice(this.#at, end + 1)) as string;
    this.#at = end + 1;
    return value;
  }

  #number(): Integer {
    const digits = this.#take(NUMBER);
    if (digits === undefined) throw this.#error();
    return (
      (/^-?[0-9]+$/.test(digits) && digits !== "-0" ? parsePythonInt(digits) : undefined) ?? Number(digits)
    );
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #expect(character: string): void {
    if (this.#peek() !== character) throw this.#error();
    this.#at += 1;
  }

  /** The next character that is no blank; empty at the end. */
  #peek(): string {
    this.#take(BLANKS);
    return this.#text.charAt(this.#at);
  }

  #error(): SyntaxError {
    return new SyntaxError(`JSON is malformed at character ${this.#at}`);
  }
}

/**
 * Writes JSON: integers of any size as numbers, negative zero as `-0.0`, NaN and the infinities as `"NaN"`, `"Infinity"`
 * and `"-Infinity"`.
 */
export function serializeJson(value: JsonInput): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (isList(value)) return `[${value.map(serializeJson).join(",")}]`;
  const members: string[] = [];
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${serializeJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

function isList(value: object): value is readonly JsonInput[] {
  return Array.isArray(value);
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0.0" : String(value);
  return Number.isNaN(value) ? '"NaN"' : value < 0 ? '"-Infinity"' : '"Infinity"';
}
