/** Which runs of two peers a sync has to look at: the heads of both against the journal. Pure. */
import { isSameMark } from "../../core/transfer/index.js";
import type { WireHead } from "../../protocol/index.js";
import type { RunMarks } from "../state/index.js";

export type Direction = "push" | "pull" | "both";

/** A run that is looked at, and whether it may have changed on a side since both were last equal. */
export interface Candidate {
  readonly runId: string;
  /** null: not there. */
  readonly local: "same" | "changed" | null;
  readonly remote: "same" | "changed" | null;
}

export interface NativePlan {
  readonly candidates: readonly Candidate[];
  readonly unchanged: number;
}

export interface PlanInput {
  readonly local: readonly WireHead[];
  readonly remote: readonly WireHead[];
  readonly direction: Direction;
  /** Takes no run for the same. */
  readonly recheck: boolean;
  /** Null: nothing is known of it. */
  marks(runId: string): RunMarks | null;
}

/** Runs that only the other side has are none of a push's, or pull's, business. */
export function planNative({ local, remote, direction, recheck, marks }: PlanInput): NativePlan {
  const there = new Map(remote.map((head) => [head.runId, head]));
  const candidates: Candidate[] = [];
  let unchanged = 0;
  for (const head of local) {
    const other = there.get(head.runId);
    there.delete(head.runId);
    if (other === undefined && direction === "pull") continue;
    const known = recheck ? null : marks(head.runId);
    const candidate = {
      runId: head.runId,
      local: stateOf(known?.localMark, head.mark),
      remote: other === undefined ? null : stateOf(known?.remoteMark, other.mark),
    } as const;
    if (isSettled(candidate, direction)) unchanged += 1;
    else candidates.push(candidate);
  }
  if (direction !== "push")
    for (const runId of there.keys()) candidates.push({ runId, local: null, remote: "changed" });
  return { candidates, unchanged };
}

function stateOf(known: string | null | undefined, now: string | null): "same" | "changed" {
  return isSameMark(known ?? null, now) ? "same" : "changed";
}

function isSettled({ local, remote }: Candidate, direction: Direction): boolean {
  if (remote === null) return false;
  return (direction === "pull" || local === "same") && (direction === "push" || remote === "same");
}
