/** Single values of a table's columns. */
import type { RunTable } from "./run-table.js";
import type { Column } from "./table.js";

/** The text of a row; null when it has none, or when the column holds no texts. */
export function textAt(column: Column | null, row: number): string | null {
  if (column?.kind !== "text") return null;
  const code = column.codes[row] ?? 0;
  return code === 0 ? null : (column.texts[code - 1] ?? null);
}

/** The number of a row (NaN is one); null when it has none, or when the column holds no numbers. */
export function numberAt(column: Column | null, row: number): number | null {
  if (column?.kind !== "number" || column.present?.[row] === 0) return null;
  return column.values[row] ?? null;
}

/** The rows whose text passes, in order; each text is tested once. */
export function rowsWithText(column: Column | null, passes: (text: string) => boolean): number[] {
  if (column?.kind !== "text") return [];
  const passing = column.texts.map(passes);
  const rows: number[] = [];
  column.codes.forEach((code, row) => {
    if (code > 0 && passing[code - 1] === true) rows.push(row);
  });
  return rows;
}

/** The rows of runs that are not deleted. */
export function activeRows(table: RunTable): number[] {
  return rowsWithText(
    table.column({ entity: "attribute", key: "lifecycle_stage" }),
    (stage) => stage === "active",
  );
}
