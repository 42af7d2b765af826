/** Finding the counterparts of local runs by their origin's id, in few requests. */
import type { LifecycleStage, Run, StringMap } from "../../store-format/index.js";
import type { MlflowCalls } from "./calls.js";

/** The tag that holds the origin's id; set in the call that creates the run. */
export const ORIGIN_TAG = "runstone.run_id";
/** Milliseconds since 1970 by the clock of who pushed: of several runs of one origin, the earliest stays. */
export const PUSHED_TAG = "runstone.pushed_time";

/** Runs of one page: a page holds their params, tags and latest metrics, too. */
const RUNS_A_PAGE = 1_000;
/** For fewer runs, each is searched for by itself. */
const FEW_RUNS = 4;
/** Ids in one filter. */
const IDS_A_FILTER = 200;

/** What a push has to know of a counterpart before it looks closer. */
export interface RemoteRunRef {
  readonly remoteRunId: string;
  readonly lifecycleStage: LifecycleStage;
  /** Null: it has no mark of ours (a run that was pulled from there). */
  readonly pushedTime: number | null;
}

/**
 * Active and deleted runs of an experiment there by the origin's id, the one that counts first: active before deleted, then
 * the earliest. Runs whose own id is the origin's (they were pulled from there) count, too.
 */
export async function findRemoteRuns(
  calls: MlflowCalls,
  experimentId: string,
  originIds: readonly string[],
): Promise<ReadonlyMap<string, readonly RemoteRunRef[]>> {
  const found = new Map<string, RemoteRunRef[]>();
  const add = (originId: string, run: Run): void => {
    const refs = found.get(originId) ?? [];
    if (!refs.some(({ remoteRunId }) => remoteRunId === run.info.runId)) refs.push(refOf(run));
    found.set(originId, refs);
  };
  const wanted = new Set(originIds);
  for await (const run of markedRuns(calls, experimentId, originIds)) {
    const originId = run.tags[ORIGIN_TAG] ?? "";
    if (wanted.has(originId)) add(originId, run);
  }
  for (const ids of chunksOf(originIds, IDS_A_FILTER))
    for await (const run of calls.searchRuns(byIds(experimentId, ids))) add(run.info.runId, run);
  for (const refs of found.values()) refs.sort(compareRefs);
  return found;
}

/** Of one run; after a creation whose answer was lost. */
export async function findRemoteRun(
  calls: MlflowCalls,
  experimentId: string,
  originId: string,
): Promise<readonly RemoteRunRef[]> {
  const refs: RemoteRunRef[] = [];
  for await (const run of calls.searchRuns(byOrigin(experimentId, originId))) refs.push(refOf(run));
  return refs.sort(compareRefs);
}

async function* markedRuns(
  calls: MlflowCalls,
  experimentId: string,
  originIds: readonly string[],
): AsyncGenerator<Run> {
  if (originIds.length <= FEW_RUNS)
    for (const originId of originIds) yield* calls.searchRuns(byOrigin(experimentId, originId));
  else
    yield* calls.searchRuns({
      experimentIds: [experimentId],
      filter: `tags.\`${ORIGIN_TAG}\` != ''`,
      maxResults: RUNS_A_PAGE,
      view: "all",
    });
}

function byOrigin(experimentId: string, originId: string): Parameters<MlflowCalls["searchRuns"]>[0] {
  const filter = `tags.\`${ORIGIN_TAG}\` = '${originId}'`;
  return { experimentIds: [experimentId], filter, maxResults: RUNS_A_PAGE, view: "all" };
}

function byIds(experimentId: string, ids: readonly string[]): Parameters<MlflowCalls["searchRuns"]>[0] {
  const filter = `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(",")})`;
  return { experimentIds: [experimentId], filter, maxResults: RUNS_A_PAGE, view: "all" };
}

export function refOf({ info, tags }: Run): RemoteRunRef {
  return { remoteRunId: info.runId, lifecycleStage: info.lifecycleStage, pushedTime: pushedTime(tags) };
}

function pushedTime(tags: StringMap): number | null {
  const time = Number(tags[PUSHED_TAG] ?? Number.NaN);
  return Number.isSafeInteger(time) ? time : null;
}

/** The same order for everybody who looks, so that two who push at once keep the same run. */
export function compareRefs(a: RemoteRunRef, b: RemoteRunRef): number {
  if (a.lifecycleStage !== b.lifecycleStage) return a.lifecycleStage === "active" ? -1 : 1;
  const byTime = (a.pushedTime ?? -1) - (b.pushedTime ?? -1);
  return byTime !== 0 ? byTime : a.remoteRunId < b.remoteRunId ? -1 : 1;
}

export function* chunksOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
