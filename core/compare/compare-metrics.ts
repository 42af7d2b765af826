/** Metrics over several runs: their statistics, their values at a step, and where their curves part from the first run's. */

import { type Integer, isLater, type Point } from "../../store-format/index.js";
import type { MetricSummary, RunRecord } from "../search/run-record.js";
import {
  type CurveDifference,
  firstDifference,
  type ReadPoints,
  valuesDiffer,
} from "../series/first-difference.js";
import { type Bucket, SeriesBuckets } from "../series/series-buckets.js";
import { unionOfKeys } from "./compared-row.js";

export interface ComparedMetric {
  readonly key: string;
  /** In the order of the runs; null where a run has no such metric. */
  readonly summaries: readonly (MetricSummary | null)[];
  /** The latest value at the step that was asked for; null where there is none. */
  readonly atStep: readonly (number | null)[];
  /** From the first run that has the metric, for each later run; null for those before and without it. */
  readonly parts: readonly (CurveDifference | null)[];
  /** The shape of each curve along its steps. */
  readonly curves: readonly (readonly Bucket[])[];
  readonly differs: boolean;
}

export interface MetricComparison {
  readonly tolerance: number;
  readonly atStep: Integer | undefined;
  /** How many buckets a curve has at most. */
  readonly resolution: number;
  /** The points of a run's metric, in file order. */
  readonly pointsOf: (run: RunRecord, key: string) => Iterable<Point>;
}

export function compareMetrics(
  runs: readonly RunRecord[],
  options: MetricComparison,
): readonly ComparedMetric[] {
  return unionOfKeys(runs.map(({ metrics }) => metrics)).map((key) => compareMetric(runs, key, options));
}

function compareMetric(runs: readonly RunRecord[], key: string, options: MetricComparison): ComparedMetric {
  const summaries = runs.map(({ metrics }) => metrics[key] ?? null);
  const series = runs.map((run, index) =>
    summaries[index] === null ? null : () => options.pointsOf(run, key),
  );
  const looks = series.map((read) => (read === null ? null : look(read, options)));
  const parts = partings(series, options.tolerance);
  return {
    key,
    summaries,
    atStep: looks.map((found) => found?.atStep?.value ?? null),
    parts,
    curves: looks.map((found) => found?.curve ?? []),
    differs: parts.some((part) => part?.parts != null) || summariesDiffer(summaries, options.tolerance),
  };
}

function partings(
  series: readonly (ReadPoints | null)[],
  tolerance: number,
): readonly (CurveDifference | null)[] {
  const base = series.findIndex((read) => read !== null);
  return series.map((read, index) =>
    read === null || index === base ? null : firstDifference(series[base]!, read, tolerance),
  );
}

interface Look {
  readonly curve: readonly Bucket[];
  readonly atStep: Point | undefined;
}

function look(read: ReadPoints, { resolution, atStep }: MetricComparison): Look {
  const buckets = new SeriesBuckets(resolution);
  let found: Point | undefined;
  for (const point of read()) {
    buckets.add(Number(point.step), point.value);
    if (point.step === atStep && (found === undefined || isLater(point, found))) found = point;
  }
  return { curve: buckets.buckets(), atStep: found };
}

/** Last values and where they are, least and greatest values. */
function summariesDiffer(summaries: readonly (MetricSummary | null)[], tolerance: number): boolean {
  const [first] = summaries;
  if (first == null) return summaries.some((summary) => summary !== null);
  return summaries.some((summary) => summary === null || twoDiffer(first, summary, tolerance));
}

function twoDiffer(a: MetricSummary, b: MetricSummary, tolerance: number): boolean {
  const nothing = Number.NaN;
  return (
    a.last.step !== b.last.step ||
    valuesDiffer(a.last.value, b.last.value, tolerance) ||
    valuesDiffer(a.min?.value ?? nothing, b.min?.value ?? nothing, tolerance) ||
    valuesDiffer(a.max?.value ?? nothing, b.max?.value ?? nothing, tolerance)
  );
}

/** Sampled while the run went on: never the same twice. */
export function isOfTheMachine(key: string): boolean {
  return key.startsWith("system/");
}
