/** Brings the index of a store up to date by a look at every file, and says what that found. */
import { statIfExists } from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import type { OnDamage } from "../store/read/damages.js";
import { removeIndex } from "./index-home.js";
import { type IndexedRuns, openIndexedRuns } from "./open-indexed-runs.js";

export interface IndexRefresh {
  readonly experiments: number;
  readonly runs: number;
  /** Runs of which every file was looked at, those read among them. */
  readonly lookedAt: number;
  /** Runs that were read. */
  readonly read: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly seconds: number;
  /** Where the index is kept; null: it is not, for the `reason`. */
  readonly directory: string | null;
  readonly reason: NotKept | null;
}

/** Why no index is kept; `empty`: there is nothing to keep yet. */
export type NotKept = Exclude<IndexedRuns["home"], { readonly directory: string }> | "empty";

export interface RefreshIndexOptions {
  /** The index is thrown away first. */
  readonly rebuild?: boolean;
  readonly onDamage?: OnDamage;
}

/** Throws NOT_A_STORE and typed I/O errors of the store itself. */
export function refreshIndex(context: StoreContext, options: RefreshIndexOptions = {}): IndexRefresh {
  const { rebuild = false, onDamage } = options;
  const start = performance.now();
  if (rebuild) removeIndex(context);
  const { table, counts, experiments, home } = openIndexedRuns(context, {
    refresh: "full",
    stateOf: () => "RUNNING",
    ...(onDamage === undefined ? {} : { onDamage }),
  });
  const { files, read, added, changed, removed } = counts;
  return {
    experiments,
    runs: table.rowCount,
    lookedAt: files + added,
    read,
    added,
    changed,
    removed,
    seconds: (performance.now() - start) / 1_000,
    ...keptIn(home, table.rowCount),
  };
}

/** The directory is made when there is something to keep. */
function keptIn(home: IndexedRuns["home"], runs: number): Pick<IndexRefresh, "directory" | "reason"> {
  if (typeof home === "string") return { directory: null, reason: home };
  if (statIfExists(home.directory) !== null) return { directory: home.directory, reason: null };
  return { directory: null, reason: runs === 0 ? "empty" : "refused" };
}
