/** Numbers as programs of any language print them. */
import type { Integer } from "../../store-format/index.js";

const FINITE = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
};
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** A decimal number, `nan`, `inf` or `infinity` in any case and with a sign; null for anything else. */
export function parseLineNumber(text: string): number | null {
  if (FINITE.test(text)) return Number(text);
  const sign = text.startsWith("-") ? -1 : 1;
  const word = text.startsWith("-") || text.startsWith("+") ? text.slice(1) : text;
  const value = NOT_FINITE[word.toLowerCase()];
  return value === undefined ? null : sign * value;
}

/** A 64-bit integer in decimal digits, also written as `3.0`; null for anything else. */
export function parseLineInteger(text: string): Integer | null {
  if (!/^[+-]?\d{1,30}(?:\.0{0,10})?$/.test(text)) return null;
  const digits = text.split(".")[0] ?? "";
  const value = BigInt(digits.startsWith("+") ? digits.slice(1) : digits);
  if (value > INT64_MAX || value < INT64_MIN) return null;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
