/** How a line speaks of a run: by the beginning of its id and its name. */
import { findRun, readRunInfo } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { isRunstoneError } from "../../store-format/index.js";

/** `4d0e8a1c (first)`; the id alone when the run has no name, or is not here. */
export function runWords(runId: string, runName: string): string {
  return runName === "" ? runId.slice(0, 8) : `${runId.slice(0, 8)} (${runName})`;
}

/** As {@link runWords}, of a run that may be here. */
export function namedRun(store: StoreContext, runId: string): string {
  return runWords(runId, nameHere(store, runId));
}

/** Empty when the run has none, is not here, or cannot be read. */
export function nameHere(store: StoreContext, runId: string): string {
  try {
    const location = findRun(store, runId);
    return location === null ? "" : readRunInfo(location).runName;
  } catch (error) {
    if (isRunstoneError(error)) return "";
    throw error;
  }
}
