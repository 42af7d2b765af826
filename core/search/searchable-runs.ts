/** Which directories of a store are runs for a search. */
import { join } from "node:path";
import { isRunstoneError } from "../../store-format/index.js";
import { statIfExists } from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { META } from "../store/layout.js";
import type { OnDamage } from "../store/read/damages.js";
import { directoriesOf } from "../store/read/entries.js";
import type { RunLocation } from "../store/read/located.js";
import { experimentsOf, isRunName, runIn } from "../store/read/runs.js";

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

/** A directory that must not be looked into counts: it is listed as damaged, not left out. */
export function isRun({ directory }: RunLocation): boolean {
  try {
    return SIGNS_OF_A_RUN.some((name) => statIfExists(join(directory, name)) !== null);
  } catch (error) {
    if (isRunstoneError(error, "PERMISSION_DENIED") || isRunstoneError(error, "IO_ERROR")) return true;
    throw error;
  }
}
