/** Heads of columns that are narrower than they are. */
import { truncateMiddle } from "./width.js";

/**
 * Each title cut to its width: in the middle, or, where that could be another title, too, without the beginning that these share.
 */
export function cutTitles(titles: readonly string[], widths: readonly number[]): readonly string[] {
  return titles.map((title, index) => {
    const cut = truncateMiddle(title, widths[index]!);
    if (cut === title) return title;
    const [head = "", tail = ""] = cut.split("\u2026");
    const alike = titles.filter((other) => other.startsWith(head) && other.endsWith(tail));
    const skipped = new Set(alike).size > 1 ? sharedStart(alike) : 0;
    return skipped === 0 ? cut : truncateMiddle(`\u2026${title.slice(skipped)}`, widths[index]!);
  });
}

function sharedStart(texts: readonly string[]): number {
  const [first = ""] = texts;
  let length = 0;
  while (length < first.length && texts.every((text) => text[length] === first[length])) length += 1;
  return length;
}
