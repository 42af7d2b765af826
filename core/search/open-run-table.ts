/** Opens the runs of a store for searching. */

import { join } from "node:path";
import { statIfExists } from "../fs/index.js";
import { readRunState } from "../leases/index.js";
import type { StoreContext } from "../store/context.js";
import { META } from "../store/layout.js";
import { IGNORE_DAMAGE, type OnDamage } from "../store/read/damages.js";
import { directoriesOf } from "../store/read/entries.js";
import type { RunLocation } from "../store/read/located.js";
import { experimentsOf, isRunName, runIn } from "../store/read/runs.js";
import { MemoryRunTable } from "./memory-run-table.js";
import { readRunRecord } from "./read-run-record.js";
import type { RunRecord } from "./run-record.js";
import type { RunTable } from "./run-table.js";

/** `auto`: what DESIGN §7 promises; `none`: the index as it is; `full`: every file is looked at. */
export type Refresh = "auto" | "none" | "full";

export interface RunTableOptions {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[];
  readonly refresh?: Refresh;
  /** Each damage of the runs that are looked at. */
  readonly onDamage?: OnDamage;
}

export function openRunTable(context: StoreContext, options: RunTableOptions = {}): RunTable {
  return scanRunTable(context, options);
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

/** As `listRunLocations`, with the directories that hold records of a run but have lost their meta.yaml. */
export function* searchableRuns(
  context: StoreContext,
  experimentIds: readonly string[] | undefined,
  onDamage: OnDamage,
): Generator<RunLocation> {
  for (const experiment of experimentsOf(context, experimentIds, onDamage)) {
    for (const name of directoriesOf(experiment, onDamage)) {
      if (!isRunName(name)) continue;
      const run = runIn(experiment, name);
      if (isRun(run)) yield run;
    }
  }
}

const SIGNS_OF_A_RUN = [META, "metrics", "params", "tags"];

function isRun({ directory }: RunLocation): boolean {
  return SIGNS_OF_A_RUN.some((name) => statIfExists(join(directory, name)) !== null);
}
