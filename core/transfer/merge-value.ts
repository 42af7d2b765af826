/** Merging values that both sides may have changed. Pure. */
import {
  type Integer,
  isRunstoneError,
  type LifecycleStage,
  type RunInfo,
  type RunStatus,
  type StringMap,
} from "../../store-format/index.js";

/** What both sides had when they were last equal. */
export interface CommonRecord {
  readonly tags: StringMap;
  readonly runName: string;
  readonly status: RunStatus;
  readonly endTime: Integer | null;
  readonly lifecycleStage: LifecycleStage;
}

export const MERGED_FIELDS = [
  "param",
  "tag",
  "metric",
  "name",
  "status",
  "end_time",
  "lifecycle_stage",
  "input",
  "artifact",
] as const;

/** What two stores have differently, and nobody can tell which is right. Nothing of it was written. */
export interface MergeConflict {
  readonly field: (typeof MERGED_FIELDS)[number];
  /** Of a param, tag, metric or input (name and digest of its dataset); the path of an artifact; else null. */
  readonly key: string | null;
  /** As texts, artifacts by hash; null: absent on that side (`base`: absent then, or not known). */
  readonly base: string | null;
  readonly mine: string | null;
  readonly theirs: string | null;
}

/**
 * Who changed it wins; both alike is no conflict, both differently is one. Without a base (undefined), a value wins over
 * its absence.
 */
export function mergeValue<Value extends Integer | string>(
  base: Value | null | undefined,
  mine: Value | null,
  theirs: Value | null,
): "mine" | "theirs" | "conflict" {
  if (mine === theirs || theirs === base) return "mine";
  if (mine === base) return "theirs";
  if (base === undefined && theirs === null) return "mine";
  if (base === undefined && mine === null) return "theirs";
  return "conflict";
}

/** Status and end time are one thing: how the run went. */
export type Outcome = Pick<RunInfo, "status" | "endTime">;

/**
 * As {@link mergeValue}; where both sides differ and nothing is known of before, or both changed it, a run that has ended
 * wins over one that has not.
 */
export function mergeOutcome(
  base: Outcome | undefined,
  mine: Outcome,
  theirs: Outcome,
): "mine" | "theirs" | "conflict" {
  const textOf = ({ status, endTime }: Outcome): string => `${status} ${endTime}`;
  const merged = mergeValue(base === undefined ? undefined : textOf(base), textOf(mine), textOf(theirs));
  if (merged !== "conflict") return merged;
  const rank = ({ status, endTime }: Outcome): number => {
    if (status === "SCHEDULED") return 0;
    if (status === "RUNNING") return 1;
    return endTime === null ? 2 : 3;
  };
  if (rank(mine) !== rank(theirs)) return rank(mine) > rank(theirs) ? "mine" : "theirs";
  return "conflict";
}

/** The conflict of two outcomes: named by the status, where that differs; else by the end time. */
export function outcomeConflict(base: Outcome | null, mine: Outcome, theirs: Outcome): MergeConflict {
  const isStatus = mine.status !== theirs.status;
  const textOf = ({ status, endTime }: Outcome): string => (isStatus ? status : String(endTime));
  return {
    field: isStatus ? "status" : "end_time",
    key: null,
    base: base === null ? null : textOf(base),
    mine: textOf(mine),
    theirs: textOf(theirs),
  };
}

/** For keys and paths that cannot lie beside those here: the rest of the run is merged all the same. */
export function isClash(error: unknown): boolean {
  return isRunstoneError(error, "INVALID_PARAMETER_VALUE");
}
