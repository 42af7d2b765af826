/** Nested values as flat params: `{ optimizer: { lr: 0.1 } }` is the param `optimizer.lr` = `0.1`. */
import { RunstoneError } from "./errors.js";
import { serializePythonFloat } from "./python-float.js";

/** What a param may be given as; objects and arrays nest. */
export type ParamValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly ParamValue[]
  | { readonly [key: string]: ParamValue };

const MAX_DEPTH = 32;

/**
 * Pairs of key and text, in the order given. Objects flatten with dots, arrays with their indices; an empty one is `{}` or
 * `[]`. Texts: numbers as JavaScript writes them (NaN and infinities as `nan`, `inf`, `-inf`), booleans `true`/`false`,
 * null and undefined `None`. Throws INVALID_PARAMETER_VALUE for other things, cycles and two ways to one key.
 */
export function flattenParams(params: {
  readonly [key: string]: ParamValue;
}): [key: string, value: string][] {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(params)) flatten(key, value, found, 0);
  return [...found];
}

function flatten(key: string, value: ParamValue, found: Map<string, string>, depth: number): void {
  if (depth > MAX_DEPTH) throw refused(key, `is nested deeper than ${MAX_DEPTH}`);
  const children = childrenOf(key, value);
  if (children === null) return put(key, paramText(key, value), found);
  if (children.length === 0) return put(key, Array.isArray(value) ? "[]" : "{}", found);
  for (const [name, child] of children) flatten(`${key}.${name}`, child, found, depth + 1);
}

function put(key: string, text: string, found: Map<string, string>): void {
  if (found.has(key)) throw refused(key, "is given twice");
  found.set(key, text);
}

function childrenOf(key: string, value: ParamValue): [string, ParamValue][] | null {
  if (typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) return value.map((child: ParamValue, index) => [String(index), child]);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refused(key, "is no plain object");
  return Object.entries(value);
}

/** The text of one value. */
export function paramText(key: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : serializePythonFloat(value);
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value === null || value === undefined) return "None";
  throw refused(key, `is a ${typeof value}`);
}

function refused(key: string, why: string): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", `the param ${JSON.stringify(key)} ${why}`, {
    hint: "Params are texts, numbers, booleans, or plain objects and arrays of them.",
    data: { key },
  });
}
