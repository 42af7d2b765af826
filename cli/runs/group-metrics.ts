/** The metrics that are shown of groups, and which way each is better. */
import { type Direction, metricDirection } from "../../core/search/metric-direction.js";
import type { RunTable } from "../../core/search/run-table.js";
import { METRIC_AGGREGATES } from "../../core/search/table.js";
import { isGlob, matchesGlob } from "../parse/glob.js";
import { usageError } from "../parse/usage-error.js";
import { findMetric, type MetricField } from "../store/best-run.js";

export interface GroupMetric {
  readonly field: MetricField;
  /** `loss`, `loss.min` */
  readonly title: string;
  /** null: nobody said it, and the name does not. */
  readonly direction: Direction | null;
}

export interface BestChoice {
  readonly field: MetricField;
  readonly direction: Direction | null;
}

/** `--best METRIC`, `METRIC,min`, `METRIC,max`. Throws RESOURCE_DOES_NOT_EXIST for a metric that no run has. */
export function readBest(word: string | undefined, table: RunTable): BestChoice | null {
  if (word === undefined) return null;
  const [, name = word, direction] = /^(.+?)\s*,\s*(min|max)$/.exec(word) ?? [];
  const told = /^(.+),\s*([^,]*)$/.exec(name);
  if (told !== null && !table.keys("metric").includes(name.replace(/^metrics?\./, "")))
    throw usageError(
      `--best '${word}' says '${told[2]}' for the direction`,
      `Say ${told[1]},min or ${told[1]},max`,
    );
  const field = findMetric(table, name);
  return { field, direction: (direction as Direction | undefined) ?? metricDirection(field.key) };
}

export interface MetricChoice {
  /** Of `--columns`; none: those that most rows have. */
  readonly words: readonly string[];
  readonly rows: readonly number[];
  readonly best: BestChoice | null;
  /** How many at most when no words are given. */
  readonly most: number;
}

/** Throws USAGE for a word that is no metric. */
export function groupMetrics(table: RunTable, choice: MetricChoice): readonly GroupMetric[] {
  const { words, rows, best, most } = choice;
  const fields =
    words.length > 0 ? words.flatMap((word) => fieldsOf(word, table)) : commonMetrics(table, rows, most);
  const all =
    best === null || fields.some((field) => isSame(field, best.field)) ? fields : [best.field, ...fields];
  return all.map((field) => groupMetric(field, best));
}

function groupMetric(field: MetricField, best: BestChoice | null): GroupMetric {
  const told = best !== null && isSame(field, best.field) ? best.direction : null;
  const title = field.aggregate === "last" ? field.key : `${field.key}.${field.aggregate}`;
  return { field, title, direction: told ?? metricDirection(field.key) };
}

export function isSame(left: MetricField, right: MetricField): boolean {
  return left.key === right.key && left.aggregate === right.aggregate;
}

function fieldsOf(word: string, table: RunTable): readonly MetricField[] {
  const keys = table.keys("metric");
  const bare = word.replace(/^metrics?\./, "");
  if (isGlob(bare) && !keys.includes(bare)) return globbed(bare, keys);
  if (word.includes(",") && !keys.includes(bare))
    return word.split(",").flatMap((part) => fieldsOf(part.trim(), table));
  if (/^(params?|tags?|attributes?)\.|^\+/.test(word))
    throw usageError(`groups have statistics of metrics, not of '${word}'`, "Group by it, or leave it out.");
  return [findMetric(table, word)];
}

function globbed(pattern: string, keys: readonly string[]): readonly MetricField[] {
  const aggregate = METRIC_AGGREGATES.find((name) => pattern.endsWith(`.${name}`));
  const base = aggregate === undefined ? pattern : pattern.slice(0, -aggregate.length - 1);
  const matching = keys.filter((key) => matchesGlob(base, key));
  return matching.map((key) => ({ entity: "metric", key, aggregate: aggregate ?? "last" }));
}

/** Those of the system are not what people compare. */
function commonMetrics(table: RunTable, rows: readonly number[], most: number): readonly MetricField[] {
  return table
    .keys("metric")
    .filter((key) => !key.startsWith("system/"))
    .map((key): MetricField => ({ entity: "metric", key, aggregate: "last" }))
    .map((field) => ({ field, count: countOf(table, field, rows) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, most)
    .map(({ field }) => field);
}

function countOf(table: RunTable, field: MetricField, rows: readonly number[]): number {
  const column = table.column(field);
  if (column?.kind !== "number") return 0;
  const { present } = column;
  return present === null ? rows.length : rows.reduce((count, row) => count + (present[row] ?? 0), 0);
}

/** The metric that most rows have of those whose better direction is known; null when there is none. */
export function commonMetric(table: RunTable, rows: readonly number[]): BestChoice | null {
  const choices = commonMetrics(table, rows, Number.POSITIVE_INFINITY).map((field) => ({
    field,
    direction: metricDirection(field.key),
  }));
  return choices.find(({ direction }) => direction !== null) ?? null;
}
