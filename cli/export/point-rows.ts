/** `runstone export --metrics`: a row for each point, read as it is written. */
import { locationOf } from "../../core/search/run-location.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { readMetricKeys, readPointChunks } from "../../core/store/read/metric-points.js";
import type { CellValue } from "../output/cell.js";
import type { RowColumn } from "../output/row-column.js";
import { matchesGlob } from "../parse/glob.js";
import type { OpenRuns } from "../store/open-runs.js";

const COLUMNS: readonly RowColumn[] = [
  { key: "run_id", title: "run_id", type: "text" },
  { key: "run_name", title: "run_name", type: "text" },
  { key: "experiment_id", title: "experiment_id", type: "text" },
  { key: "metric", title: "metric", type: "text" },
  { key: "step", title: "step", type: "integer" },
  { key: "timestamp", title: "timestamp", type: "integer" },
  { key: "value", title: "value", type: "number" },
  { key: "dataset_name", title: "dataset_name", type: "text" },
  { key: "dataset_digest", title: "dataset_digest", type: "text" },
  { key: "model_id", title: "model_id", type: "text" },
];

/** Of several stores, points say last where their run lies. */
export function pointColumns({ severalStores }: OpenRuns): readonly RowColumn[] {
  return severalStores ? [...COLUMNS, { key: "store", title: "store", type: "text" }] : COLUMNS;
}

export interface PointSelection {
  readonly runs: Iterable<RunRecord>;
  /** Empty: every metric. */
  readonly globs: readonly string[];
  /** Called with each of the globs that a metric of a run matches. */
  readonly onMatch: (glob: string) => void;
  /** Called with the number of points so far, now and then. */
  readonly onProgress: (points: number) => void;
}

/** In the order of the runs, metrics by key in code-point order, points as they stand in their files. */
export function* pointRows(opened: OpenRuns, selection: PointSelection): Generator<readonly CellValue[]> {
  let count = 0;
  for (const run of selection.runs) {
    for (const chunk of chunksOf(opened, run, selection)) {
      yield* chunk.rows();
      count += chunk.count;
      selection.onProgress(count);
    }
  }
}

interface Chunk {
  readonly count: number;
  rows(): Generator<readonly CellValue[]>;
}

function* chunksOf(opened: OpenRuns, run: RunRecord, { globs, onMatch }: PointSelection): Generator<Chunk> {
  const location = locationOf(run);
  const { onDamage } = opened.placeOf(run);
  const tail = opened.severalStores ? [opened.storesOf(run).join(", ")] : [];
  const name = run.info?.runName ?? null;
  for (const key of readMetricKeys(location, onDamage)) {
    const matching = globs.filter((glob) => matchesGlob(glob, key));
    for (const glob of matching) onMatch(glob);
    if (globs.length > 0 && matching.length === 0) continue;
    const head = [run.runId, name, run.experimentId, key];
    for (const points of readPointChunks(location, key, onDamage))
      yield {
        count: points.length,
        *rows() {
          for (const { step, timestamp, value, dataset, modelId } of points)
            yield [
              ...head,
              step,
              timestamp,
              value,
              dataset?.name ?? null,
              dataset?.digest ?? null,
              modelId ?? null,
              ...tail,
            ];
        },
      };
  }
}
