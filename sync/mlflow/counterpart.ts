/** The run there that stands for a run here: known, found, or made. */
import type { RunDocument } from "../../core/transfer/index.js";
import type { Run, StringMap } from "../../store-format/index.js";
import type { RunTask } from "../engine/plan.js";
import { emptyState, type RunState } from "../engine/run-state.js";
import { createRemoteRun } from "./create-run.js";
import { findRemoteRun } from "./find-runs.js";
import type { PushSession } from "./push-session.js";
import type { TransferNotes } from "./transfer-notes.js";
import { deleteTwins } from "./twins.js";
import type { WantedRecord } from "./wanted-record.js";

/** The run there, and what is known of it. */
export interface Counterpart {
  readonly run: Run;
  /** It surely has nothing but what its making brought. */
  readonly isFresh: boolean;
  readonly isNew: boolean;
  /** Tags that its making brought. */
  readonly tags: StringMap;
}

export interface CounterpartQuest {
  readonly task: RunTask;
  readonly experimentId: string;
  readonly wanted: WantedRecord;
  /** Null: the journal knows nothing of the run. */
  readonly state: RunState | null;
  readonly notes: TransferNotes;
}

/** Of several runs there the one that counts stays; makes one when there is none. Throws what the server says. */
export async function findOrMakeCounterpart(
  session: PushSession,
  quest: CounterpartQuest,
): Promise<Counterpart> {
  const { calls, counterparts } = session;
  const { task, experimentId, state } = quest;
  const originId = task.head.runId;
  const known = state?.remoteRunId ?? null;
  const run = known === null ? null : await calls.getRun(known);
  if (run !== null && run.info.experimentId === experimentId && run.info.lifecycleStage === "active")
    return { run, isFresh: false, isNew: false, tags: {} };
  const refs = counterparts.get(originId) ?? (await findRemoteRun(calls, experimentId, originId));
  await deleteTwins(session, originId, refs);
  const found = refs[0] === undefined ? run : await calls.getRun(refs[0].remoteRunId);
  if (found !== null) return { run: found, isFresh: false, isNew: false, tags: {} };
  return make(session, quest);
}

async function make(
  { calls, state, now, signal }: PushSession,
  { task, experimentId, wanted, notes }: CounterpartQuest,
): Promise<Counterpart> {
  const originId = task.head.runId;
  await state.saveDurably(emptyState(originId, experimentId));
  const created = await createRemoteRun(calls, { originId, experimentId, wanted, now, signal });
  notes.move({ tags: Object.keys(created.tags).length });
  return { ...created, isNew: true };
}

/**
 * Of a run that is deleted there: brings it back when it is deleted here, too (it can only be written while it is active),
 * or when it was we who deleted it and it is active here again. False: it is left as it is.
 */
export async function mayWrite(
  { calls }: PushSession,
  run: Run,
  { document, state }: { readonly document: RunDocument; readonly state: RunState | null },
): Promise<boolean> {
  const isDeletedHere = document.info.lifecycleStage === "deleted";
  if (!isDeletedHere && state?.common?.lifecycleStage !== "deleted") return false;
  await calls.restoreRun(run.info.runId);
  return true;
}
