/** Runs as `--json` prints them (docs/reference/json.md). */
import type { OnDamage } from "../../core/store/read/damages.js";
import { readInputs, readOutputs } from "../../core/store/read/inputs-outputs.js";
import { pointRecord, runRecord } from "../output/records.js";
import { type ListedRun, stateName, statusName } from "./listed-run.js";

export interface RunJsonOptions {
  readonly onDamage: OnDamage;
  /** Several stores are listed: each run says in which it lies. */
  readonly stores?: boolean;
  /** Ranks are joined: each run has those of its job. */
  readonly ranks?: boolean;
}

/** One by one: memory stays flat however many runs there are. */
export function* runRecords(runs: Iterable<ListedRun>, options: RunJsonOptions): Generator<object> {
  for (const run of runs) yield runJson(run, options);
}

export function runJson(run: ListedRun, options: RunJsonOptions): object {
  return {
    ...(run.info === null ? damagedRecord(run) : readableRecord(run, options.onDamage)),
    ...(options.stores ? { store: run.store } : {}),
    ...(options.ranks ? jobRecord(run) : {}),
  };
}

function readableRecord({ location, info, state, ...records }: ListedRun, onDamage: OnDamage): object {
  const { params, tags, metrics } = records;
  const { place, orphan } = location;
  const inputs = readInputs(location, onDamage);
  const outputs = readOutputs(location, onDamage);
  return runRecord({ info: info!, params, tags, metrics, inputs, outputs, place, orphan }, state!);
}

/** What meta.yaml would say is null; `damage` says what is wrong with it. */
function damagedRecord({ location, damage, params, tags, metrics }: ListedRun): object {
  return {
    run_id: location.runId,
    run_name: null,
    experiment_id: location.experimentId,
    status: null,
    state: "DAMAGED",
    last_sign: null,
    lifecycle_stage: location.place === "trash" ? "deleted" : "active",
    user_id: null,
    start_time: null,
    end_time: null,
    artifact_uri: null,
    metrics: Object.fromEntries(Object.entries(metrics).map(([key, point]) => [key, pointRecord(point)])),
    params,
    tags,
    damage: damage === null ? null : { kind: damage.kind, path: damage.path, reason: damage.reason },
  };
}

/** What is that of the job, not of its lowest rank. */
function jobRecord(run: ListedRun): object {
  const ranks = run.ranks.length === 0 ? [run] : run.ranks;
  return { status: statusName(run), state: stateName(run), ranks: ranks.map(rankRecord) };
}

function rankRecord({ runId, tags, state }: ListedRun): object {
  const rank = Number(tags["runstone.rank"]);
  return { run_id: runId, rank: Number.isInteger(rank) ? rank : null, state: state?.state ?? "DAMAGED" };
}
