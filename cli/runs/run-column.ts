/** The columns that listings of runs can have. */
import type { MetricAggregate } from "../../core/search/table.js";
import type { CellValue } from "../output/cell.js";
import type { RowColumn } from "../output/row-column.js";
import { visible } from "../output/visible.js";
import { truncateMiddle } from "../output/width.js";
import type { ListedRun } from "./listed-run.js";

export interface RunColumn extends RowColumn {
  readonly cell: (run: ListedRun) => CellValue;
}

/** Also in a pipe: one long param must not widen every row. Programs get values whole. */
const LONGEST_CELL = 120;

/** A column of a metric: the latest value, or another of its aggregates. */
export function metricColumn(key: string, aggregate: MetricAggregate = "last"): RunColumn {
  const title = aggregate === "last" ? key : `${key}.${aggregate}`;
  return {
    key: `metrics.${title}`,
    title,
    type: "number",
    shrinkTo: 6,
    cell: (run) => (aggregate === "last" ? (run.metrics[key]?.value ?? null) : run.aggregate(key, aggregate)),
  };
}

export function paramColumn(key: string): RunColumn {
  return { ...textColumn(`params.${key}`, key), cell: ({ params }) => longText(params[key]) };
}

export function tagColumn(key: string): RunColumn {
  return { ...textColumn(`tags.${key}`, key), cell: ({ tags }) => longText(tags[key]) };
}

function textColumn(key: string, title: string): RowColumn {
  return { key, title, type: "text", shrinkTo: 6 };
}

function longText(value: string | undefined): CellValue {
  if (value === undefined) return null;
  return value.length <= LONGEST_CELL / 4
    ? value
    : { value, text: truncateMiddle(visible(value), LONGEST_CELL) };
}
