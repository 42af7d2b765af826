/** Groups as rows: one for each, or one for each of their metrics. */
import type { GroupValue } from "../../core/search/group-rows.js";
import type { CellValue } from "../output/cell.js";
import { formatNumber } from "../output/number.js";
import type { RowColumn } from "../output/row-column.js";
import type { GroupMetric } from "./group-metrics.js";
import { formatMean } from "./mean-interval.js";
import type { GroupListing, GroupStatistics, RunGroup } from "./print-groups.js";

export interface GroupTableOptions {
  /** One row for each metric of each group, with all its statistics. */
  readonly long: boolean;
  readonly idOf: (row: number) => string;
  /** How many characters of ids people see. */
  readonly idLength: number;
}

export interface GroupTable {
  readonly columns: readonly RowColumn[];
  readonly rows: Iterable<readonly CellValue[]>;
  /** What `--json` prints. */
  readonly records: Iterable<object>;
}

export function groupTable(listing: GroupListing, options: GroupTableOptions): GroupTable {
  const table = options.long ? longTable(listing, options) : wideTable(listing, options);
  return { ...table, records: groupRecords(listing, options) };
}

function keyColumns({ keys }: GroupListing): readonly RowColumn[] {
  return keys.map(({ key, title }) => ({ key, title, shrinkTo: 6 }));
}

function keyCells({ values }: RunGroup): readonly CellValue[] {
  return values.map((value) => (value === null ? { value, text: "-" } : value));
}

function wideTable(listing: GroupListing, options: GroupTableOptions): Omit<GroupTable, "records"> {
  const { metrics, groups, deciding } = listing;
  const bests = metrics.map((metric, index) => bestMean(groups, metric, index));
  const hasBest = metrics[deciding]?.direction != null;
  return {
    columns: [
      ...keyColumns(listing),
      { key: "runs", title: "RUNS", type: "integer" },
      ...metrics.map(
        ({ title }, index): RowColumn => ({
          key: title,
          title,
          align: "right",
          dropOrder: index === 0 ? 1 : 10 + index,
        }),
      ),
      ...(hasBest ? [{ key: "best", title: "BEST", dropOrder: 5 }] : []),
    ],
    rows: groups.map((group) => [
      ...keyCells(group),
      group.rows.length,
      ...group.statistics.map((statistics, index) => meanCell(statistics, bests[index] ?? null)),
      ...(hasBest ? [idCell(group.statistics[deciding]!.best, options)] : []),
    ]),
  };
}

/** The best mean of all groups; null when one direction is not better than the other, or when there is nothing to compare. */
function bestMean(groups: readonly RunGroup[], { direction }: GroupMetric, index: number): number | null {
  const means = groups.map(({ statistics }) => statistics[index]!.mean).filter((mean) => mean !== null);
  if (direction === null || means.length < 2) return null;
  return means.reduce((a, b) => (direction === "min" ? Math.min(a, b) : Math.max(a, b)));
}

/** A mean that not every run of the group is part of says so: `0.183 ± 0.012 (4/5)`. */
function meanCell(statistics: GroupStatistics, best: number | null): CellValue {
  const { mean, ci95, n, notFinite, missing } = statistics;
  const runs = n + notFinite + missing;
  if (mean === null) return { value: null, text: notFinite > 0 ? `nan (0/${runs})` : "-" };
  const share = n < runs ? ` (${n}/${runs})` : "";
  return { value: mean, text: formatMean(mean, ci95) + share, bold: mean === best };
}

function idCell(row: number | null, { idOf, idLength }: GroupTableOptions): CellValue {
  if (row === null) return { value: null, text: "-" };
  const id = idOf(row);
  return { value: id, text: id.slice(0, idLength) };
}

const STATISTICS = ["mean", "std", "ci95", "min", "max"] as const;
const TITLES = { mean: "MEAN", std: "STD", ci95: "CI95", min: "MIN", max: "MAX" } as const;

function longTable(listing: GroupListing, options: GroupTableOptions): Omit<GroupTable, "records"> {
  const { metrics, groups } = listing;
  const bests = metrics.map((metric, index) => bestMean(groups, metric, index));
  return {
    columns: [
      ...keyColumns(listing),
      { key: "metric", title: "METRIC", type: "text" },
      { key: "runs", title: "RUNS", type: "integer", only: "programs" },
      { key: "n", title: "N", type: "integer" },
      { key: "not_finite", title: "NAN", type: "integer", dropOrder: 6 },
      { key: "missing", title: "MISSING", type: "integer", dropOrder: 7 },
      ...STATISTICS.map((name): RowColumn => ({ key: name, title: TITLES[name], type: "number" })),
      { key: "direction", title: "BETTER", type: "text", only: "programs" },
      { key: "best_run_id", title: "BEST", type: "text", dropOrder: 5 },
    ],
    rows: groups.flatMap((group) =>
      group.statistics.map((statistics, index) => [
        ...keyCells(group),
        metrics[index]!.title,
        group.rows.length,
        statistics.n,
        statistics.notFinite,
        statistics.missing,
        ...STATISTICS.map((name) => statisticCell(statistics, name, bests[index] ?? null)),
        metrics[index]!.direction,
        idCell(statistics.best, options),
      ]),
    ),
  };
}

function statisticCell(
  statistics: GroupStatistics,
  name: (typeof STATISTICS)[number],
  best: number | null,
): CellValue {
  const value = statistics[name];
  if (value === null) return { value, text: "-" };
  return { value, text: formatNumber(value), bold: name === "mean" && value === best };
}

/** One object a group (docs/reference/json.md). */
function* groupRecords(
  { keys, metrics, groups }: GroupListing,
  { idOf }: GroupTableOptions,
): Generator<object> {
  for (const { values, rows, statistics } of groups)
    yield {
      group: Object.fromEntries(keys.map(({ key }, index): [string, GroupValue] => [key, values[index]!])),
      runs: rows.length,
      run_ids: rows.map(idOf),
      metrics: Object.fromEntries(
        statistics.map((one, index) => [metrics[index]!.title, statisticsRecord(one, metrics[index]!, idOf)]),
      ),
    };
}

function statisticsRecord(
  { n, notFinite, missing, mean, std, ci95, min, max, best }: GroupStatistics,
  { direction }: GroupMetric,
  idOf: (row: number) => string,
): object {
  const best_run_id = best === null ? null : idOf(best);
  return { n, not_finite: notFinite, missing, mean, std, ci95, min, max, direction, best_run_id };
}
