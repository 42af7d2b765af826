/** Searches a table of runs: filter, order, one page. */
import type { View } from "../../store-format/index.js";
import { columnOf, type EvaluationContext, evaluateFilter } from "./evaluate-filter.js";
import type { Condition, Filter } from "./filter.js";
import { fruitlessHints } from "./fruitless-hints.js";
import { checkMaxResults, pageRows, type RowPage } from "./page-rows.js";
import { parseFilter } from "./parse-filter.js";
import { type OrderClause, parseOrder } from "./parse-order.js";
import { allRows, type Rows } from "./rows.js";
import { MLFLOW_RUNS, runstoneRuns } from "./run-schema.js";
import type { RunTable } from "./run-table.js";
import type { SearchSchema } from "./search-schema.js";
import { type RowOrdering, rowOrdering, type SortKey } from "./sort-rows.js";
import type { Column, SearchTable } from "./table.js";
import { passingRows } from "./test-column.js";
import type { Dialect } from "./tokenize.js";
import { fieldsOf, unknownKeyHints } from "./unknown-keys.js";
import { SearchWork } from "./work.js";

export interface RunSearch {
  /** Default: every run. */
  readonly filter?: string | undefined;
  readonly dialect: Dialect;
  /** `metrics.loss`, `start_time DESC`, ...; what is equal in all: latest start first, then by run id. */
  readonly orderBy?: readonly string[] | undefined;
  /** Default and limit in MLflow's dialect: 1,000 and 50,000. In Runstone's: all, and none. */
  readonly maxResults?: number | undefined;
  readonly pageToken?: string | undefined;
  /** By the runs' lifecycle stage; default `active`. */
  readonly view?: View | undefined;
  /** Default: every experiment. An id that there is not has no runs. */
  readonly experimentIds?: readonly string[] | undefined;
  /** Leaves out runs whose meta.yaml cannot be read. */
  readonly withoutDamaged?: boolean | undefined;
  /** Names by experiment id, so that `experiment` in a filter may be either (Runstone's dialect). */
  readonly experimentNames?: ReadonlyMap<string, string> | undefined;
  /** Milliseconds since 1970: what ages and running durations count to. */
  readonly now: number;
}

/** Rows are row numbers of the table. */
export interface RunPage extends RowPage {
  /** Sentences about keys and words that were asked for and that no run of the table has (Runstone's dialect). */
  readonly hints: readonly string[];
}

const LIMITS = {
  mlflow: { otherwise: 1_000, most: 50_000 },
  runstone: { otherwise: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY },
} as const;

/** Throws `INVALID_PARAMETER_VALUE` for a filter, order, page token or limit that cannot be understood. */
export function searchRunTable(table: RunTable, search: RunSearch): RunPage {
  const maxResults = checkMaxResults(search.maxResults, LIMITS[search.dialect]);
  const schema = search.dialect === "mlflow" ? MLFLOW_RUNS : runstoneRuns(search.experimentNames);
  const context = {
    table,
    now: search.now,
    names: schema.names,
    ids: schema.ids ?? [],
    work: new SearchWork(table.rowCount),
  };
  const filter = parseFilter(search.filter === undefined ? "" : search.filter, {
    schema,
    now: search.now,
    known: table,
  });
  const clauses = parseOrder(search.orderBy ?? [], { schema, known: table });
  const rows = evaluateFilter(filter, askedRows(table, search), context);
  const order = orderOfRuns(clauses, context, schema);
  const page = pageRows(rows, { order, maxResults, pageToken: search.pageToken });
  return { ...page, hints: search.dialect === "mlflow" ? [] : hintsOf(filter, clauses, context) };
}

function hintsOf(
  filter: Filter,
  clauses: readonly OrderClause[],
  context: EvaluationContext,
): readonly string[] {
  const fields = [...fieldsOf(filter), ...clauses.map(({ field }) => field.field)];
  return [...unknownKeyHints(fields, context.table), ...fruitlessHints(filter, context)];
}

/** The rows of the view and the experiments asked for. */
function askedRows(
  table: SearchTable,
  { view = "active", experimentIds, withoutDamaged = false }: RunSearch,
): Rows {
  let rows = allRows(table.rowCount);
  const keep = (key: string, condition: Condition): void => {
    const column = table.column({ entity: "attribute", key });
    rows = passingRows(column, condition, { rows, work: new SearchWork(table.rowCount) });
  };
  if (view !== "all") keep("lifecycle_stage", { kind: "equal", value: view });
  // Every other run has a status. The state would cost a look at the lease of each run marked RUNNING.
  if (withoutDamaged) keep("status", { kind: "present", wanted: true });
  if (experimentIds !== undefined) {
    const wanted = new Set(experimentIds);
    keep("experiment_id", { kind: "text", matches: (id) => wanted.has(id) });
  }
  return rows;
}

function orderOfRuns(
  clauses: readonly OrderClause[],
  context: EvaluationContext,
  { dialect }: SearchSchema,
): RowOrdering {
  const keys = clauses.map((clause) => sortKey(clause, context, dialect));
  const column = (key: string): Column | null => context.table.column({ entity: "attribute", key });
  return rowOrdering([
    ...keys,
    { column: column("start_time"), descending: true },
    { column: () => column("run_id"), descending: false },
  ]);
}

/** Ages grow as times sink. */
export function sortKey(
  { field, descending }: OrderClause,
  context: EvaluationContext,
  dialect: Dialect,
): SortKey {
  const column = columnOf(field.field, context);
  if (field.type === "age") return { column, descending: !descending };
  return { column, descending, numeric: dialect === "runstone" && field.type === "scalar" };
}
