/** Two who push at once may both make a run: afterwards one active run of each origin stays, the earliest. */

import type { LocalRunHead } from "../../core/transfer/index.js";
import { findRemoteRuns, type RemoteRunRef } from "./find-runs.js";
import type { PushSession } from "./push-session.js";

/** A run that a push made; all of one push are remembered until its end. */
export interface MadeRun {
  readonly head: LocalRunHead;
  readonly remoteRunId: string;
  readonly remoteExperimentId: string;
}

/**
 * Looks for twins of runs that this push made in an experiment there. Of those where another stays, the journal now knows
 * that one; their ids are returned: they are to be sent again. Rejects when the server does not tell: {@link doubtPlace} is for that.
 */
export async function settleTwins(
  session: PushSession,
  experimentId: string,
  made: readonly MadeRun[],
): Promise<readonly string[]> {
  const originIds = made.map(({ head }) => head.runId);
  const found = await findRemoteRuns(session.calls, experimentId, originIds);
  const moved: string[] = [];
  for (const { head, remoteRunId } of made) {
    const { runId } = head;
    const kept = await deleteTwins(session, runId, found.get(runId) ?? []);
    if (kept === null || kept.remoteRunId === remoteRunId) continue;
    session.moved.move(runId, kept.remoteRunId);
    moved.push(runId);
  }
  return moved;
}

/** Of several active runs of one origin the first stays, and the others are deleted and named. Null: there is none. */
export async function deleteTwins(
  { calls, onNote }: PushSession,
  originId: string,
  refs: readonly RemoteRunRef[],
): Promise<RemoteRunRef | null> {
  const [first, ...others] = refs.filter(({ lifecycleStage }) => lifecycleStage === "active");
  for (const { remoteRunId } of others) {
    await calls.deleteRun(remoteRunId);
    onNote(`run ${originId} was there twice: ${first!.remoteRunId} stays, ${remoteRunId} was deleted there`);
  }
  return first ?? null;
}

/** Nobody knows whether a run that was made is there once: the next push searches for it. */
export function doubtPlace(session: PushSession, { head }: MadeRun): void {
  forgetContent(session, head.runId, null);
}

/** What the run there holds is not known any more; `remoteRunId` null: nor which it is. */
export function forgetContent({ state }: PushSession, runId: string, remoteRunId?: string | null): void {
  const known = state.run(runId);
  if (known === null) return;
  const nothing = { localMark: null, receipt: null, watermarks: {}, artifacts: {}, common: null };
  state.save({ ...known, ...nothing, ...(remoteRunId === undefined ? {} : { remoteRunId }) });
}
