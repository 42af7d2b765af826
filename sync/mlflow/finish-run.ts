/** The end of a run's transfer: name, status and end time when all else is there; deletion last of all. */

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
  readonly notes: TransferNotes;
}

export async function finishRun(calls: MlflowCalls, finish: Finish): Promise<void> {
  const { wanted, run, common, notes } = finish;
  const { info } = run;
  const base = common ?? info;
  const runName = settle(notes, ["runName", "name"], [base.runName, wanted.runName, info.runName]);
  const status = settle(notes, ["status", "status"], [base.status, wanted.status, info.status]);
  const endTime = settle(notes, ["endTime", "end_time"], [base.endTime, wanted.endTime, info.endTime]);
  if (runName !== null || status !== null || endTime !== null)
    await calls.updateRun(info.runId, {
      runName: runName ?? undefined,
      status: status ?? undefined,
      endTime: endTime ?? undefined,
    });
  if (wanted.lifecycleStage === "deleted") await calls.deleteRun(info.runId);
}

/** What is to be set there; null: nothing. */
function settle<Value extends string | number | bigint>(
  notes: TransferNotes,
  [name, field]: readonly ["runName" | "status" | "endTime", ConflictField],
  [base, mine, theirs]: readonly [Value | null, Value | null, Value | null],
): Value | null {
  const change = changeOf(base, mine, theirs);
  if (change.kind === "send") return change.value;
  if (change.kind === "same") return null;
  notes.leftAlone.add(name);
  if (change.kind === "conflict") notes.conflict(field, null, change);
  return null;
}
