/** The run with the best value of a metric. */

import { activeRows } from "../../core/search/cells.js";
import { type Direction, metricDirection } from "../../core/search/metric-direction.js";
import { rankRows } from "../../core/search/rank-rows.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import { type Field, METRIC_AGGREGATES, type MetricAggregate } from "../../core/search/table.js";
import { RunstoneError } from "../../store-format/index.js";
import { nearest } from "../parse/nearest.js";

export type MetricField = Extract<Field, { readonly entity: "metric" }>;

/**
 * The metric that a word names: `loss`, `metrics.loss`, or one of its aggregates, `loss.min`, where no metric is called
 * exactly that. Throws RESOURCE_DOES_NOT_EXIST with the nearest name.
 */
export function findMetric(table: RunTable, word: string): MetricField {
  const key = word.replace(/^metrics?\./, "");
  const keys = new Set(table.keys("metric"));
  for (const exact of [word, key]) if (keys.has(exact)) return field(exact, "last");
  const aggregate = METRIC_AGGREGATES.find((name) => key.endsWith(`.${name}`));
  const base = aggregate === undefined ? key : key.slice(0, -aggregate.length - 1);
  if (aggregate !== undefined && keys.has(base)) return field(base, aggregate);
  const meant = nearest(key, keys);
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `no run has a metric '${key}'`, {
    hint: meant === undefined ? "`runstone runs --json` shows the metrics." : `Did you mean ${meant}?`,
    data: { metric: key },
  });
}

function field(key: string, aggregate: MetricAggregate): MetricField {
  return { entity: "metric", key, aggregate };
}

/** Which way that metric is better: as told, or by its name. Throws INVALID_PARAMETER_VALUE when neither says it. */
export function mustKnowDirection(key: string, told?: Direction): Direction {
  const direction = told ?? metricDirection(key);
  if (direction !== null) return direction;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `cannot tell whether '${key}' is better small or great`,
    {
      hint: `Say which: @best(${key},min) or @best(${key},max)`,
      data: { metric: key },
    },
  );
}

/**
 * The active run whose metric (its last value) is best. Only finite numbers are; of equal values that of the run that started
 * first counts. Throws as {@link findMetric} and {@link mustKnowDirection}.
 */
export function bestRun(table: RunTable, word: string, told?: Direction): RunRecord {
  const metric = findMetric(table, word);
  const direction = mustKnowDirection(metric.key, told);
  const [best] = rankRows(table, activeRows(table), { ...metric, direction });
  if (best !== undefined) return table.runAt(best.row);
  throw new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `no active run has a finite number for '${metric.key}'`,
    {
      data: { metric: metric.key },
    },
  );
}
