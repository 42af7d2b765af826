/** What is told of a run when it is over. */
import type { WireCheck } from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { addMoved, NOTHING_MOVED, type RunOutcome } from "../engine/report.js";
import type { CommonRecord } from "../engine/run-state.js";
import type { Conflict } from "../state/index.js";
import type { Brought } from "./lanes.js";

type How = Pick<RunOutcome, "result"> & { readonly reason?: string; readonly error?: RunstoneError };

export function outcomeOf(
  runId: string,
  how: How,
  check: WireCheck | null = null,
  brought: readonly Pick<Brought, "moved">[] = [],
): RunOutcome {
  const moved = brought.reduce((sum, one) => addMoved(sum, one.moved), NOTHING_MOVED);
  return {
    runId,
    runName: check?.runName ?? "",
    remoteRunId: runId,
    ...how,
    conflicts: [],
    exceptions: [],
    incomplete: false,
    moved,
  };
}

export function notEqual(runId: string): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", `run ${runId}, read back, is not equal`, {
    hint: "It may have changed meanwhile. Repeat: what is missing is sent.",
    data: { runId },
  });
}

export function gone(runId: string): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} is not there when it is read back`, {
    hint: "Somebody may have removed it meanwhile. Repeat.",
    data: { runId },
  });
}

/** The keeper's "mine" is the remote's when we push. */
export function seenFromHere(conflicts: readonly Conflict[], how: "push" | "pull"): readonly Conflict[] {
  return how === "pull"
    ? conflicts
    : conflicts.map((one) => ({ ...one, mine: one.theirs, theirs: one.mine }));
}

/** What both transfers of a run found, each once. */
export function joinConflicts(a: readonly Conflict[], b: readonly Conflict[]): readonly Conflict[] {
  const all = new Map([...a, ...b].map((conflict) => [`${conflict.field} ${conflict.key}`, conflict]));
  return [...all.values()];
}

/** Of runs that nothing is known of: differs from both sides in whatever they differ in, so that a conflict stays one until it is settled. */
export const NOTHING_KNOWN: CommonRecord = {
  recordDigest: "",
  tags: {},
  runName: "",
  status: "RUNNING",
  endTime: null,
  lifecycleStage: "active",
};

/** What both sides have alike now; of what is in conflict, what both had before. */
export function commonBesides(
  now: CommonRecord,
  before: CommonRecord,
  conflicts: readonly Conflict[],
): CommonRecord {
  const tags: Record<string, string> = Object.assign(Object.create(null), now.tags);
  const common = { ...now, tags };
  for (const { field, key } of conflicts) {
    if (field === "tag" && key !== null) {
      delete tags[key];
      if (Object.hasOwn(before.tags, key)) tags[key] = before.tags[key]!;
    } else if (field === "name") common.runName = before.runName;
    else if (field === "status" || field === "end_time") {
      common.status = before.status;
      common.endTime = before.endTime;
    } else if (field === "lifecycle_stage") common.lifecycleStage = before.lifecycleStage;
  }
  return common;
}
