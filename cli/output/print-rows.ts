/** Rows in every format that `--format` knows. */
import type { CommandContext } from "../context.js";
import { usageError } from "../parse/usage-error.js";
import type { CellValue } from "./cell.js";
import { csvLines, forTerminal, type LineOf, tsvLines } from "./delimited.js";
import { type Format, isForPeople } from "./formats.js";
import { serializeJson } from "./json.js";
import { jsonRows } from "./json-row.js";
import { latexFoot, latexHead, latexLine } from "./latex.js";
import { markdownHead, markdownLine } from "./markdown.js";
import type { Output } from "./output.js";
import { withOutput } from "./output-file.js";
import { printTable } from "./print-table.js";
import type { RowColumn } from "./row-column.js";

export interface RowsToPrint {
  readonly columns: readonly RowColumn[];
  /** A cell for each column, those that are left out in some formats too. Taken one by one, but for `table`. */
  readonly rows: Iterable<readonly CellValue[]>;
  readonly format: Format;
  /** Above a table, in bold before a Markdown table, the caption of a LaTeX table. */
  readonly title?: string | undefined;
  /** `false`: a table without its heads. */
  readonly header?: boolean;
  /** What `json` and `jsonl` print instead of the rows, where a command has objects that say more. */
  readonly records?: Iterable<object>;
  /** `--output FILE` */
  readonly output?: string | undefined;
}

/** Throws USAGE for Parquet on a terminal; see `withOutput` for what a file may be refused for. */
export async function printRows(context: CommandContext, printed: RowsToPrint): Promise<void> {
  await withOutput(context, printed.output, (into) => printInto(into, printed));
}

async function printInto(context: CommandContext, printed: RowsToPrint): Promise<void> {
  const shown = columnsFor(printed.columns, printed.format);
  const columns = shown.map((index) => printed.columns[index]!);
  const all = columns.length === printed.columns.length;
  const rows = all ? printed.rows : pick(printed.rows, shown);
  const chosen = { ...printed, columns, rows };
  if (printed.format === "parquet") return printParquet(context, chosen);
  printText(context, chosen);
}

function columnsFor(columns: readonly RowColumn[], format: Format): number[] {
  const other = isForPeople(format) ? "programs" : "people";
  return columns.flatMap(({ only }, index) => (only === other ? [] : [index]));
}

function* pick(
  rows: Iterable<readonly CellValue[]>,
  shown: readonly number[],
): Generator<readonly CellValue[]> {
  for (const row of rows) yield shown.map((index) => row[index]!);
}

function printText(context: CommandContext, printed: RowsToPrint): void {
  const { columns, rows, title } = printed;
  const { out } = context;
  switch (printed.format) {
    case "table":
      return printTable(context, printed);
    case "csv":
      return printLines(out, keysOf(columns), rows, forTerminal(out, csvLines()));
    case "tsv":
      return printLines(out, keysOf(columns), rows, forTerminal(out, tsvLines()));
    case "md":
      out.write(markdownHead(columns, title));
      for (const row of rows) out.write(markdownLine(row));
      return;
    case "latex":
      out.write(latexHead(columns, title));
      for (const row of rows) out.write(latexLine(row));
      return out.write(latexFoot(title));
    case "jsonl":
      for (const object of jsonObjects(printed)) out.line(object);
      return;
    case "json":
      return printArray(out, jsonObjects(printed));
  }
}

function keysOf(columns: readonly RowColumn[]): readonly string[] {
  return columns.map(({ key }) => key);
}

function printLines(
  out: Output,
  head: readonly string[],
  rows: Iterable<readonly CellValue[]>,
  lineOf: LineOf,
): void {
  out.write(lineOf(head));
  for (const row of rows) out.write(lineOf(row));
}

function* jsonObjects({ columns, rows, records }: RowsToPrint): Generator<string> {
  if (records !== undefined) {
    for (const record of records) yield serializeJson(record);
    return;
  }
  const objectOf = jsonRows(keysOf(columns));
  for (const row of rows) yield objectOf(row);
}

function printArray(out: Output, objects: Iterable<string>): void {
  let first = true;
  for (const object of objects) {
    out.write(first ? "[\n" : ",\n");
    out.write(object);
    first = false;
  }
  out.line(first ? "[]" : "\n]");
}

async function printParquet({ out }: CommandContext, { columns, rows }: RowsToPrint): Promise<void> {
  if (out.isTerminal)
    throw usageError(
      "a terminal cannot show Parquet",
      "Add --output FILE, or send it to a file or a program",
    );
  const { writeParquet } = await import("./write-parquet.js");
  writeParquet(out, { columns, rows });
}
