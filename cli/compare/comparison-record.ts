/** What `runstone compare --json` prints. */
import type { ComparedMetric } from "../../core/compare/compare-metrics.js";
import type { Comparison } from "../../core/compare/compare-runs.js";
import type { ComparedRow } from "../../core/compare/compared-row.js";
import { TEXT_SECTIONS } from "../../core/compare/sections.js";
import { metricDirection } from "../../core/search/metric-direction.js";
import type { MetricMark, RunRecord } from "../../core/search/run-record.js";
import type { Integer } from "../../store-format/index.js";
import { runNameOf } from "../store/run-name.js";

export interface RecordOptions {
  readonly all: boolean;
  readonly tolerance: number;
  readonly "at-step": Integer | undefined;
  readonly stateOf: (run: RunRecord) => string;
  /** Empty where runs of one store are compared. */
  readonly storesOf: (run: RunRecord) => readonly string[];
}

/** Rows that differ, or all of them. */
export function comparisonRecord(comparison: Comparison, options: RecordOptions): object {
  const { runs, metrics, texts, artifacts, differs } = comparison;
  const shown = <R extends { readonly differs: boolean }>(rows: readonly R[]) =>
    rows.filter((row) => options.all || row.differs);
  return {
    runs: runs.map((run) => runOf(run, options)),
    differs,
    tolerance: options.tolerance,
    at_step: options["at-step"],
    metrics: shown(metrics).map((metric) => metricOf(metric, options)),
    ...Object.fromEntries(TEXT_SECTIONS.map((name) => [name, shown(texts[name]).map(plainRow)])),
    artifacts: shown(artifacts).map(plainRow),
  };
}

function runOf(run: RunRecord, { stateOf, storesOf }: RecordOptions): object {
  const stores = storesOf(run);
  return {
    run_id: run.runId,
    run_name: runNameOf(run),
    experiment_id: run.experimentId,
    state: stateOf(run),
    start_time: run.info?.startTime ?? null,
    end_time: run.info?.endTime ?? null,
    ...(stores.length === 0 ? {} : { store: stores.join(", ") }),
  };
}

function plainRow<V>({ key, values, differs }: ComparedRow<V>): object {
  return { key, values, differs };
}

function metricOf(metric: ComparedMetric, options: RecordOptions): object {
  const { key, summaries, parts, atStep, differs } = metric;
  return {
    key,
    differs,
    direction: metricDirection(key),
    last: summaries.map((summary) => markOf(summary?.last ?? null)),
    min: summaries.map((summary) => markOf(summary?.min ?? null)),
    max: summaries.map((summary) => markOf(summary?.max ?? null)),
    ...(options["at-step"] === undefined ? {} : { at_step: atStep }),
    parts: parts.map(
      (part) =>
        part && {
          step: part.parts?.step ?? null,
          values: part.parts?.values ?? null,
          common_steps: part.commonSteps,
        },
    ),
  };
}

function markOf(mark: MetricMark | null): object | null {
  return mark && { value: mark.value, step: mark.step };
}
