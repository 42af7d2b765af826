/** Opens the runs of a store for searching. */

import { openIndexedRuns, type Refresh } from "../index/open-indexed-runs.js";
import { readRunState } from "../leases/index.js";
import type { StoreContext } from "../store/context.js";
import { IGNORE_DAMAGE, type OnDamage } from "../store/read/damages.js";
import { MemoryRunTable } from "./memory-run-table.js";
import { readRunRecord } from "./read-run-record.js";
import type { RunRecord } from "./run-record.js";
import type { RunTable } from "./run-table.js";
import { searchableRuns } from "./searchable-runs.js";

export type { Refresh } from "../index/open-indexed-runs.js";

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

/** Reads every file of the runs; no index is read or written. */
export function scanRunTable(context: StoreContext, options: RunTableOptions = {}): RunTable {
  const { experimentIds, onDamage = IGNORE_DAMAGE } = options;
  const asOf = context.now();
  const runs: RunRecord[] = [];
  for (const location of searchableRuns(context, experimentIds, onDamage))
    runs.push(readRunRecord(location, onDamage));
  return new MemoryRunTable(runs, { asOf, stateOf });
}

/** The derived state of a run marked RUNNING, by its lease. */
export function stateOf({ directory, info }: RunRecord): string {
  return info === null ? "DAMAGED" : readRunState({ directory }, info).state;
}
