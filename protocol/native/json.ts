/** JSON from the other side: checked for size by who reads it, for depth and shape here. Nothing is taken as it comes. */
import {
  decodeUtf8,
  encodeUtf8,
  type Integer,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import { MAX_JSON_DEPTH } from "./limits.js";

/** A JSON object whose members are not checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What the other side sent is not what the protocol says. */
export function protocolError(reason: string): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", `the other side broke the protocol: ${reason}`, {
    hint: "Use the same release of runstone on both sides; if that is so, please report it.",
    data: { reason },
  });
}

/** Bytes of a value's JSON; a bigint is written as its decimal digits in a string. Throws for a lone surrogate. */
export function serializeJson(value: unknown): Uint8Array {
  return encodeUtf8(JSON.stringify(value, bigintAsText));
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Reads one value. Throws REMOTE_FAILED for bytes that are no JSON, or that nest too deep. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw protocolError("text that is not valid UTF-8");
  if (isDeep(bytes)) throw protocolError(`JSON that nests deeper than ${MAX_JSON_DEPTH}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw protocolError("text that is no JSON");
    throw error;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i]!;
    if (quoted) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}

/** Throws REMOTE_FAILED unless the value is a map. */
export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw protocolError(`${what} is no map`);
}

export function asList(value: unknown, what: string, atMost: number): readonly unknown[] {
  if (!Array.isArray(value)) throw protocolError(`${what} is no list`);
  if (value.length > atMost) throw protocolError(`${what} has more than ${atMost} entries`);
  return value;
}

/** Reads the members of one map; whatever is not what it should be throws REMOTE_FAILED naming the member. */
export class Members {
  readonly #map: JsonObject;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    this.#map = asObject(value, what);
    this.#what = what;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** The member as it came; `undefined` when there is none. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#map, name) ? this.#map[name] : undefined;
  }

  text(name: string): string {
    const value = this.raw(name);
    return typeof value === "string" ? value : this.refuse(name, "no text");
  }

  textOrNull(name: string): string | null {
    const value = this.raw(name) ?? null;
    return value === null ? null : this.text(name);
  }

  boolean(name: string): boolean {
    const value = this.raw(name);
    return typeof value === "boolean" ? value : this.refuse(name, "neither true nor false");
  }

  /** A whole number from 0 to 2^53 - 1: a size, an offset, a count. */
  size(name: string): number {
    const value = this.raw(name);
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.refuse(name, "no size");
  }

  /** An integer of 64 bits: a number, or its digits beyond what a number holds. */
  integer(name: string): Integer {
    return integerOf(this.raw(name)) ?? this.refuse(name, "no integer");
  }

  integerOrNull(name: string): Integer | null {
    return (this.raw(name) ?? null) === null ? null : this.integer(name);
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.raw(name);
    return choices.find((choice) => choice === value) ?? this.refuse(name, `none of ${choices.join(", ")}`);
  }

  sha256(name: string): string {
    const value = this.raw(name);
    return isSha256(value) ? value : this.refuse(name, "no SHA-256");
  }

  sha256OrNull(name: string): string | null {
    return (this.raw(name) ?? null) === null ? null : this.sha256(name);
  }

  list(name: string, atMost: number): readonly unknown[] {
    return asList(this.raw(name), `${this.#what}.${name}`, atMost);
  }

  object(name: string): Members {
    return new Members(this.raw(name), `${this.#what}.${name}`);
  }

  stringMap(name: string): StringMap {
    return stringMapOf(this.raw(name), `${this.#what}.${name}`);
  }

  refuse(name: string, reason: string): never {
    throw protocolError(`${this.#what}.${name} is ${reason}`);
  }
}

/** A map of texts, without a prototype. Throws REMOTE_FAILED. */
export function stringMapOf(value: unknown, what: string): StringMap {
  const map: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(asObject(value, what))) {
    if (typeof text !== "string") throw protocolError(`${what} holds something that is no text`);
    map[key] = text;
  }
  return map;
}

export function isSha256(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

function integerOf(value: unknown): Integer | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value + 0 : undefined;
  if (typeof value !== "string" || !/^-?[1-9][0-9]{0,18}$/.test(value)) return undefined;
  const big = BigInt(value);
  if (big < MIN || big > MAX) return undefined;
  const small = Number(big);
  return Number.isSafeInteger(small) ? small : big;
}
