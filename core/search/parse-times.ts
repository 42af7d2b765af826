/** Dates, ages and durations as people write them in a filter. */

/** Milliseconds since 1970: a time as wide as it was written (`2026-11` is a month), `to` not included. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const DATE =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?$/i;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * `2026`, `2026-11`, `2026-11-22`, `2026-11-22T10`, `...T10:30`, `...T10:30:59`, `...T10:30:59.123`, a space for the `T`,
 * each with `Z` or an offset after a time; also `today`, `yesterday` and `now`. UTC where no offset is given. Null for
 * anything else.
 */
export function parseTime(text: string, now: number): TimeRange | null {
  const word = text.toLowerCase();
  if (word === "now") return { from: now, to: now + 1 };
  const today = Math.floor(now / DAY) * DAY;
  if (word === "today") return { from: today, to: today + DAY };
  if (word === "yesterday") return { from: today - DAY, to: today };
  const match = DATE.exec(text);
  return match === null ? null : rangeOf(match);
}

function rangeOf(match: RegExpExecArray): TimeRange | null {
  const parts = match.slice(1, 7).map((part) => (part === undefined ? null : Number(part)));
  const width = parts.filter((part) => part !== null).length;
  const millis = match[7];
  const from = utc(parts, 0) + fraction(millis) - offsetOf(match[8]);
  if (Number.isNaN(from)) return null;
  if (millis !== undefined) return { from, to: from + 10 ** Math.max(0, 3 - millis.length) };
  return { from, to: utc(parts, width) - offsetOf(match[8]) };
}

/** The time of the parts (year, month, day, hour, minute, second), with one added to part number `more` (from 1). */
function utc(parts: readonly (number | null)[], more: number): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(
    (part) => part ?? undefined,
  );
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  if (day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()) return Number.NaN;
  const add = (part: number): number => (more === part ? 1 : 0);
  const date = new Date(0);
  date.setUTCFullYear(year + add(1), month - 1 + add(2), day + add(3));
  return date.setUTCHours(hour + add(4), minute + add(5), second + add(6), 0);
}

function fraction(digits: string | undefined): number {
  return digits === undefined ? 0 : Math.floor(Number(`0.${digits}`) * 1000 + 1e-9);
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0);
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

const UNITS: Readonly<Record<string, number>> = {
  __proto__: null as never,
  ms: 1,
  s: 1000,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  mo: 30 * DAY,
  y: 365 * DAY,
};
/** Each unit with the words for it; none of those before begins one of those after it. */
const UNIT_WORDS: readonly (readonly [string, string])[] = [
  ["ms", "milliseconds|millisecond|ms"],
  ["mo", "months|month|mo"],
  ["m", "minutes|minute|mins|min|m"],
  ["s", "seconds|second|secs|sec|s"],
  ["h", "hours|hour|hrs|hr|h"],
  ["d", "days|day|d"],
  ["w", "weeks|week|wks|wk|w"],
  ["y", "years|year|yrs|yr|y"],
];
const UNIT = UNIT_WORDS.map(([, words]) => words).join("|");
const DURATION = new RegExp(`\\s*(\\d+(?:\\.\\d+)?)\\s*(${UNIT})(?![a-z])`, "giy");
const UNIT_ALONE = new RegExp(`^(?:${UNIT})$`, "i");
/** `1h30`: minutes of an hour. */
const CLOCK = /^(\d+)h([0-5]\d)$/i;

/** Whether a word is a unit of time, as in `2 days`. */
export function isTimeUnit(word: string): boolean {
  return UNIT_ALONE.test(word);
}

function unitOf(word: string): number {
  const [unit] = UNIT_WORDS.find(([, words]) => words.split("|").includes(word.toLowerCase()))!;
  return UNITS[unit]!;
}

/**
 * `90s`, `1.5h`, `1h30m`, `1h30`, `2d`, `2 days`, `3w`, `8mo`, `1y`, `250ms` in milliseconds; `0` needs no unit. A month has
 * 30 days, a year 365. Null for anything else.
 */
export function parseDuration(text: string): number | null {
  if (text === "0") return 0;
  const clock = CLOCK.exec(text);
  if (clock !== null) return Number(clock[1]) * HOUR + Number(clock[2]) * MINUTE;
  let total = 0;
  let at = 0;
  while (at < text.length) {
    DURATION.lastIndex = at;
    const match = DURATION.exec(text);
    if (match === null) return null;
    total += Number(match[1]) * unitOf(match[2]!);
    at = DURATION.lastIndex;
  }
  return at === 0 ? null : total;
}
