/** Evaluates a filter over the columns of a table. */
import type { Condition, Filter, FilterField, TestFilter, WordFilter } from "./filter.js";
import { allRows, type Rows, rowsThat, without } from "./rows.js";
import type { Column, NumberColumn, SearchTable } from "./table.js";
import { passingRows } from "./test-column.js";
import { COST, type SearchWork } from "./work.js";

export interface EvaluationContext {
  readonly table: SearchTable;
  /** Milliseconds since 1970: running things last until now. */
  readonly now: number;
  /** What bare words look into, beside tags. */
  readonly names: readonly FilterField[];
  /** What bare words of hexadecimal digits begin. */
  readonly ids: readonly FilterField[];
  readonly work: SearchWork;
}

/**
 * The rows that match, of those given. Throws `INVALID_PARAMETER_VALUE` for a filter that costs more than its
 * {@link SearchWork} allows.
 */
export function evaluateFilter(filter: Filter, rows: Rows, context: EvaluationContext): Rows {
  if (rows.length === 0) return rows;
  switch (filter.kind) {
    case "all":
      return rows;
    case "test":
      return evaluateTest(filter, rows, context);
    case "word":
      return evaluateWord(filter, rows, context);
    case "not":
      return without(rows, evaluateFilter(filter.part, rows, context));
    case "and":
      return filter.parts.reduce((left, part) => evaluateFilter(part, left, context), rows);
    case "or":
      return anyOf(filter.parts, rows, context);
  }
}

/** What matched already is not looked at again. */
function anyOf(parts: readonly Filter[], rows: Rows, context: EvaluationContext): Rows {
  const rest = parts.reduce((left, part) => without(left, evaluateFilter(part, left, context)), rows);
  return without(rows, rest);
}

function evaluateTest({ field, condition }: TestFilter, rows: Rows, context: EvaluationContext): Rows {
  const { work } = context;
  work.begin();
  return passingRows(countedColumn(field, context), condition, { rows, work });
}

/** Columns of fields that were not asked for before have to be made. */
function countedColumn(field: FilterField, context: EvaluationContext): Column | null {
  const { table, work } = context;
  if (work.isNew(JSON.stringify(field))) work.look(table.rowCount * COST.load);
  return columnOf(field, context);
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
  const running = new Set(runningRows(table));
  const values = new Float64Array(table.rowCount);
  const present = new Uint8Array(table.rowCount);
  for (let row = 0; row < table.rowCount; row += 1) {
    const until =
      end?.kind === "number" && isPresent(end, row) ? end.values[row]! : running.has(row) ? now : null;
    if (until === null || !isPresent(start, row)) continue;
    values[row] = until - start.values[row]!;
    present[row] = 1;
  }
  return { kind: "number", values, present };
}

function runningRows(table: SearchTable): Rows {
  const state = table.column({ entity: "attribute", key: "state" });
  if (state?.kind !== "text") return new Uint32Array();
  const code = state.texts.indexOf("RUNNING") + 1;
  return code === 0
    ? new Uint32Array()
    : rowsThat(allRows(table.rowCount), (row) => state.codes[row] === code);
}

function isPresent({ present }: NumberColumn, row: number): boolean {
  return present === null || present[row] === 1;
}

const NOTE = "mlflow.note.content";
const SYSTEM_TAGS = ["mlflow.", "runstone."];

/** In a name, the note, or the value of a tag that is nobody's but the user's; or the beginning of an id. */
function evaluateWord(filter: WordFilter, rows: Rows, context: EvaluationContext): Rows {
  const { table, names, ids, work } = context;
  const { matches, folded, idPrefix } = filter;
  const word: Condition = { kind: "folded", matches, holds: folded };
  work.begin();
  let rest = rows;
  const add = (field: FilterField, condition: Condition): void => {
    const column = rest.length === 0 ? null : countedColumn(field, context);
    if (column !== null) rest = without(rest, passingRows(column, condition, { rows: rest, work }));
  };
  const begins = (id: string): boolean => idPrefix !== null && id.startsWith(idPrefix);
  if (idPrefix !== null) for (const id of ids) add(id, { kind: "text", matches: begins });
  for (const name of names) add(name, word);
  for (const key of table.keys("tag")) if (isOwnTag(key)) add({ entity: "tag", key }, word);
  return without(rows, rest);
}

function isOwnTag(key: string): boolean {
  return key === NOTE || !SYSTEM_TAGS.some((prefix) => key.startsWith(prefix));
}
