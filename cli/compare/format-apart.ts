/** Values side by side, so written that a difference between them is seen. */
import { formatNumber } from "../output/number.js";
import { displayWidth, truncateMiddle } from "../output/width.js";

const MOST_DIGITS = 17;

/** Four significant digits, or as many more as it takes until different numbers look different; `-` for none. */
export function formatApart(numbers: readonly (number | null)[]): readonly string[] {
  const known = numbers.filter((value) => value !== null);
  const distinct = new Set(known.map((value) => (value === 0 ? 0 : value))).size;
  for (let digits = 4; digits <= MOST_DIGITS; digits += 1) {
    const format = digits === 4 ? formatNumber : (value: number) => withDigits(value, digits);
    const texts = numbers.map((value) => (value === null ? "-" : format(value)));
    if (new Set(known.map(format)).size === distinct || digits === MOST_DIGITS) return texts;
  }
  return [];
}

function withDigits(value: number, digits: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : formatNumber(value);
}

const CONTEXT = 3;

/**
 * Texts cut to `width` columns. Where a plain cut in the middle would hide what they differ in, the beginning that they
 * share is left out instead.
 */
export function fitApart(texts: readonly string[], width: number): readonly string[] {
  const cut = texts.map((text) => truncateMiddle(text, width));
  if (new Set(cut).size === new Set(texts).size) return cut;
  const skipped = sharedStart(texts) - CONTEXT;
  return texts.map((text) => {
    if (skipped <= 0 || displayWidth(text) <= width) return truncateEnd(text, width);
    return truncateEnd(`…${text.slice(skipped)}`, width);
  });
}

function truncateEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = text.slice(0, width);
  while (kept !== "" && displayWidth(kept) >= width) kept = kept.slice(0, -1);
  return `${kept}…`;
}

/** How many characters all texts begin with alike; a pair of surrogates is not parted. */
function sharedStart(texts: readonly string[]): number {
  const [first = ""] = texts;
  let length = 0;
  while (length < first.length && texts.every((text) => text[length] === first[length])) length += 1;
  return /[\ud800-\udbff]/.test(first[length - CONTEXT - 1] ?? "") ? length - 1 : length;
}
