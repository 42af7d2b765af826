/**
 * Checking a store: everything readable is read, every sealed run and object is hashed. Reads only; `repair` is the other
 * half, in repair.ts. A report says what is damaged (lost or rebuildable), what is merely noted, and what changed since
 * it was sealed.
 */
import type { Damage } from "../../store-format/index.js";
import type { StoreContext } from "../store/context.js";
import { listRunLocations, type RunLocation, scanStore } from "../store/read/index.js";
import { verifyObjects } from "./verify-objects.js";
import { type Change, verifyRun } from "./verify-run.js";

export interface FsckOptions {
  /** Only these runs, and no objects; default everything. */
  readonly runIds?: readonly string[];
  /** Called after each run, for a progress line. */
  readonly onRun?: (checked: number) => void;
}

export interface FsckReport {
  readonly runs: number;
  /** Runs with a manifest that can be read. */
  readonly sealed: number;
  /** Sealed files that were hashed and are right. */
  readonly files: number;
  readonly objects: number;
  readonly damages: readonly Damage[];
  readonly changes: readonly Change[];
}

/** Checks a store. Throws only when the root itself cannot be read. */
export function fsck(context: StoreContext, options: FsckOptions = {}): FsckReport {
  const chosen = options.runIds === undefined ? null : new Set(options.runIds);
  const damages: Damage[] = [];
  const keep = (damage: Damage): void => {
    if (chosen === null || (damage.runId !== undefined && chosen.has(damage.runId))) damages.push(damage);
  };
  for (const _ of scanStore(context, keep));
  const runs = [...listRunLocations(context)].filter(({ runId }) => chosen === null || chosen.has(runId));
  const found = verifyRuns(context, runs, options);
  const objects = chosen === null ? verifyObjects(context, (sha256) => found.copies.has(sha256)) : NO_OBJECTS;
  return {
    runs: runs.length,
    sealed: found.sealed,
    files: found.files,
    objects: objects.intact + objects.damages.length,
    damages: [...damages, ...found.damages, ...objects.damages],
    changes: found.changes,
  };
}

const NO_OBJECTS = { intact: 0, damages: [] };

interface VerifiedRuns {
  readonly sealed: number;
  readonly files: number;
  readonly damages: readonly Damage[];
  readonly changes: readonly Change[];
  /** Hashes of which an intact artifact file was seen. */
  readonly copies: ReadonlySet<string>;
}

function verifyRuns(context: StoreContext, runs: readonly RunLocation[], options: FsckOptions): VerifiedRuns {
  const damages: Damage[] = [];
  const changes: Change[] = [];
  const copies = new Set<string>();
  let sealed = 0;
  let files = 0;
  for (const [index, location] of runs.entries()) {
    const run = verifyRun(context, location);
    if (run.manifest !== null) sealed += 1;
    files += run.intact;
    for (const damage of run.damages) damages.push(damage);
    for (const change of run.changes) changes.push(change);
    for (const sha256 of run.intactArtifacts) copies.add(sha256);
    options.onRun?.(index + 1);
  }
  return { sealed, files, damages, changes, copies };
}
