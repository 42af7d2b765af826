/**
 * What a filter is evaluated over: rows with fields, held by columns. A store that was just read (memory-run-table.ts)
 * and the index (core/index) give the same table, so one evaluator serves both.
 */

/** The statistics of a metric that a search can name; `last` is the latest point by MLflow's rule. */
export const METRIC_AGGREGATES = ["last", "min", "max", "first", "count"] as const;
export type MetricAggregate = (typeof METRIC_AGGREGATES)[number];

/** One thing that a row may have a value for. */
export type Field =
  | { readonly entity: "attribute"; readonly key: string }
  | { readonly entity: "metric"; readonly key: string; readonly aggregate: MetricAggregate }
  | { readonly entity: "param"; readonly key: string }
  | { readonly entity: "tag"; readonly key: string }
  | { readonly entity: "dataset"; readonly key: "name" | "digest" | "context" };

/** Numbers, one a row; a row without a value has 0 in `present` (null: every row has one). NaN is a value. */
export interface NumberColumn {
  readonly kind: "number";
  readonly values: Float64Array;
  readonly present: Uint8Array | null;
}

/** Texts, one a row: `codes[row]` is 0 when the row has none, else `texts[code - 1]`. A text occurs once in `texts`. */
export interface TextColumn {
  readonly kind: "text";
  readonly codes: Uint32Array;
  readonly texts: readonly string[];
}

/** Any number of texts a row: those of row r are `codes[offsets[r]]` up to, without, `codes[offsets[r + 1]]`, coded from 1. */
export interface TextListColumn {
  readonly kind: "texts";
  readonly offsets: Uint32Array;
  readonly codes: Uint32Array;
  readonly texts: readonly string[];
}

export type Column = NumberColumn | TextColumn | TextListColumn;

export interface SearchTable {
  readonly rowCount: number;
  /** The values of a field; null when no row has one. Asking again costs nothing. */
  column(field: Field): Column | null;
  /** Every metric, param or tag key that a row has, in code-point order (for suggestions and column globs). */
  keys(entity: "metric" | "param" | "tag"): readonly string[];
}
