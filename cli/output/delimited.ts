/**
 * CSV by RFC 4180 and TSV with backslash escapes, one line a row, the keys of the columns first. Texts that a
 * spreadsheet would take for a formula get a quote in front (docs/reference/formats.md).
 */
import { type CellValue, cellValue, type PlainValue, textForPrograms } from "./cell.js";

/** A reader that strips one `'` where this matches behind it gets every text back. */
const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|infinity|nan)$/i;

/** Numbers are no formulas, also those that are stored as text. */
export function guardFormula(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

function guardedText(value: PlainValue): string {
  return typeof value === "string" ? guardFormula(value) : textForPrograms(value);
}

/** The line end is CR LF. null is an empty cell, the empty text is `""`. */
export function csvLine(cells: readonly CellValue[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(cell: CellValue): string {
  const value = cellValue(cell);
  const text = guardedText(value);
  if (value !== "" && !/[",\r\n]|^\s|\s$/.test(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}

const TSV_ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** The line end is LF. Backslash, tab, LF and CR are `\\`, `\t`, `\n`, `\r`; null and the empty text are empty. */
export function tsvLine(cells: readonly CellValue[]): string {
  return `${cells.map((cell) => escapeTsv(guardedText(cellValue(cell)))).join("\t")}\n`;
}

function escapeTsv(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => TSV_ESCAPES[character]!);
}
