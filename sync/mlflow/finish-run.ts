/** The end of a run's transfer: name, status and end time when all else is there; deletion last of all. */

import { mergeOutcome, type Outcome, outcomeConflict } from "../../core/transfer/index.js";
import type { UpdateRunFields } from "../../protocol/mlflow/index.js";
import type { Run } from "../../store-format/index.js";
import { changeOf } from "../engine/merge-tags.js";
import type { CommonRecord } from "../engine/run-state.js";
import type { ConflictField } from "../state/index.js";
import type { MlflowCalls } from "./calls.js";
import type { TransferNotes } from "./transfer-notes.js";
import type { WantedRecord } from "./wanted-record.js";

export interface Finish {
  readonly wanted: WantedRecord;
  /** The run as it was there before. */
  readonly run: Run;
  /** What both sides had when they were last equal; null: what is there is ours. */
  readonly common: CommonRecord | null;
  /** Without `common`, what is there may be somebody's change. */
  readonly isUnclear: boolean;
  readonly notes: TransferNotes;
}

export async function finishRun(calls: MlflowCalls, finish: Finish): Promise<void> {
  const { wanted, run, common, notes } = finish;
  const { info } = run;
  const base = common ?? (finish.isUnclear ? undefined : info);
  const runName = settle(notes, ["runName", "name"], [base?.runName, wanted.runName, info.runName]);
  const outcome = outcomeToSend(finish);
  if (runName !== null || outcome !== null)
    await calls.updateRun(info.runId, { runName: runName ?? undefined, ...outcome });
  if (wanted.lifecycleStage === "deleted") await calls.deleteRun(info.runId);
}

interface FinishedOutcome extends Pick<Finish, "notes"> {
  readonly wanted: Outcome;
  readonly run: { readonly info: Outcome };
  readonly common: Outcome | null;
  readonly isUnclear?: boolean;
}

/** Status and end time are one thing here, too; null: nothing is to be set there. */
export function outcomeToSend(finished: FinishedOutcome): UpdateRunFields | null {
  const { wanted, run, common, isUnclear = false, notes } = finished;
  const { info } = run;
  if (isSameOutcome(wanted, info)) return null;
  const taken = mergeOutcome(common ?? (isUnclear ? undefined : info), wanted, info);
  if (taken === "mine") return { status: wanted.status, endTime: wanted.endTime ?? undefined };
  notes.leftAlone.add("status").add("endTime");
  if (taken === "conflict") notes.conflicts.push(outcomeConflict(common, wanted, info));
  return null;
}

function isSameOutcome(a: Outcome, b: Outcome): boolean {
  return a.status === b.status && (a.endTime === b.endTime || a.endTime === null);
}

/** What is to be set there; null: nothing. */
function settle(
  notes: TransferNotes,
  [name, field]: readonly ["runName", ConflictField],
  [base, mine, theirs]: readonly [string | undefined, string, string],
): string | null {
  const change = changeOf(base, mine, theirs);
  if (change.kind === "send") return change.value;
  if (change.kind === "same") return null;
  notes.leftAlone.add(name);
  if (change.kind === "conflict") notes.conflict(field, null, change);
  return null;
}
