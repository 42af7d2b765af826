import type { Integer } from "./entities.js";

/** What Python's `int()` and `float()` strip; U+001C..U+001F are not among it. */
const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const DIGITS = "[0-9](?:_?[0-9])*";
const FLOAT = new RegExp(
  `^${SPACE}([+-]?)(?:((?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?)|(inf(?:inity)?)|nan)${SPACE}$`,
  "i",
);
const INT = new RegExp(`^${SPACE}([+-]?${DIGITS})${SPACE}$`);
/** CPython refuses longer decimal texts. */
const MAX_INT_DIGITS = 4300;

/**
 * The text of Python's `repr(float)`, which is what MLflow writes: shortest digits that read back to the same double,
 * plain when the decimal exponent is in -4..15, otherwise with an exponent of a sign and two digits or more.
 */
export function serializePythonFloat(x: number): string {
  const size = Math.abs(x);
  if (size >= 1e-4 && size < 1e16) return Number.isInteger(x) ? `${x}.0` : String(x);
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  if (Number.isNaN(x)) return "nan";
  if (size === Number.POSITIVE_INFINITY) return x < 0 ? "-inf" : "inf";
  return serializeExponent(x);
}

function serializeExponent(x: number): string {
  const text = x.toExponential();
  const e = text.indexOf("e");
  return `${text.slice(0, e + 2)}${text.slice(e + 2).padStart(2, "0")}`;
}

/** Python's `float(text)` for ASCII digits; `undefined` where Python raises. */
export function parsePythonFloat(text: string): number | undefined {
  const match = FLOAT.exec(text);
  if (match === null) return undefined;
  const sign = match[1] === "-" ? -1 : 1;
  if (match[2] !== undefined) return sign * Number(match[2].replaceAll("_", ""));
  return match[3] === undefined ? Number.NaN : sign * Number.POSITIVE_INFINITY;
}

/** Python's `int(text)` in base 10 for ASCII digits; `undefined` where Python raises (`12.0`, the empty text). */
export function parsePythonInt(text: string): Integer | undefined {
  const match = INT.exec(text);
  if (match === null) return undefined;
  const digits = match[1]!.replaceAll("_", "");
  if (digits.replace(/^[-+]/, "").length > MAX_INT_DIGITS) return undefined;
  if (digits.length <= 16) {
    const number = Number(digits);
    if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
  }
  const size = BigInt(/^[-+]/.test(digits) ? digits.slice(1) : digits);
  return toInteger(digits.startsWith("-") ? -size : size);
}

/** The one form of an {@link Integer}: `number` within the safe range, `bigint` outside. */
export function toInteger(value: bigint): Integer {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
}
