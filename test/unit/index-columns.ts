/** What two tables of runs must agree in. */
import type { IndexedRun } from "../../core/index/indexed-run.js";
import { MemoryRunTable } from "../../core/search/memory-run-table.js";
import { RUN_ATTRIBUTES } from "../../core/search/run-table.js";
import { type Column, type Field, METRIC_AGGREGATES, type SearchTable } from "../../core/search/table.js";

/** What the index must agree with. */
export function tableOf(runs: readonly IndexedRun[]): MemoryRunTable {
  const records = runs.map(({ record }) => ({ ...record, directory: "" }));
  return new MemoryRunTable(records, { asOf: 0, stateOf: () => "RUNNING" });
}

/** Every field that a table knows, and some that it does not. */
export function fieldsOf(table: SearchTable): Field[] {
  const fields: Field[] = RUN_ATTRIBUTES.map((key) => ({ entity: "attribute", key }));
  for (const key of [...table.keys("metric"), "no such key"])
    for (const aggregate of METRIC_AGGREGATES) fields.push({ entity: "metric", key, aggregate });
  for (const entity of ["param", "tag"] as const)
    for (const key of [...table.keys(entity), "no such key"]) fields.push({ entity, key });
  for (const key of ["name", "digest", "context"] as const) fields.push({ entity: "dataset", key });
  return fields;
}

/** The values of the rows, however the column holds them. */
export function valuesOf(column: Column | null): unknown {
  if (column === null) return null;
  const rows = column.kind === "number" ? column.values : column.codes;
  if (column.kind === "texts")
    return Array.from(column.offsets.subarray(1), (end, row) =>
      Array.from(column.codes.subarray(column.offsets[row], end), (code) => column.texts[code - 1]),
    );
  return Array.from(rows, (value, row) => {
    if (column.kind === "text") return value === 0 ? undefined : column.texts[value - 1];
    return column.present?.[row] === 0 ? undefined : value;
  });
}
