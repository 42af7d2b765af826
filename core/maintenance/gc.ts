/** Housekeeping of a store: what killed writers left, objects that nothing names, and, on request, what was deleted. */

import { join } from "node:path";
import { isRunstoneError } from "../../store-format/index.js";
import { inspectLease, type LeaseOwner, liveWriters, takeExclusive } from "../leases/index.js";
import type { StoreContext } from "../store/context.js";
import { objectsPath, type StorePaths } from "../store/layout.js";
import { writable } from "../store/writable.js";
import { collectDeleted, type DeletedThing } from "./deleted-garbage.js";
import { collectObjects, type ObjectGarbage } from "./object-garbage.js";
import { findTemporaries, removeTemporaries } from "./temporary-garbage.js";

export const DEFAULT_GRACE_MS = 14 * 24 * 3_600_000;

export interface GcOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Objects younger than this stay, and so long they lie in the trash; default 14 days. */
  readonly graceMs?: number;
  /** Tells what would be done and changes nothing. */
  readonly dryRun?: boolean;
  /** Also remove runs and experiments for good that were deleted at or before this time. Default: none. */
  readonly deletedBefore?: number;
  /** SHA-256 of objects to keep though no manifest here names them (branches that are not checked out). */
  readonly alsoReferenced?: ReadonlySet<string>;
  /** Who does it: told to others who try meanwhile. */
  readonly owner: LeaseOwner;
  /** Also when a silent owner on another host holds the maintenance. */
  readonly force?: boolean;
}

export interface GcReport {
  readonly dryRun: boolean;
  /** Absolute paths of temporary files and half-built directories. */
  readonly temporaries: readonly string[];
  /** Removed for good. */
  readonly deleted: readonly DeletedThing[];
  /** Null outside a workspace: there are no shared objects. */
  readonly objects: ObjectGarbage | null;
}

type WritablePaths = StorePaths & Pick<StoreContext, "refusal">;

/**
 * Runs that somebody holds a lease of, or writes to, are left alone. Throws LEASE_HELD while another process does
 * maintenance, NOT_A_STORE when the root is not there, and I/O errors.
 */
export function collectGarbage(paths: WritablePaths, options: GcOptions): GcReport {
  if (options.dryRun !== true) writable(paths);
  const own = paths.workspace === null ? null : join(paths.workspace, ".runstone");
  if (own === null || options.dryRun === true) return collect(paths, own, options);
  const release = takeExclusive(join(own, "maintenance"), options.owner, {
    what: "the maintenance of this workspace",
    hintSilent: "If you know that it has ended: runstone gc --take-over",
    force: options.force,
  });
  try {
    return collect(paths, own, options);
  } finally {
    release();
  }
}

/** Deleted runs go first, so that objects which only they named begin to count as garbage. */
function collect(paths: StorePaths, own: string | null, options: GcOptions): GcReport {
  const { now, graceMs = DEFAULT_GRACE_MS, dryRun = false, deletedBefore, alsoReferenced } = options;
  const temporaries = findTemporaries({ root: paths.root, own, isBusy }, now);
  if (!dryRun) removeTemporaries(temporaries, paths.root);
  const deleted = deletedBefore === undefined ? [] : collectDeleted(paths, { deletedBefore, dryRun, isBusy });
  const store = objectsPath(paths);
  if (store === null) return { dryRun, temporaries, deleted, objects: null };
  const without = new Set(deleted.map((thing) => thing.directory));
  const rules = { now, graceMs, dryRun, alsoReferenced, without };
  const objects = collectObjects(store, paths.root, rules);
  return { dryRun, temporaries, deleted, objects };
}

/** Whether somebody may be at work in a run: its lease or a writer's slot is not proven dead, or cannot be read. */
function isBusy(runDirectory: string): boolean {
  try {
    const lease = inspectLease(runDirectory);
    return (lease !== null && lease.verdict !== "dead") || liveWriters(runDirectory).length > 0;
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return true;
  }
}
