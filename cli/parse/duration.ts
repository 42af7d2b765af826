import { usageError } from "./usage-error.js";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `36h`, `14d`, `1d12h` in milliseconds; a bare `0` is none. Throws USAGE. */
export function parseDuration(text: string, what: string): number {
  if (text === "0") return 0;
  const parts = [...text.matchAll(/(\d{1,9})(ms|[smhdw])/gy)];
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  if (parts.length === 0 || length !== text.length)
    throw usageError(`${what} must be a time, not '${text}'`, "Write, for example, 36h, 14d or 1d12h");
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
}
