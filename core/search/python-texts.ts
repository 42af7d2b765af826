/** The texts of an IN list: MLflow reads the list as Python, so they are Python's string literals. */

const ESCAPES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const ESCAPE = /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|[\s\S])/g;

/**
 * The text of a quoted token (`'a'`, `"a"`), its escapes resolved; a doubled quote is two texts side by side, which
 * Python joins. Null for what Python refuses: a line end, a backslash at the end, a code point there is not.
 */
export function parsePythonText(raw: string): string | null {
  const quote = raw.charAt(0);
  let text = "";
  let at = 0;
  while (at < raw.length) {
    const end = closingQuote(raw, at, quote);
    if (end < 0) return null;
    const part = unescaped(raw.slice(at + 1, end));
    if (part === null) return null;
    text += part;
    at = end + 1;
  }
  return text;
}

function closingQuote(raw: string, start: number, quote: string): number {
  if (raw.charAt(start) !== quote) return -1;
  for (let at = start + 1; at < raw.length; at += 1) {
    const char = raw.charAt(at);
    if (char === "\\") at += 1;
    else if (char === quote) return at;
    else if (char === "\n" || char === "\r") return -1;
  }
  return -1;
}

function unescaped(text: string): string | null {
  let valid = true;
  const result = text.replace(ESCAPE, (whole: string, sequence: string) => {
    const known = ESCAPES[sequence];
    if (known !== undefined) return known;
    if (/^[0-7]/.test(sequence)) return String.fromCodePoint(Number.parseInt(sequence, 8));
    if (!/^[xuU]./.test(sequence)) {
      if (/^[xuUN]$/.test(sequence)) valid = false;
      return whole;
    }
    const code = Number.parseInt(sequence.slice(1), 16);
    if (code > 0x10ffff) valid = false;
    return code > 0x10ffff ? "" : String.fromCodePoint(code);
  });
  return valid ? result : null;
}
