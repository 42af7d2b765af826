/** The runs of one or several stores, opened for a listing. */
import type { CommandContext } from "../context.js";
import type { OpenRuns } from "../store/open-runs.js";
import { type OpenStoresOptions, openStores } from "../store/open-stores.js";
import { type ListedRun, listedRun } from "./listed-run.js";

export interface Listing
  extends Pick<OpenRuns, "table" | "experimentNames" | "experimentNameOf" | "severalStores" | "onDamage"> {
  runAt(row: number): ListedRun;
}

/** Throws as `openStores`. */
export async function openListing(context: CommandContext, options: OpenStoresOptions): Promise<Listing> {
  const opened = await openStores(context, options);
  const { table } = opened;
  return {
    table,
    get experimentNames() {
      return opened.experimentNames;
    },
    experimentNameOf: (run) => opened.experimentNameOf(run),
    severalStores: opened.severalStores,
    onDamage: opened.onDamage,
    runAt: (row) =>
      listedRun(table.runAt(row), opened.severalStores ? opened.storesAt(row).join(", ") : null),
  };
}
