/** Tables of plain text: columns as wide as their cells, two spaces between them. */
import { displayWidth, padTo, truncateMiddle } from "./width.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Columns with the highest number are left out first when the table is too wide; 0 (default): never. */
  readonly dropOrder?: number;
  /** The column may be cut in the middle down to this many columns. */
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
  const shown = chooseColumns(columns, natural, layout.width ?? Number.POSITIVE_INFINITY);
  const widths = shrink(columns, natural, shown, layout.width ?? Number.POSITIVE_INFINITY);
  const lines = rows.map((row) => renderRow(columns, row, shown, widths));
  if (layout.header === false) return lines;
  const titles = columns.map((column) => column.title);
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

function smallest(column: Column, width: number): number {
  return column.shrinkTo === undefined ? width : Math.min(width, column.shrinkTo);
}

function chooseColumns(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const least = columns.map((column, index) => smallest(column, natural[index] ?? 0));
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
  columns: readonly Column[],
  natural: readonly number[],
  shown: readonly number[],
  width: number,
): number[] {
  const widths = [...natural];
  for (let excess = totalWidth(widths, shown) - width; excess > 0; ) {
    const widest = widestShrinkable(columns, widths, shown);
    if (widest === undefined) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function widestShrinkable(
  columns: readonly Column[],
  widths: readonly number[],
  shown: readonly number[],
): number | undefined {
  let found: number | undefined;
  for (const index of shown) {
    const least = columns[index]?.shrinkTo;
    if (least === undefined || (widths[index] ?? 0) <= least) continue;
    if (found === undefined || (widths[index] ?? 0) > (widths[found] ?? 0)) found = index;
  }
  return found;
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
