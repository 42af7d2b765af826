/** The end of a run's push: after it was read back, its state and receipt are written. */
import type { StringMap } from "../../store-format/index.js";
import { lacksParent } from "../engine/compare-state.js";
import { type Refusal, tagsBesides } from "../engine/refusals.js";
import type { RunOutcome } from "../engine/report.js";
import type { CommonRecord, Receipt, RunState } from "../engine/run-state.js";
import { commonBesides, NOTHING_KNOWN } from "../native/outcomes.js";
import type { Conflict } from "../state/index.js";
import type { ExpectedRun, VerifiedRun } from "./expected-run.js";
import { notEqual } from "./not-equal.js";
import { likeBefore } from "./pull-plan.js";
import type { SentRun } from "./push-run.js";
import type { PushSession } from "./push-session.js";
import { remoteMarkOf } from "./remote-mark.js";
import type { Watermarks } from "./send-points.js";
import { parentOf } from "./wanted-record.js";

export interface Settlement {
  readonly found: VerifiedRun;
  readonly commitReceipts: boolean;
}

export function settleRun(
  session: PushSession,
  sent: SentRun,
  { found, commitReceipts }: Settlement,
): RunOutcome {
  const { expected, conflicts, incomplete, moved, head, watermarks, artifacts, refused } = sent;
  const { runId, document, remoteRunId } = expected;
  const exceptions = [...new Set([...sent.exceptions, ...found.exceptions])];
  const { runName } = document.info;
  const outcome = { runId, runName, remoteRunId, ...{ conflicts, exceptions, incomplete, moved } };
  session.state.saveConflicts(runId, conflicts);
  if (found.differences.length > 0)
    return { ...outcome, result: "failed", error: notEqual(runId, found.differences) };
  // One of which artifacts were left out, or whose parent may yet come, is looked at again.
  const hasArtifacts = session.withArtifacts || document.artifacts.length === 0;
  const isAll = hasArtifacts && !lacksParent(parentOf(document.tags), exceptions);
  const former = session.state.run(runId);
  const state = stateAfter(expected, {
    ...{ watermarks, artifacts, refused, exceptions, found },
    mark: isAll ? head.mark : null,
    now: session.now(),
    conflicts,
    former: former?.common ?? null,
    remoteMark: remoteMarkAfter(sent, found, former),
  });
  session.state.save(state);
  if (found.run !== null) session.state.saw(runId, remoteMarkOf(found.run));
  session.state.writeReceipt(state, commitReceipts ? expected.location.directory : null);
  return { ...outcome, result: conflicts.length > 0 ? "conflict" : "done" };
}

/**
 * A pull need not look at a run that has there just what it has here. Artifacts that others added show in no search: only of
 * a run that was made by this push, or looked at before, is it known that there are none.
 */
function remoteMarkAfter(
  { isNew, conflicts, expected }: SentRun,
  { run, isSame }: VerifiedRun,
  former: RunState | null,
): string | null {
  const { status } = expected.document.info;
  const goesOn = status === "RUNNING" || status === "SCHEDULED";
  const before = former?.remoteMark ?? null;
  if (run === null || !isSame || goesOn || conflicts.length > 0) return null;
  if (isNew) return remoteMarkOf(run);
  return before === null ? null : likeBefore(remoteMarkOf(run), before);
}

export interface SettledFacts {
  /** Of the run here, taken before it was read. */
  readonly mark: string | null;
  readonly watermarks: Watermarks;
  readonly artifacts: StringMap;
  /** What is not there. */
  readonly refused: readonly Refusal[];
  readonly exceptions: readonly string[];
  readonly found: VerifiedRun;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly conflicts: readonly Conflict[];
  /** What both sides had before. */
  readonly former: CommonRecord | null;
  /** What a search tells of the run there when nothing of it has to be pulled; null: it is not known. */
  readonly remoteMark: string | null;
}

/** The state of a run that was seen to be there. One in conflict is looked at each time until that is settled. */
export function stateAfter(expected: ExpectedRun, facts: SettledFacts): RunState {
  const { document, runId, remoteRunId, remoteExperimentId } = expected;
  const { runName, status, endTime, lifecycleStage } = document.info;
  const { recordDigest } = document;
  const tags = tagsBesides(document.tags, facts.refused);
  const common = { recordDigest, tags, runName, status, endTime, lifecycleStage };
  return {
    ...{ runId, remoteRunId, remoteExperimentId },
    localMark: facts.conflicts.length > 0 ? null : facts.mark,
    remoteMark: facts.remoteMark,
    common: commonBesides(common, facts.former ?? NOTHING_KNOWN, facts.conflicts),
    watermarks: facts.watermarks,
    artifacts: facts.artifacts,
    refused: facts.refused,
    receipt: receiptOf(expected, facts),
  };
}

function receiptOf(
  { document, params, tags }: ExpectedRun,
  { found, exceptions, now }: SettledFacts,
): Receipt {
  return {
    verifiedTime: now,
    recordDigest: document.recordDigest,
    params: Object.keys(params).length,
    tags: Object.keys(tags).length,
    points: found.points,
    artifacts: found.artifacts,
    hashedArtifacts: found.hashedArtifacts,
    exceptions,
  };
}
