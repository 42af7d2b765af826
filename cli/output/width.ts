/** How many columns a text takes in a terminal. */
const ASCII = /^[\x20-\x7e]*$/;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]*$/u;

let segmenter: Intl.Segmenter | undefined;

/** Columns of a text without control characters: 2 for wide and emoji characters, 0 for combining marks. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const part of graphemes(text)) width += graphemeWidth(part);
  return width;
}

/** Cuts a text in the middle so that it takes at most `width` columns; the cut is shown as `…`. */
export function truncateMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? "…" : "";
  const parts = [...graphemes(text)];
  const tail = takeColumns(parts.slice().reverse(), Math.floor((width - 1) / 2));
  const head = takeColumns(parts, width - 1 - columnsOf(tail));
  return `${head.join("")}…${tail.reverse().join("")}`;
}

/** Pads to `width` columns; `right` aligns right. */
export function padTo(text: string, width: number, right = false): string {
  const gap = " ".repeat(Math.max(0, width - displayWidth(text)));
  return right ? gap + text : text + gap;
}

function takeColumns(parts: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const part of parts) {
    used += graphemeWidth(part);
    if (used > width) break;
    taken.push(part);
  }
  return taken;
}

function columnsOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + graphemeWidth(part), 0);
}

function graphemeWidth(grapheme: string): number {
  if (ASCII.test(grapheme)) return grapheme.length;
  if (WIDE.test(grapheme)) return 2;
  return ZERO.test(grapheme) ? 0 : 1;
}

function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}
