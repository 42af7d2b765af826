/** The runs of a store by a walk over the files: what every search by the index must agree with. */

import { readRunState } from "../leases/index.js";
import type { StoreContext } from "../store/context.js";
import { IGNORE_DAMAGE, type OnDamage } from "../store/read/damages.js";
import { MemoryRunTable } from "./memory-run-table.js";
import { readRunRecord } from "./read-run-record.js";
import type { RunRecord } from "./run-record.js";
import type { RunTable } from "./run-table.js";
import { searchableRuns } from "./searchable-runs.js";

export interface ScanOptions {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[];
  readonly onDamage?: OnDamage;
}

/** Reads every file of the runs; no index is read or written. */
export function scanRunTable(context: StoreContext, options: ScanOptions = {}): RunTable {
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
