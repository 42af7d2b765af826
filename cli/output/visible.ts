/**
 * User data on its way to a terminal. Control characters, direction overrides and lone surrogates are written as
 * escapes, so that a tag cannot move the cursor, change the title or forge a line.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `text` in one line without control characters. */
export function visible(text: string): string {
  return text.replace(UNSAFE, escapeOne);
}

/** As {@link visible}, line feeds and tabs kept: for texts of several lines. */
export function visibleText(text: string): string {
  return text.replace(UNSAFE, (character) =>
    character === "\n" || character === "\t" ? character : escapeOne(character),
  );
}

function escapeOne(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x100) return SHORT[character] ?? `\\x${code.toString(16).padStart(2, "0")}`;
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
