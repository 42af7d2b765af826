/** Evaluates a filter over the columns of a table. */
import type { Filter, FilterField, WordFilter } from "./filter.js";
import { intersect, invert, type RowMask, unite } from "./row-mask.js";
import type { Column, NumberColumn, SearchTable } from "./table.js";
import { testColumn } from "./test-column.js";

export interface EvaluationContext {
  readonly table: SearchTable;
  /** Milliseconds since 1970: running things last until now. */
  readonly now: number;
  /** What bare words look into, beside tags. */
  readonly names: readonly FilterField[];
  /** What bare words of hexadecimal digits begin. */
  readonly ids: readonly FilterField[];
}

/** The rows that match; the mask is the caller's. */
export function evaluateFilter(filter: Filter, context: EvaluationContext): RowMask {
  const { rowCount } = context.table;
  switch (filter.kind) {
    case "all":
      return new Uint8Array(rowCount).fill(1);
    case "test":
      return testColumn(columnOf(filter.field, context), filter.condition, rowCount);
    case "word":
      return evaluateWord(filter, context);
    case "not": {
      const mask = evaluateFilter(filter.part, context);
      invert(mask);
      return mask;
    }
    default:
      return filter.kind === "and" ? allOf(filter.parts, context) : anyOf(filter.parts, context);
  }
}

/** What comes after no row is left is not looked at. */
function allOf(parts: readonly Filter[], context: EvaluationContext): RowMask {
  const mask = evaluateFilter(parts[0]!, context);
  for (let i = 1; i < parts.length && mask.includes(1); i += 1)
    intersect(mask, evaluateFilter(parts[i]!, context));
  return mask;
}

function anyOf(parts: readonly Filter[], context: EvaluationContext): RowMask {
  const mask = evaluateFilter(parts[0]!, context);
  for (let i = 1; i < parts.length && mask.includes(0); i += 1)
    unite(mask, evaluateFilter(parts[i]!, context));
  return mask;
}

/** The column a filter or an order means; null when no row has a value. */
export function columnOf(
  field: FilterField,
  { table, now }: Pick<EvaluationContext, "table" | "now">,
): Column | null {
  if (field.entity === "duration") return durationColumn(table, now);
  if (field.entity === "ambiguous") return table.column(field.exact) ?? table.column(field.otherwise);
  const column = table.column(field);
  return field.entity === "attribute" && field.key === "run_name" ? withoutEmpty(column) : column;
}

/** An empty text as a missing one: a run without a name is no run that is called "". */
function withoutEmpty(column: Column | null): Column | null {
  if (column?.kind !== "text") return column;
  const empty = column.texts.indexOf("") + 1;
  if (empty === 0) return column;
  return { ...column, codes: column.codes.map((code) => (code === empty ? 0 : code)) };
}

/** From start to end; of runs that are running, to now. */
function durationColumn(table: SearchTable, now: number): NumberColumn | null {
  const start = table.column({ entity: "attribute", key: "start_time" });
  const end = table.column({ entity: "attribute", key: "end_time" });
  if (start?.kind !== "number") return null;
  const running = testColumn(
    table.column({ entity: "attribute", key: "state" }),
    { kind: "equal", value: "RUNNING" },
    table.rowCount,
  );
  const values = new Float64Array(table.rowCount);
  const present = new Uint8Array(table.rowCount);
  for (let row = 0; row < table.rowCount; row += 1) {
    const until =
      end?.kind === "number" && isPresent(end, row) ? end.values[row]! : running[row] === 1 ? now : null;
    if (until === null || !isPresent(start, row)) continue;
    values[row] = until - start.values[row]!;
    present[row] = 1;
  }
  return { kind: "number", values, present };
}

function isPresent({ present }: NumberColumn, row: number): boolean {
  return present === null || present[row] === 1;
}

const NOTE = "mlflow.note.content";
const SYSTEM_TAGS = ["mlflow.", "runstone."];

/** In a name, the note, or the value of a tag that is nobody's but the user's; or the beginning of an id. */
function evaluateWord({ matches, idPrefix }: WordFilter, context: EvaluationContext): RowMask {
  const { table, names, ids } = context;
  const mask = new Uint8Array(table.rowCount);
  const begins = (id: string): boolean => idPrefix !== null && id.startsWith(idPrefix);
  for (const id of idPrefix === null ? [] : ids)
    unite(mask, testColumn(columnOf(id, context), { kind: "text", matches: begins }, table.rowCount));
  const add = (column: Column | null): void => {
    if (column !== null) unite(mask, testColumn(column, { kind: "folded", matches }, table.rowCount));
  };
  for (const name of names) add(columnOf(name, context));
  for (const key of table.keys("tag")) if (isOwnTag(key)) add(table.column({ entity: "tag", key }));
  return mask;
}

function isOwnTag(key: string): boolean {
  return key === NOTE || !SYSTEM_TAGS.some((prefix) => key.startsWith(prefix));
}
