/** How a run's state is shown. */
import type { RunState } from "../../core/leases/index.js";
import type { RunInfo } from "../../store-format/index.js";
import type { Style } from "./style.js";
import { formatAge, formatDuration } from "./time.js";

/** `FINISHED`, `LOST`, ...; a deleted run says so. */
export function shownState(info: RunInfo, { state }: RunState): string {
  return info.lifecycleStage === "deleted" ? `${state} (deleted)` : state;
}

/** From start to end; until now while it runs, until the last sign of life of a lost one. Milliseconds; null: unknown. */
export function elapsedOf(info: RunInfo, state: RunState | null, now: number): number | null {
  const until = info.endTime ?? (info.status === "RUNNING" ? (state?.since ?? now) : null);
  return info.startTime === null || until === null ? null : Number(until) - Number(info.startTime);
}

/** `4m05s`; `-` when it is not known. */
export function shownDuration(info: RunInfo, state: RunState | null, now: number): string {
  const elapsed = elapsedOf(info, state, now);
  return elapsed === null ? "-" : formatDuration(elapsed);
}

export function paintState(style: Style, state: string, text: string): string {
  if (state.startsWith("FINISHED")) return style.green(text);
  if (state.startsWith("DAMAGED")) return style.bold(style.red(text));
  if (state.startsWith("FAILED") || state.startsWith("KILLED")) return style.red(text);
  if (state.startsWith("LOST")) return style.bold(style.yellow(text));
  return style.cyan(text);
}

/** `no sign since 3h`, with host and process when known; empty for a run that is well. */
export function stateNote({ state, since, lease }: RunState, now: number): string {
  const where = lease === undefined ? "" : ` (process ${lease.pid} on ${lease.host})`;
  const age = formatAge(since ?? null, now);
  if (state === "LOST")
    return `its process is gone; last sign ${age === "now" ? "just now" : `${age} ago`}${where}`;
  return since === undefined ? "" : `no sign of life for ${age}${where}`;
}
