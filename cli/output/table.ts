/** Tables of plain text: columns as wide as their cells, two spaces between them. */
import { cutTitles } from "./cut-titles.js";
import { isNumberText } from "./number.js";
import { displayWidth, padTo, truncateMiddle } from "./width.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Columns with the highest number are left out first when the table is too wide; 0 (default): never. */
  readonly dropOrder?: number;
  /** Its texts may be cut in the middle down to this many columns; numbers never are. */
  readonly shrinkTo?: number;
  /** Applied to the padded cell: colour. */
  readonly paint?: (padded: string, cell: string) => string;
}

export interface TableLayout {
  /** Columns of the terminal; undefined (a pipe, a file): as wide as it takes, nothing cut or left out. */
  readonly width?: number | undefined;
  readonly header?: boolean;
  readonly paintHeader?: (line: string) => string;
}

const GAP = 2;

/** Cells must be free of control characters. Returns lines without line feeds. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  layout: TableLayout = {},
): readonly string[] {
  const natural = columns.map((column, index) => naturalWidth(column, rows, index));
  const most = layout.width ?? Number.POSITIVE_INFINITY;
  const least = leastWidths(columns, rows, natural);
  const shown = chooseColumns(columns, least.readable, most);
  const fitting = totalWidth(least.readable, shown) > most ? least.whole : least.readable;
  const widths = shrink(natural, fitting, shown, most);
  const lines = rows.map((row) => renderRow(columns, row, shown, widths));
  if (layout.header === false) return lines;
  const titles = cutTitles(
    columns.map(({ title }) => title),
    widths,
  );
  const header = renderRow(columns.map(withoutPaint), titles, shown, widths);
  return [layout.paintHeader?.(header) ?? header, ...lines];
}

function withoutPaint(column: Column): Column {
  const { paint: _, ...rest } = column;
  return rest;
}

function naturalWidth(column: Column, rows: readonly (readonly string[])[], index: number): number {
  let width = displayWidth(column.title);
  for (const row of rows) width = Math.max(width, displayWidth(row[index] ?? ""));
  return width;
}

function totalWidth(widths: readonly number[], shown: readonly number[]): number {
  return shown.reduce((sum, index) => sum + (widths[index] ?? 0), 0) + GAP * Math.max(0, shown.length - 1);
}

interface LeastWidths {
  /** No number is cut. */
  readonly whole: readonly number[];
  /** Nor is a title cut so far that it says little. */
  readonly readable: readonly number[];
}

function leastWidths(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  natural: readonly number[],
): LeastWidths {
  const whole = columns.map(({ shrinkTo }, index) =>
    shrinkTo === undefined
      ? natural[index]!
      : Math.min(natural[index]!, Math.max(shrinkTo, widestNumber(rows, index))),
  );
  const readable = whole.map((width, index) =>
    Math.min(natural[index]!, Math.max(width, Math.min(READABLE_TITLE, displayWidth(columns[index]!.title)))),
  );
  return { whole, readable };
}

const READABLE_TITLE = 10;

function widestNumber(rows: readonly (readonly string[])[], index: number): number {
  let width = 0;
  for (const row of rows) {
    const cell = row[index] ?? "";
    if (isNumberText(cell)) width = Math.max(width, cell.length);
  }
  return width;
}

function chooseColumns(columns: readonly Column[], least: readonly number[], width: number): number[] {
  let shown = columns.map((_, index) => index);
  while (totalWidth(least, shown) > width) {
    const droppable = shown.filter((index) => (columns[index]?.dropOrder ?? 0) > 0);
    if (droppable.length === 0) return shown;
    const worst = droppable.reduce((a, b) => (order(columns, b) >= order(columns, a) ? b : a));
    shown = shown.filter((index) => index !== worst);
  }
  return shown;
}

function order(columns: readonly Column[], index: number): number {
  return columns[index]?.dropOrder ?? 0;
}

function shrink(
  natural: readonly number[],
  least: readonly number[],
  shown: readonly number[],
  width: number,
): number[] {
  const widths = [...natural];
  for (let excess = totalWidth(widths, shown) - width; excess > 0; excess -= 1) {
    const candidates = shown.filter((index) => widths[index]! > least[index]!);
    if (candidates.length === 0) return widths;
    const widest = candidates.reduce((a, b) => (widths[b]! > widths[a]! ? b : a));
    widths[widest] = widths[widest]! - 1;
  }
  return widths;
}

function renderRow(
  columns: readonly Column[],
  row: readonly string[],
  shown: readonly number[],
  widths: readonly number[],
): string {
  const cells = shown.map((index) => renderCell(columns[index]!, row[index] ?? "", widths[index] ?? 0));
  return cells.join(" ".repeat(GAP)).trimEnd();
}

function renderCell(column: Column, cell: string, width: number): string {
  const padded = padTo(truncateMiddle(cell, width), width, column.align === "right");
  return column.paint?.(padded, cell) ?? padded;
}
