/** Which run there a child is to name as its parent, when it names another one than the journal does. */
import type { RunDocument } from "../../core/transfer/index.js";
import type { Run } from "../../store-format/index.js";
import { findRemoteRuns, type RemoteRunRef } from "./find-runs.js";
import type { PushSession } from "./push-session.js";
import { LOCAL_PARENT_TAG, PARENT_TAG, parentOf } from "./wanted-record.js";

export interface Child {
  readonly document: RunDocument;
  /** The run there. */
  readonly run: Run;
  /** The parent's counterpart by the journal; null: none is known. */
  readonly parentId: string | null;
}

export interface SettledParent {
  readonly parentId: string | null;
  /** A push has set the tag that is there: it is no change of somebody's. */
  readonly isOurs: boolean;
}

/**
 * Of several counterparts of the parent the one counts that stays for everybody; the journal learns when that is another
 * than it knew. Asks the server only when the tags differ. Throws what the server says.
 */
export async function settleParent(session: PushSession, child: Child): Promise<SettledParent> {
  const { document, run, parentId } = child;
  const parent = parentOf(document.tags);
  const named = run.tags[PARENT_TAG];
  if (parent === null || parentId === null || named === undefined || named === parentId)
    return { parentId, isOurs: false };
  const refs = await counterpartsOf(session, parent, run);
  const isTwin = refs.some(({ remoteRunId }) => remoteRunId === named);
  if (!isTwin && !(await isGone(session, { run, parent, named }))) return { parentId, isOurs: false };
  const kept = refs.find(({ lifecycleStage }) => lifecycleStage === "active")?.remoteRunId ?? parentId;
  if (kept !== parentId) session.moved.move(parent, kept);
  return { parentId: kept, isOurs: true };
}

async function counterpartsOf(
  { calls, state }: PushSession,
  parent: string,
  { info }: Run,
): Promise<readonly RemoteRunRef[]> {
  const experimentId = state.marks(parent)?.remoteExperimentId ?? info.experimentId;
  return (await findRemoteRuns(calls, experimentId, [parent])).get(parent) ?? [];
}

/** A push named this parent there, and the run that it named is no more. */
async function isGone(
  { calls }: PushSession,
  { run, parent, named }: { readonly run: Run; readonly parent: string; readonly named: string },
): Promise<boolean> {
  return run.tags[LOCAL_PARENT_TAG] === parent && (await calls.getRun(named)) === null;
}
