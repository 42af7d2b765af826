/** What becomes of a value that two sides may have changed. */
import type { Integer, RunInfo } from "../entities.js";

export type Merged = "mine" | "theirs" | "conflict";

/**
 * Who changed it wins; both alike is no conflict, both differently is one. Without a base (undefined), a value wins over
 * its absence.
 */
export function mergeValue<Value extends Integer | string>(
  base: Value | null | undefined,
  mine: Value | null,
  theirs: Value | null,
): Merged {
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
export function mergeOutcome(base: Outcome | undefined, mine: Outcome, theirs: Outcome): Merged {
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
