/** Runs in memory for tests of searches. */
import { MemoryRunTable } from "../../core/search/memory-run-table.js";
import type { DatasetUse, RunRecord } from "../../core/search/run-record.js";
import { summarizePoints } from "../../core/search/summarize-points.js";
import type { RunInfo } from "../../store-format/index.js";

export interface RunSpec {
  readonly id: string;
  readonly info?: Partial<RunInfo>;
  readonly params?: Record<string, string>;
  readonly tags?: Record<string, string>;
  /** Values of a metric, at steps 0, 1, ... */
  readonly metrics?: Record<string, readonly number[]>;
  readonly datasets?: readonly DatasetUse[];
  readonly damaged?: boolean;
  readonly lost?: boolean;
}

export function recordOf(spec: RunSpec): RunRecord {
  const info: RunInfo = {
    runId: spec.id,
    experimentId: "1",
    runName: `run ${spec.id}`,
    userId: "ana",
    status: "FINISHED",
    startTime: 1_000,
    endTime: 2_000,
    deletedTime: null,
    lifecycleStage: "active",
    artifactUri: `file:///store/1/${spec.id}/artifacts`,
    ...spec.info,
  };
  return {
    runId: spec.id,
    experimentId: info.experimentId,
    place: "root",
    orphan: false,
    directory: `/store/1/${spec.id}${spec.lost === true ? "/lost" : ""}`,
    info: spec.damaged === true ? null : info,
    params: mapOf(spec.params),
    tags: mapOf(spec.tags),
    metrics: metricsOf(spec.metrics ?? {}),
    datasets: spec.datasets ?? [],
    modelInputs: [],
    modelOutputs: [],
    sealed: false,
    damage: null,
    damageCount: 0,
  };
}

function mapOf<Value>(entries: Record<string, Value> = {}): Record<string, Value> {
  return Object.assign(Object.create(null), entries);
}

function metricsOf(series: Record<string, readonly number[]>): RunRecord["metrics"] {
  const metrics = mapOf<RunRecord["metrics"][string]>();
  for (const [key, values] of Object.entries(series)) {
    const points = values.map((value, step) => ({ timestamp: step, value, step }));
    const summary = summarizePoints(points);
    if (summary !== null) metrics[key] = summary;
  }
  return metrics;
}

export function tableOf(specs: readonly RunSpec[]): MemoryRunTable {
  return new MemoryRunTable(specs.map(recordOf), {
    asOf: 0,
    stateOf: ({ directory }) => (directory.endsWith("/lost") ? "LOST" : "RUNNING"),
  });
}
