import { usageError } from "./usage-error.js";

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** `500k`, `2M`, `1.5MB/s` in bytes a second. Throws USAGE. */
export function parseByteRate(text: string, what: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmg]?)(?:i?b)?(?:\/s)?$/i.exec(text) ?? [];
  const rate = Number(number) * (UNITS[unit?.toLowerCase() ?? ""] ?? Number.NaN);
  if (rate >= 1) return rate;
  throw usageError(`${what} must be bytes a second, not '${text}'`, "Write, for example, 500k or 2M");
}

/** The option `--limit-rate`; null: no limit. Throws USAGE. */
export function rateOf(text: string | undefined): number | null {
  return text === undefined ? null : parseByteRate(text, "--limit-rate");
}
