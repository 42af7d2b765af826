/** What the searches over lists share: filter, order, one page. */
import { columnOf, evaluateFilter } from "./evaluate-filter.js";
import type { Filter } from "./filter.js";
import { checkMaxResults, type PageLimits, pageRows } from "./page-rows.js";
import { parseFilter } from "./parse-filter.js";
import { type OrderClause, parseOrder } from "./parse-order.js";
import { allRows } from "./rows.js";
import type { SearchSchema } from "./search-schema.js";
import { rowOrdering, type SortKey } from "./sort-rows.js";
import type { SearchTable } from "./table.js";
import type { Dialect } from "./tokenize.js";
import { SearchWork } from "./work.js";

/** What to search for in a list. */
export interface EntitySearch {
  /** Default: everything. */
  readonly filter?: string | undefined;
  readonly dialect: Dialect;
  readonly orderBy?: readonly string[] | undefined;
  /** Default and limit in MLflow's dialect are MLflow's; in Runstone's all, and none. */
  readonly maxResults?: number | undefined;
  readonly pageToken?: string | undefined;
  /** Milliseconds since 1970: what ages count to. */
  readonly now: number;
}

export interface EntityPage<Item> {
  readonly items: readonly Item[];
  /** How many match, on all pages. */
  readonly total: number;
  /** null on the last page. */
  readonly nextPageToken: string | null;
}

export interface ListSearch<Item> {
  readonly items: readonly Item[];
  readonly table: SearchTable;
  readonly schema: SearchSchema;
  readonly limits: PageLimits;
  /** Clauses when none are asked for. */
  readonly defaultOrder: readonly string[];
  /** Clauses that decide what is equal, unless their field was asked for. */
  readonly ties: readonly string[];
}

export const UNLIMITED: PageLimits = { otherwise: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY };

/** Throws `INVALID_PARAMETER_VALUE` for what cannot be understood. */
export function searchList<Item>(list: ListSearch<Item>, search: EntitySearch): EntityPage<Item> {
  return pageOfList(list, search, {
    filter: parseFilter(search.filter === undefined ? "" : search.filter, {
      schema: list.schema,
      now: search.now,
      known: list.table,
    }),
    keys: sortKeys(list, search),
  });
}

/** The same with a filter and an order that are understood already. */
export function pageOfList<Item>(
  { items, table, schema, limits }: Pick<ListSearch<Item>, "items" | "table" | "schema" | "limits">,
  search: EntitySearch,
  { filter, keys }: { readonly filter: Filter; readonly keys: readonly SortKey[] },
): EntityPage<Item> {
  const maxResults = checkMaxResults(search.maxResults, search.dialect === "mlflow" ? limits : UNLIMITED);
  const context = {
    table,
    now: search.now,
    names: schema.names,
    ids: schema.ids ?? [],
    work: new SearchWork(table.rowCount),
  };
  const matching = evaluateFilter(filter, allRows(table.rowCount), context);
  const page = { order: rowOrdering(keys), maxResults, pageToken: search.pageToken };
  const { rows, total, nextPageToken } = pageRows(matching, page);
  return { items: rows.map((row) => items[row]!), total, nextPageToken };
}

function sortKeys<Item>(list: ListSearch<Item>, { orderBy = [], now }: EntitySearch): readonly SortKey[] {
  const { table, schema, defaultOrder, ties } = list;
  const clauses = parseOrder(orderBy.length === 0 ? defaultOrder : orderBy, { schema, known: table });
  const asked = new Set(clauses.map(nameOf));
  const rest = parseOrder(ties, { schema }).filter((clause) => !asked.has(nameOf(clause)));
  return [...clauses, ...rest].map(({ field, descending }) => ({
    column: columnOf(field.field, { table, now }),
    descending: field.type === "age" ? !descending : descending,
    numeric: schema.dialect === "runstone" && field.type === "scalar",
  }));
}

function nameOf({ field }: OrderClause): string {
  return JSON.stringify(field.field);
}
