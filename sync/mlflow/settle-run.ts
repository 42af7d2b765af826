/** The end of a run's push: after it was read back, its state and receipt are written. */
import { RunstoneError } from "../../store-format/index.js";
import type { RunOutcome } from "../engine/report.js";
import type { Receipt, RunState } from "../engine/run-state.js";
import type { SentRun } from "./push-run.js";
import type { PushSession } from "./push-session.js";
import type { Difference, VerifiedRun } from "./verify-runs.js";

export interface Settlement {
  readonly found: VerifiedRun;
  readonly commitReceipts: boolean;
}

export function settleRun(
  session: PushSession,
  sent: SentRun,
  { found, commitReceipts }: Settlement,
): RunOutcome {
  const { expected, conflicts, incomplete, moved } = sent;
  const exceptions = [...new Set([...sent.exceptions, ...found.exceptions])];
  const outcome = {
    runId: expected.runId,
    runName: expected.document.info.runName,
    remoteRunId: expected.remoteRunId,
    ...{ conflicts, exceptions, incomplete, moved },
  };
  session.state.saveConflicts(expected.runId, conflicts);
  if (found.differences.length > 0)
    return { ...outcome, result: "failed", error: notEqual(expected.runId, found.differences) };
  const state = stateOf(session, sent, receiptOf(session, sent, { found, exceptions }));
  session.state.save(state);
  session.state.writeReceipt(state, commitReceipts ? expected.location.directory : null);
  return { ...outcome, result: conflicts.length > 0 ? "conflict" : "done" };
}

function receiptOf(
  session: PushSession,
  { expected }: SentRun,
  { found, exceptions }: { readonly found: VerifiedRun; readonly exceptions: readonly string[] },
): Receipt {
  return {
    verifiedTime: session.now(),
    recordDigest: expected.document.recordDigest,
    params: Object.keys(expected.params).length,
    tags: Object.keys(expected.tags).length,
    points: found.points,
    artifacts: expected.place === null ? 0 : expected.artifacts.length,
    hashedArtifacts: found.hashedArtifacts,
    exceptions,
  };
}

function stateOf(session: PushSession, sent: SentRun, receipt: Receipt): RunState {
  const { expected, head, watermarks, artifacts, conflicts } = sent;
  const { document } = expected;
  const { runName, status, endTime, lifecycleStage } = document.info;
  // A run in conflict is looked at each time until it is settled; so is one of which artifacts were left out.
  const isAll = conflicts.length === 0 && (session.withArtifacts || document.artifacts.length === 0);
  return {
    runId: expected.runId,
    remoteRunId: expected.remoteRunId,
    remoteExperimentId: expected.remoteExperimentId,
    localMark: isAll ? head.mark : null,
    remoteMark: null,
    common:
      conflicts.length > 0
        ? null
        : {
            recordDigest: document.recordDigest,
            tags: document.tags,
            runName,
            status,
            endTime,
            lifecycleStage,
          },
    watermarks,
    artifacts,
    receipt,
  };
}

function notEqual(runId: string, differences: readonly Difference[]): RunstoneError {
  const shown = differences.slice(0, 3).map(({ what, key, problem }) => `${what} '${key}' ${problem}`);
  const more = differences.length > shown.length ? ` and ${differences.length - shown.length} more` : "";
  return new RunstoneError(
    "REMOTE_FAILED",
    `run ${runId}, read back, is not equal: ${shown.join("; ")}${more}`,
    {
      hint: "Push again: what is missing is sent.",
      data: { runId, differences },
    },
  );
}
