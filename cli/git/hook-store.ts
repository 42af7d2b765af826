import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { openRuns, type StoreRuns } from "../store/open-runs.js";

/** The store of the work tree that a hook runs in; null where this commit has none. */
export function openHookStore(context: CommandContext): StoreRuns | null {
  try {
    return openRuns(context);
  } catch (error) {
    if (isRunstoneError(error, "NO_WORKSPACE") || isRunstoneError(error, "NOT_A_STORE")) return null;
    throw error;
  }
}
