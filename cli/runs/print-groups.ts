/** Groups of runs with the statistics of their metrics. */
import { numberAt, textAt } from "../../core/search/cells.js";
import {
  compareGroupValues,
  type GroupValue,
  groupRows,
  type RowGroup,
} from "../../core/search/group-rows.js";
import type { Direction } from "../../core/search/metric-direction.js";
import type { RunTable } from "../../core/search/run-table.js";
import { type ValueStatistics, valueStatistics } from "../../core/search/value-statistics.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { type Format, isForPeople } from "../output/formats.js";
import { printRows } from "../output/print-rows.js";
import { readFormat } from "../parse/format-options.js";
import { usageError } from "../parse/usage-error.js";
import { type GroupKey, groupKeys } from "./group-keys.js";
import { type GroupMetric, groupMetrics, isSame, readBest } from "./group-metrics.js";
import { groupTable } from "./group-table.js";
import { readLimit } from "./listing-limit.js";
import type { Listing } from "./open-listing.js";
import { readOrderWord, splitOrders } from "./order-words.js";
import { shownIdLength } from "./print-listing.js";
import type { Footer } from "./search-footer.js";

export interface GroupsToPrint {
  readonly listing: Listing;
  /** The runs that match, one row a run. */
  readonly rows: readonly number[];
}

/** What is said of one metric in one group. */
export interface GroupStatistics extends ValueStatistics {
  /** The row with the best value; null when it is not known which way is better, or when there is no finite value. */
  readonly best: number | null;
}

export interface RunGroup {
  readonly values: readonly GroupValue[];
  readonly rows: readonly number[];
  /** One for each metric. */
  readonly statistics: readonly GroupStatistics[];
}

export interface GroupListing {
  readonly keys: readonly GroupKey[];
  readonly metrics: readonly GroupMetric[];
  /** Which metric decides the best run of a group; -1: none does. */
  readonly deciding: number;
  readonly groups: readonly RunGroup[];
}

const METRICS_FOR_PEOPLE = 4;

export async function printGroups(
  context: CommandContext,
  args: RunsArguments,
  { listing, rows }: GroupsToPrint,
): Promise<Footer> {
  const format = readFormat(context, args);
  const found = groupsOf(args, { listing, rows, format });
  const shown = { ...found, groups: found.groups.slice(0, readLimit(args)) };
  const { table } = listing;
  if (shown.groups.length > 0 || format !== "table")
    await printRows(context, {
      ...groupTable(shown, {
        long: args.stats || !isForPeople(format),
        idOf: (row) => textAt(table.column({ entity: "attribute", key: "run_id" }), row) ?? "",
        idLength: isForPeople(format) ? shownIdLength(table) : 0,
      }),
      format,
      output: args.output,
    });
  return { what: "groups", shown: shown.groups.length, total: found.groups.length, nextPageToken: null };
}

function groupsOf(
  args: RunsArguments,
  { listing, rows, format }: GroupsToPrint & { readonly format: Format },
): GroupListing {
  const { table } = listing;
  const keys = groupKeys(args["group-by"], table);
  const best = readBest(args.best, table);
  const most = isForPeople(format) && !args.stats ? METRICS_FOR_PEOPLE : Number.POSITIVE_INFINITY;
  const metrics = groupMetrics(table, { words: args.column, rows, best, most });
  const fields = keys.map(({ field }) => field);
  const groups = groupRows(table, rows, fields).map((group) => describe(table, group, metrics));
  const named = groups.map((group) => ({ ...group, values: namesOf(group.values, keys, listing) }));
  const deciding = metrics.findIndex(({ field, direction }) =>
    best === null ? direction !== null : isSame(field, best.field),
  );
  return { keys, metrics, deciding, groups: ordered(named, args["order-by"], { keys, metrics }) };
}

/** Experiments are known by name. */
function namesOf(
  values: readonly GroupValue[],
  keys: readonly GroupKey[],
  { experimentNames }: Listing,
): readonly GroupValue[] {
  return values.map((value, index) =>
    keys[index]!.key === "experiment" && typeof value === "string"
      ? (experimentNames.get(value) ?? value)
      : value,
  );
}

function describe(table: RunTable, { values, rows }: RowGroup, metrics: readonly GroupMetric[]): RunGroup {
  const statistics = metrics.map(({ field, direction }) => {
    const column = table.column(field);
    const numbers = rows.map((row) => numberAt(column, row));
    return { ...valueStatistics(numbers), best: bestRow(rows, numbers, direction) };
  });
  return { values, rows, statistics };
}

/** Of equal values the first row's. */
function bestRow(
  rows: readonly number[],
  values: readonly (number | null)[],
  direction: Direction | null,
): number | null {
  if (direction === null) return null;
  const sign = direction === "min" ? 1 : -1;
  let best = -1;
  values.forEach((value, index) => {
    if (value === null || !Number.isFinite(value)) return;
    if (best < 0 || sign * (value - values[best]!) < 0) best = index;
  });
  return best < 0 ? null : rows[best]!;
}

type Order = (a: RunGroup, b: RunGroup) => number;

/** Groups are ordered by their keys, by the means of metrics, and by `runs`, their size. */
function ordered(
  groups: readonly RunGroup[],
  words: readonly string[],
  known: Pick<GroupListing, "keys" | "metrics">,
): readonly RunGroup[] {
  const isKey = (name: string) =>
    [...known.keys, ...known.metrics].some(({ title }) => title === name.replace(/^\w+s?\./, ""));
  const orders = splitOrders(words, isKey).map((word) => orderOf(word, known));
  return [...groups].sort((a, b) => {
    for (const order of orders) {
      const result = order(a, b);
      if (result !== 0) return result;
    }
    return 0;
  });
}

function orderOf(word: string, { keys, metrics }: Pick<GroupListing, "keys" | "metrics">): Order {
  const { name, descending } = readOrderWord(word);
  const sign = descending ? -1 : 1;
  const key = keys.findIndex((one) => one.key === name || one.title === name);
  if (key >= 0) return (a, b) => sign * compareGroupValues(a.values[key]!, b.values[key]!);
  if (name === "runs") return (a, b) => sign * (a.rows.length - b.rows.length);
  const metric = metrics.findIndex(({ title }) => title === name.replace(/^metrics?\./, ""));
  if (metric >= 0)
    return (a, b) => compareMeans(a.statistics[metric]!.mean, b.statistics[metric]!.mean, sign);
  const possible = [...keys.map(({ title }) => title), ...metrics.map(({ title }) => title), "runs"];
  throw usageError(`groups cannot be ordered by '${name}'`, `One of: ${possible.join(", ")}`);
}

/** A group without a mean comes last, whatever the direction. */
function compareMeans(left: number | null, right: number | null, sign: number): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return sign * (left - right);
}
