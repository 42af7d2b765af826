/** A run as listings show it, whether its files or the index told it. */
import { type RunState, readRunState } from "../../core/leases/index.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { withWorstState } from "../../core/search/state-severity.js";
import type { MetricAggregate } from "../../core/search/table.js";
import type { RunLocation } from "../../core/store/read/located.js";
import type { Damage, Point, RunInfo, StringMap } from "../../store-format/index.js";

export interface ListedRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly location: RunLocation;
  /** null: meta.yaml cannot be read; `damage` says why. */
  readonly info: RunInfo | null;
  readonly damage: Damage | null;
  /** null as `info` is. */
  readonly state: RunState | null;
  readonly params: StringMap;
  readonly tags: StringMap;
  /** The latest point of each metric. */
  readonly metrics: Readonly<Record<string, Point>>;
  /** null when the run has no such value, or when only the latest points were read. */
  aggregate(key: string, aggregate: MetricAggregate): number | null;
  /** How the store it lies in is called, when several are listed; several where the same run lies in several. */
  readonly store: string | null;
  /** All ranks of its job, the lowest first, when ranks are joined and it is not alone; else empty. */
  readonly ranks: readonly ListedRun[];
}

/** A run of the table. Whether its owner lives is looked up now. */
export function listedRun(record: RunRecord, store: string | null = null): ListedRun {
  const { runId, experimentId, info, damage, params, tags, metrics: summaries } = record;
  const metrics: Record<string, Point> = Object.create(null);
  for (const key of Object.keys(summaries)) metrics[key] = summaries[key]!.last;
  return {
    ...{ runId, experimentId, info, damage, params, tags, metrics, store },
    location: locationOf(record),
    state: info === null ? null : readRunState(record, info),
    aggregate: (key, aggregate) => aggregateOf(record, key, aggregate),
    ranks: [],
  };
}

/** Where the run lies; its path in the store is the one that damages are named by. */
export function locationOf({ runId, experimentId, place, orphan, directory }: RunRecord): RunLocation {
  const path = `${place === "trash" ? ".trash/" : ""}${experimentId}/${runId}`;
  return { runId, experimentId, place, orphan, directory, path };
}

function aggregateOf({ metrics }: RunRecord, key: string, aggregate: MetricAggregate): number | null {
  const summary = metrics[key];
  if (summary === undefined) return null;
  return aggregate === "count" ? summary.count : (summary[aggregate]?.value ?? null);
}

/** `FINISHED`, `LOST`, `DAMAGED`, ...; of a job that of its worst rank. */
export function stateName(run: Pick<ListedRun, "state" | "ranks">): string {
  return worstRank(run).state?.state ?? "DAMAGED";
}

/** As stored; of a job that of its worst rank. null: meta.yaml cannot be read. */
export function statusName(run: ListedRun): string | null {
  return worstRank(run).info?.status ?? null;
}

/** The run itself unless ranks are joined; of equal ones the lowest. */
function worstRank<T extends Pick<ListedRun, "state" | "ranks">>(run: T): T | ListedRun {
  const [first, ...others] = run.ranks;
  if (first === undefined) return run;
  return withWorstState([first, ...others], ({ state }) => state?.state ?? null);
}
