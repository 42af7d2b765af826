/** Merging values that both sides may have changed. Pure. */
import {
  type Integer,
  isRunstoneError,
  type LifecycleStage,
  type Outcome,
  type RunStatus,
  type StringMap,
} from "../../store-format/index.js";

export { mergeOutcome, mergeValue, type Outcome } from "../../store-format/index.js";

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
