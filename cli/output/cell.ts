/** The cells of a table that is printed in any format. */
import { formatNumber } from "./number.js";

/** `null`: there is no value, which is not the empty text. Integers are `bigint` beyond 2^53. */
export type PlainValue = string | number | bigint | boolean | null;

/** A value with how people see it; programs get the value. */
export interface StyledCell {
  readonly value: PlainValue;
  /** What tables, Markdown and LaTeX show; default: numbers with four significant digits, texts as they are. */
  readonly text?: string;
  readonly bold?: boolean;
}

export type CellValue = PlainValue | StyledCell;

export function cellValue(cell: CellValue): PlainValue {
  return isStyled(cell) ? cell.value : cell;
}

export function isBold(cell: CellValue): boolean {
  return isStyled(cell) && cell.bold === true;
}

/** The text for people; empty for null. */
export function textForPeople(cell: CellValue): string {
  const text = isStyled(cell) ? cell.text : undefined;
  if (text !== undefined) return text;
  const value = cellValue(cell);
  if (value === null) return "";
  return typeof value === "number" ? formatNumber(value) : String(value);
}

/**
 * The text for programs, without loss: the shortest decimal that reads back as the same double, `NaN`, `inf`, `-inf`,
 * `-0`; `true` and `false`; empty for null.
 */
export function textForPrograms(value: PlainValue): string {
  if (value === null) return "";
  return typeof value === "number" ? numberForPrograms(value) : String(value);
}

function numberForPrograms(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "inf";
  if (value === Number.NEGATIVE_INFINITY) return "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

function isStyled(cell: CellValue): cell is StyledCell {
  return typeof cell === "object" && cell !== null;
}
