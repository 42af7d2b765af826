/** Case folding for ILIKE: two characters are equal when Python's `re.IGNORECASE` takes them for equal. */

const ASCII = /^[\x00-\x7f]*$/;

/** One code point for each code point of the text. */
export function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  let folded = "";
  for (const char of text) folded += foldChar(char);
  return folded;
}

/** Characters that are equal by folding, but not by going up and down again one by one. */
const SPECIAL: Readonly<Record<string, string>> = {
  __proto__: null as never,
  "\u0130": "i",
  "\u1fd3": "\u0390",
  "\u1fe3": "\u03b0",
  "\ufb05": "\ufb06",
};

function foldChar(char: string): string {
  const special = SPECIAL[char];
  if (special !== undefined) return special;
  const upper = char.toUpperCase();
  const lower = (isOneChar(upper) ? upper : char).toLowerCase();
  return isOneChar(lower) ? lower : char;
}

function isOneChar(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff);
}
