/**
 * CSV by RFC 4180 and TSV with backslash escapes, one line a row, the keys of the columns first. Texts that a
 * spreadsheet would take for a formula get a quote in front (docs/reference/formats.md).
 */
import { type CellValue, cellValue, textForPrograms } from "./cell.js";
import type { Output } from "./output.js";
import { rememberTexts } from "./remember-texts.js";
import { visible } from "./visible.js";

/** A reader that strips one `'` where this matches behind it gets every text back. */
const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$|^[+-]?(?:inf|infinity|nan)$/i;

/** Numbers are no formulas, also those that are stored as text. */
export function guardFormula(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

export type LineOf = (cells: readonly CellValue[]) => string;

/** The line end is CR LF. null is an empty cell, the empty text is `""`. */
export function csvLines(): LineOf {
  return lines(",", "\r\n", (text) => {
    const guarded = guardFormula(text);
    return text !== "" && !/[",\r\n]|^\s|\s$/.test(guarded) ? guarded : `"${guarded.replaceAll('"', '""')}"`;
  });
}

const TSV_ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** The line end is LF. Backslash, tab, LF and CR are `\\`, `\t`, `\n`, `\r`; null and the empty text are empty. */
export function tsvLines(): LineOf {
  return lines("\t", "\n", (text) =>
    guardFormula(text).replace(/[\\\t\n\r]/g, (character) => TSV_ESCAPES[character]!),
  );
}

function lines(separator: string, end: string, escapeText: (text: string) => string): LineOf {
  const remembered = rememberTexts(escapeText);
  return (cells) => {
    let line = "";
    for (let index = 0; index < cells.length; index += 1) {
      const value = cellValue(cells[index]!);
      if (index > 0) line += separator;
      line += typeof value === "string" ? remembered(index, value) : textForPrograms(value);
    }
    return line + end;
  };
}

/** A terminal obeys control characters; a file or a pipe gets the line as it is. */
export function forTerminal(out: Pick<Output, "isTerminal">, lineOf: LineOf): LineOf {
  if (!out.isTerminal) return lineOf;
  return (cells) => `${visible(lineOf(cells).replace(/\r?\n$/, "")).replaceAll("\\t", "\t")}\n`;
}
