/** A table of cells for people. */
import type { CommandContext } from "../context.js";
import { type CellValue, isBold, textForPeople } from "./cell.js";
import { isRightAligned, type RowColumn } from "./row-column.js";
import { type Column, renderTable } from "./table.js";
import { visible } from "./visible.js";

export interface TableToPrint {
  readonly columns: readonly RowColumn[];
  readonly rows: Iterable<readonly CellValue[]>;
  readonly title?: string | undefined;
  /** `false`: without the heads of the columns. */
  readonly header?: boolean;
}

export function printTable(
  context: CommandContext,
  { columns, rows, title, header = true }: TableToPrint,
): void {
  const { out, style, width } = context;
  const bold = new Set<string>();
  const texts = Array.from(rows, (row, line) =>
    row.map((cell, index) => {
      if (isBold(cell)) bold.add(`${line} ${index}`);
      return visible(textForPeople(cell));
    }),
  );
  if (title !== undefined) out.line(style.bold(visible(title)));
  const painted = columns.map((column, index) =>
    tableColumn(header ? column : { ...column, title: "" }, boldCells(bold, index, style.bold)),
  );
  for (const line of renderTable(painted, texts, { width, header, paintHeader: style.dim })) out.line(line);
}

type Paint = NonNullable<Column["paint"]>;

/** Rows are painted one after another: the column counts them. */
function boldCells(bold: ReadonlySet<string>, index: number, paint: (text: string) => string): Paint {
  let line = -1;
  return (padded) => {
    line += 1;
    return bold.has(`${line} ${index}`) ? paint(padded) : padded;
  };
}

function tableColumn(column: RowColumn, bold: Paint): Column {
  return {
    title: visible(column.title),
    align: isRightAligned(column) ? "right" : "left",
    ...(column.dropOrder === undefined ? {} : { dropOrder: column.dropOrder }),
    ...(column.shrinkTo === undefined ? {} : { shrinkTo: column.shrinkTo }),
    paint: (padded, cell) => bold(column.paint?.(padded, cell) ?? padded, cell),
  };
}
