/** Numbers for people. */

/** Four significant digits and no trailing zeros: `0.1832`, `12345`, `3e-4`, `nan`, `inf`. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-3) return shortExponent(value.toExponential(3));
  return String(Number(value.toPrecision(Math.max(4, Math.ceil(Math.log10(size))))));
}

const NUMBER_TEXT =
  /^[-+]?(?:\d[\d.]*(?:e[-+]?\d+)?|nan|inf)(?: \u00b1 \d[\d.]*(?:e[-+]?\d+)?)?(?: \(\d+\/\d+\))?(?: @ -?\d+)?(?: \*)?$/i;

/** A longer row of digits is a text. */
const LONGEST_NUMBER = 40;

/** Whether a cell is a number, also with its interval, the share of its runs, its step or a mark behind it: none of it may be cut off. */
export function isNumberText(text: string): boolean {
  return text.length <= LONGEST_NUMBER && NUMBER_TEXT.test(text);
}

/** `1.500e-4` as `1.5e-4`. */
function shortExponent(text: string): string {
  return text.replace(/\.?0*e\+?/, "e");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
