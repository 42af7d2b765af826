/** Times for people: ages, durations, moments. All arguments are milliseconds. */
import type { Integer } from "../../store-format/index.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AGES: readonly (readonly [number, string])[] = [
  [365 * DAY, "y"],
  [30 * DAY, "mo"],
  [7 * DAY, "w"],
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "m"],
  [SECOND, "s"],
];

/** How long ago: `3h`, `5d`, `2mo`; `now` below one second and for the future; `-` when unknown. */
export function formatAge(then: Integer | null, now: number): string {
  if (then === null) return "-";
  const elapsed = now - Number(then);
  const unit = AGES.find(([size]) => elapsed >= size);
  return unit === undefined ? "now" : `${Math.floor(elapsed / unit[0])}${unit[1]}`;
}

/** `340ms`, `12.3s`, `4m05s`, `2h07m`, `3d04h`. */
export function formatDuration(elapsed: number): string {
  if (elapsed < 0 || !Number.isFinite(elapsed)) return "-";
  if (elapsed < SECOND) return `${Math.round(elapsed)}ms`;
  if (elapsed < MINUTE) return `${(Math.floor(elapsed / 100) / 10).toFixed(1)}s`;
  if (elapsed < HOUR) return pair(elapsed, MINUTE, "m", SECOND, "s");
  if (elapsed < DAY) return pair(elapsed, HOUR, "h", MINUTE, "m");
  return pair(elapsed, DAY, "d", HOUR, "h");
}

function pair(elapsed: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((elapsed % big) / small);
  return `${Math.floor(elapsed / big)}${bigName}${String(rest).padStart(2, "0")}${smallName}`;
}

/** `2026-03-01 12:30:05Z`; a time outside the calendar as its number; `-` when unknown. */
export function formatMoment(time: Integer | null): string {
  if (time === null) return "-";
  const date = new Date(Number(time));
  if (Number.isNaN(date.getTime())) return String(time);
  return `${date.toISOString().slice(0, 19).replace("T", " ")}Z`;
}
