/**
 * What a server does not have any more of runs that receipts speak of: it was put back to an older state, or another one is in
 * its place. Params and points cannot be taken away by any call, runs only for good after they were deleted.
 */
import { findRun } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { readSeries } from "../../core/transfer/index.js";
import { isRunstoneError, OWN_TAG_PREFIX, type Point, type Run } from "../../store-format/index.js";
import { kindOfKey } from "../engine/catalog-entry.js";
import type { RunState } from "../engine/run-state.js";
import type { Losses, RemoteState, RemoteStateView } from "../state/index.js";
import type { MlflowCalls } from "./calls.js";
import { isRefusal } from "./failures.js";
import { chunksOf } from "./find-runs.js";
import { MovedRuns } from "./moved-runs.js";
import { remoteMarkOf } from "./remote-mark.js";

export interface LossParties {
  readonly context: StoreContext;
  readonly calls: MlflowCalls;
  /** Of a dry run only to be read. */
  readonly state: RemoteStateView & Partial<Pick<RemoteState, "saw">>;
  /** Receives the ids here of the runs, of those that were seen last, that somebody deleted there since. */
  readonly onDeleted?: (runId: string) => void;
}

const IDS_A_SEARCH = 100;
const NOTHING: Losses = { gone: new Set(), less: new Set(), different: new Set() };

/**
 * Asks in one request for the runs that were seen there last: what a server lost begins with what came last. Only when
 * one of them lacks something, all are looked for. What was noticed by a sync that was stopped before {@link forgetLost} was
 * done is told again. Throws what the server says.
 */
export async function noticeLosses(parties: LossParties): Promise<Losses> {
  const { state, onDeleted = () => undefined } = parties;
  const before = state.losses();
  if (before !== null) return before;
  const latest = state.latest();
  const suspects: string[] = [];
  const found = await findThere(parties, [...latest.keys()]);
  if (found === null) return NOTHING;
  for (const [runId, mark] of latest) {
    const run = found.get(runId);
    if (hasReceipt(state, runId) && (run === undefined || remoteMarkOf(run) !== mark)) suspects.push(runId);
  }
  const lost = lossesAmong(parties, suspects, found);
  for (const runId of suspects) {
    const run = found.get(runId);
    if (run === undefined || lost.less.has(runId)) continue;
    state.saw?.(runId, remoteMarkOf(run));
    if (run.info.lifecycleStage === "deleted" && state.run(runId)?.common?.lifecycleStage === "active")
      onDeleted(runId);
  }
  return isAny(lost) ? findLosses(parties, state.runIds()) : NOTHING;
}

/** Of these runs, those that have a receipt. Throws what the server says. */
export async function findLosses(parties: LossParties, runIds: Iterable<string>): Promise<Losses> {
  const { state } = parties;
  const lost = { gone: new Set<string>(), less: new Set<string>(), different: new Set<string>() };
  for (const ids of chunksOf(
    [...runIds].filter((runId) => hasReceipt(state, runId)),
    IDS_A_SEARCH,
  )) {
    const found = await findThere(parties, ids);
    if (found === null) return NOTHING;
    const some = lossesAmong(parties, ids, found);
    for (const kind of ["gone", "less", "different"] as const)
      for (const runId of some[kind]) lost[kind].add(runId);
  }
  return lost;
}

/** Something is lost for certain. */
export function isAny({ gone, less }: Losses): boolean {
  return gone.size + less.size > 0;
}

/**
 * From here on the journal knows of these runs no more than that they have to be sent: where those are that are not gone, and of
 * those that are only different not which side changed them. The losses are durable first: whoever is stopped in between goes
 * on. Returns what there is to say.
 */
export function forgetLost(state: RemoteState, lost: Losses): string {
  const { gone, less, different } = lost;
  const moved = new MovedRuns(state);
  state.saveLosses(lost);
  forgetExperiments(state, gone);
  forgetCatalog(state);
  for (const runId of gone) {
    moved.doubtChildren(runId);
    forget(state, runId, { remoteRunId: null });
  }
  for (const runId of less) forget(state, runId, {});
  for (const runId of different) forget(state, runId, { isUnclear: true });
  state.saveLosses(null);
  return lossText(lost);
}

/** What there is to say of them. */
export function lossText({ gone, less }: Losses): string {
  const parts = [
    ...(gone.size > 0 ? [`lacks ${runsText(gone.size)} that it had`] : []),
    ...(less.size > 0 ? [`has less of ${runsText(less.size)} than it had`] : []),
  ];
  return `the server ${parts.join(" and ")}: it was put back to an older state, or replaced`;
}

/**
 * Experiments keep their counterparts, and nobody knows any more who changed what of them: what differs is a conflict. Models and
 * versions that are missing there are made again.
 */
function forgetCatalog(state: RemoteState): void {
  const left = new Set(state.experiments().values());
  for (const key of [...state.catalogKeys()]) {
    const known = state.catalog(key);
    const isKnown = known !== null && kindOfKey(key) === "experiment" && left.has(known.remoteId);
    state.saveCatalog(key, isKnown ? { ...known, fields: {}, conflicts: [] } : null);
  }
}

/** One of which every run is gone may be gone, too, and its id be another one's now. */
function forgetExperiments(state: RemoteState, gone: ReadonlySet<string>): void {
  const left = new Set<string | null>();
  for (const runId of state.runIds())
    if (!gone.has(runId)) left.add(state.marks(runId)?.remoteExperimentId ?? null);
  const emptied = new Set([...gone].map((runId) => state.marks(runId)?.remoteExperimentId ?? null));
  for (const [name, remoteId] of state.experiments())
    if (emptied.has(remoteId) && !left.has(remoteId)) state.saveExperiment(name, null);
}

function forget(state: RemoteState, runId: string, more: Partial<RunState>): void {
  const known = state.run(runId);
  if (known === null) return;
  const nothing = {
    localMark: null,
    remoteMark: null,
    receipt: null,
    watermarks: {},
    artifacts: {},
    refused: [],
    common: null,
  };
  state.save({ ...known, ...nothing, ...more });
}

function runsText(count: number): string {
  return count === 1 ? "1 run" : `${count} runs`;
}

function hasReceipt(state: RemoteStateView, runId: string): boolean {
  const known = state.run(runId);
  return known !== null && known.receipt !== null && known.remoteRunId !== null;
}

/** By the id here. Null: the server cannot be asked for several at once. */
async function findThere(
  { calls, state }: LossParties,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, Run> | null> {
  const places = runIds.map((runId) => ({ runId, ...state.marks(runId) }));
  const idsHere = new Map(places.map(({ runId, remoteRunId }) => [remoteRunId ?? "", runId]));
  const experimentIds = [
    ...new Set(places.flatMap(({ remoteExperimentId: id }) => (id == null ? [] : [id]))),
  ];
  const found = new Map<string, Run>();
  if (experimentIds.length === 0) return found;
  const ids = [...idsHere.keys()].filter((id) => id !== "").map((id) => `'${id}'`);
  const search = calls.searchRuns({
    experimentIds,
    filter: `attributes.run_id IN (${ids.join(",")})`,
    maxResults: IDS_A_SEARCH,
    view: "all",
  });
  try {
    for await (const run of search) {
      const runId = idsHere.get(run.info.runId);
      if (runId !== undefined) found.set(runId, run);
    }
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
  return found;
}

function lossesAmong(
  { context, state }: LossParties,
  runIds: readonly string[],
  found: ReadonlyMap<string, Run>,
): Losses {
  const lost = { gone: new Set<string>(), less: new Set<string>(), different: new Set<string>() };
  for (const runId of runIds) {
    const known = state.run(runId);
    const run = found.get(runId);
    if (known === null) continue;
    if (run === undefined) lost.gone.add(runId);
    else if (hasLess(context, run, known)) lost.less.add(runId);
    else if (isDifferent(run, known)) lost.different.add(runId);
  }
  return lost;
}

function hasLess(context: StoreContext, run: Run, { runId, receipt, watermarks }: RunState): boolean {
  if (Object.keys(run.params).length < (receipt?.params ?? 0)) return true;
  const isTold = (key: string): boolean =>
    receipt?.exceptions.some((sentence) => sentence.includes(`metric '${key}'`)) === true;
  return Object.entries(watermarks).some(([key, { count }]) => {
    if (count === 0 || isTold(key)) return false;
    const theirs = Object.hasOwn(run.metrics, key) ? run.metrics[key]! : null;
    return theirs === null || isBehind(theirs, latestHere(context, { runId, key, count }));
  });
}

/** The latest of the first points here, as a server finds it. Null: they cannot be read. */
function latestHere(
  context: StoreContext,
  { runId, key, count }: { readonly runId: string; readonly key: string; readonly count: number },
): Point | null {
  const location = findRun(context, runId);
  if (location === null) return null;
  let latest: Point | null = null;
  let left = count;
  try {
    for (const { points } of readSeries(location, key).chunks) {
      for (const point of points.slice(0, left))
        if (latest === null || isBehind(latest, point)) latest = point;
      left -= points.length;
      if (left <= 0) break;
    }
  } catch (error) {
    if (isRunstoneError(error)) return null; // the run's own transfer tells what is wrong with it
    throw error;
  }
  return latest;
}

function isBehind(point: Point, other: Point | null): boolean {
  if (other === null) return false;
  return point.step !== other.step ? point.step < other.step : point.timestamp < other.timestamp;
}

/** Longer ones may have been cut. */
const LONGEST_COMPARED = 200;
/** What a server makes of them is another text. */
const TRANSLATED = new Set(["mlflow.parentRunId", "mlflow.runName"]);

function isDifferent({ info, tags }: Run, { common }: RunState): boolean {
  if (common === null) return false;
  const { status, endTime, runName, lifecycleStage } = common;
  if (info.status !== status || info.endTime !== endTime || info.lifecycleStage !== lifecycleStage)
    return true;
  if (runName !== "" && info.runName !== runName) return true;
  return Object.entries(common.tags).some(
    ([key, value]) =>
      !key.startsWith(OWN_TAG_PREFIX) &&
      !TRANSLATED.has(key) &&
      value.length <= LONGEST_COMPARED &&
      tags[key] !== value,
  );
}
