/** Points of runs that are verified together: those of a key that several runs have come in one request. */
import { encodePath, MAX_BULK_HISTORY_POINTS, MAX_BULK_HISTORY_RUNS } from "../../protocol/mlflow/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { PointSet } from "../engine/point-set.js";
import type { MlflowCalls } from "./calls.js";
import { countOf } from "./compare-series.js";
import type { ExpectedRun } from "./expected-run.js";
import { isMissingEndpoint } from "./failures.js";

/** gunicorn takes request lines of 4094 bytes. */
const MAX_QUERY_BYTES = 3_600;
const RUN_ID_BYTES = "run_id=&".length + 32;

export class VerifiedHistories {
  readonly #calls: MlflowCalls;
  /** By remote run id and key. */
  readonly #points = new Map<string, PointSet>();

  constructor(calls: MlflowCalls) {
    this.#calls = calls;
  }

  /** Points of keys that several runs have; what this leaves out is read run by run. */
  async readAhead(expected: readonly ExpectedRun[]): Promise<void> {
    const byKey = new Map<string, ExpectedRun[]>();
    for (const run of expected)
      for (const key of run.keys) {
        if (run.keysWithNan.has(key)) continue;
        const runs = byKey.get(key) ?? [];
        runs.push(run);
        byKey.set(key, runs);
      }
    for (const [key, runs] of byKey)
      for (const group of groupsOf(key, runs)) if (!(await this.#readGroup(key, group))) return;
  }

  /** All points of a key of a run there; each may be asked for once. */
  async of(remoteRunId: string, key: string): Promise<PointSet> {
    const name = `${remoteRunId} ${key}`;
    const ahead = this.#points.get(name);
    this.#points.delete(name);
    return ahead ?? this.#calls.getHistory(remoteRunId, key);
  }

  /** False: the server has no such endpoint. */
  async #readGroup(key: string, runs: readonly ExpectedRun[]): Promise<boolean> {
    if (runs.length < 2) return true;
    try {
      const ids = runs.map(({ remoteRunId }) => remoteRunId);
      const found = await this.#calls.getHistories(ids, key);
      for (const [remoteRunId, points] of found ?? []) this.#points.set(`${remoteRunId} ${key}`, points);
      return true;
    } catch (error) {
      if (!isRunstoneError(error, "REMOTE_FAILED")) throw error;
      return !isMissingEndpoint(error);
    }
  }
}

/** Runs whose points of a key fit into one answer, and whose ids fit into one address. */
function* groupsOf(key: string, runs: readonly ExpectedRun[]): Generator<readonly ExpectedRun[]> {
  const most = Math.min(
    MAX_BULK_HISTORY_RUNS,
    Math.max(1, Math.floor((MAX_QUERY_BYTES - encodePath(key).length) / RUN_ID_BYTES)),
  );
  let group: ExpectedRun[] = [];
  let points = 0;
  for (const run of runs) {
    const count = countOf(run.document, key);
    if (group.length > 0 && (group.length >= most || points + count >= MAX_BULK_HISTORY_POINTS)) {
      yield group;
      group = [];
      points = 0;
    }
    group.push(run);
    points += count;
  }
  if (group.length > 0) yield group;
}
