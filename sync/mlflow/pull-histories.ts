/** Points of runs there: those of a key that several runs have come in one request, as far as the server can. */
import { encodePath, MAX_BULK_HISTORY_RUNS } from "../../protocol/mlflow/index.js";
import { isRunstoneError, type Run } from "../../store-format/index.js";
import type { PointSet } from "../engine/point-set.js";
import type { MlflowCalls } from "./calls.js";
import { isMissingEndpoint } from "./failures.js";
import { chunksOf } from "./find-runs.js";

/** gunicorn takes request lines of 4094 bytes. */
const MAX_QUERY_BYTES = 3_600;
const RUN_ID_BYTES = "run_id=&".length + 32;
/** Points that are kept ahead, of all runs and keys. */
const MOST_AHEAD = 2_000_000;

export class PulledHistories {
  readonly #calls: MlflowCalls;
  /** By remote run id and key. */
  readonly #points = new Map<string, PointSet>();
  #hasBulk = true;
  #ahead = 0;

  constructor(calls: MlflowCalls) {
    this.#calls = calls;
  }

  /** Reads ahead what some runs have; what fails of that is read one by one. */
  async readAhead(runs: readonly Run[]): Promise<void> {
    this.#points.clear();
    this.#ahead = 0;
    const byKey = new Map<string, string[]>();
    for (const { info, metrics } of runs)
      for (const [key, { value }] of Object.entries(metrics)) {
        // The server writes NaN as no JSON has it when it answers for many runs.
        if (Number.isNaN(value)) continue;
        const ids = byKey.get(key) ?? [];
        ids.push(info.runId);
        byKey.set(key, ids);
      }
    for (const [key, ids] of byKey) for (const some of groupsOf(key, ids)) await this.#readSome(key, some);
  }

  /** All points of a key of a run; each may be asked for once. */
  async of(remoteRunId: string, key: string): Promise<PointSet> {
    const name = `${remoteRunId} ${key}`;
    const ahead = this.#points.get(name);
    this.#points.delete(name);
    return ahead ?? this.#calls.getHistory(remoteRunId, key);
  }

  async #readSome(key: string, ids: readonly string[]): Promise<void> {
    if (ids.length < 2 || !this.#hasBulk || this.#ahead > MOST_AHEAD) return;
    try {
      const found = await this.#calls.getHistories(ids, key);
      if (found !== null)
        for (const [remoteRunId, points] of found) {
          this.#points.set(`${remoteRunId} ${key}`, points);
          this.#ahead += points.size;
        }
      else {
        // More than one answer holds.
        const half = Math.ceil(ids.length / 2);
        await this.#readSome(key, ids.slice(0, half));
        await this.#readSome(key, ids.slice(half));
      }
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      if (isMissingEndpoint(error)) this.#hasBulk = false;
    }
  }
}

function groupsOf(key: string, ids: readonly string[]): Iterable<readonly string[]> {
  const most = Math.floor((MAX_QUERY_BYTES - encodePath(key).length) / RUN_ID_BYTES);
  return chunksOf(ids, Math.min(MAX_BULK_HISTORY_RUNS, Math.max(1, most)));
}
