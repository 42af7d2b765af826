/** Runs as a table: the rows of searches over runs. */
import type { RunRecord } from "./run-record.js";
import type { SearchTable } from "./table.js";

/**
 * The attributes (`Field` of entity `attribute`) every run table knows. Texts: `run_id`, `run_name`, `user_id`, `status`
 * (as stored: upper case), `artifact_uri`, `experiment_id`, `lifecycle_stage`, `place`, `state` (status, or `LOST` when a
 * run is marked RUNNING and its owner is proven dead, or `DAMAGED` when meta.yaml cannot be read). Numbers, milliseconds:
 * `start_time`, `end_time`. `run_name` of a run without a name is the empty text, which searches take for a missing one. Rows of damaged runs have only `run_id`,
 * `experiment_id`, `lifecycle_stage`, `place` and `state`, and their readable params, tags, metrics and datasets.
 */
export const RUN_ATTRIBUTES = [
  "run_id",
  "run_name",
  "user_id",
  "status",
  "artifact_uri",
  "experiment_id",
  "lifecycle_stage",
  "place",
  "state",
  "start_time",
  "end_time",
] as const;

export interface RunTable extends SearchTable {
  /** The record of a row, made when it is asked for. */
  runAt(row: number): RunRecord;
  /** The row of a run id; the root before `.trash`; null when there is none. */
  rowOf(runId: string): number | null;
  /** When the files were looked at, milliseconds since 1970: nothing older than this is missed, but for the stated rules. */
  readonly asOf: number;
}
