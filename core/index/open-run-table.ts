/** Opens the runs of a store for searching. */
import type { RunTable } from "../search/run-table.js";
import { stateOf } from "../search/scan-run-table.js";
import type { StoreContext } from "../store/context.js";
import type { OnDamage } from "../store/read/damages.js";
import { openIndexedRuns, type Refresh } from "./open-indexed-runs.js";

export type { Refresh } from "./open-indexed-runs.js";

export interface RunTableOptions {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[];
  readonly refresh?: Refresh;
  /** Damages of experiments, and the first of each run. */
  readonly onDamage?: OnDamage;
}

/** The runs by the index, which is brought up to date first. Throws NOT_A_STORE and typed I/O errors of the store. */
export function openRunTable(context: StoreContext, options: RunTableOptions = {}): RunTable {
  return openIndexedRuns(context, { ...options, stateOf }).table;
}
