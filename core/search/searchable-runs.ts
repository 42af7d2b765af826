/** Which directories of a store are runs for a search. */
import type { StoreContext } from "../store/context.js";
import type { OnDamage } from "../store/read/damages.js";
import { directoriesOf } from "../store/read/entries.js";
import { isRun } from "../store/read/is-run.js";
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
