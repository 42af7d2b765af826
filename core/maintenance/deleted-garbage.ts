/** Runs and experiments that were deleted long enough ago to be removed for good, as `mlflow gc` does. */
import { join } from "node:path";
import { type Integer, isRunstoneError } from "../../store-format/index.js";
import { removeDirectory, statIfExists } from "../fs/index.js";
import { META, type StorePaths } from "../store/layout.js";
import { IGNORE_DAMAGE, THROW_UNREADABLE } from "../store/read/damages.js";
import { listExperimentLocations, readExperimentMeta } from "../store/read/experiments.js";
import type { ExperimentLocation, Located, RunLocation } from "../store/read/located.js";
import { listRunLocations, readRunMeta, runsOf } from "../store/read/runs.js";

export interface DeletedThing {
  readonly experimentId: string;
  /** Absent: the experiment itself, with all its runs. */
  readonly runId?: string;
  /** Absolute. */
  readonly directory: string;
}

export interface DeletedQuery {
  /** Deleted at or before this time; milliseconds since 1970. */
  readonly deletedBefore: number;
  readonly dryRun: boolean;
  /** Runs that somebody works on stay. */
  isBusy(runDirectory: string): boolean;
}

/** Removes and tells them. What has an unreadable meta.yaml stays: that it was deleted cannot be known. */
export function collectDeleted(paths: StorePaths, query: DeletedQuery): DeletedThing[] {
  const things: DeletedThing[] = [];
  const gone = new Set<string>();
  const remove = (thing: DeletedThing) => {
    if (!query.dryRun) removeDirectory(paths.root, thing.directory);
    gone.add(thing.directory);
    things.push(thing);
  };
  for (const experiment of listExperimentLocations(paths, IGNORE_DAMAGE)) {
    const { experimentId, directory } = experiment;
    if (isExperimentDue(experiment, query)) remove({ experimentId, directory });
  }
  for (const run of listRunLocations(paths)) {
    const { experimentId, runId, directory } = run;
    if (!gone.has(join(directory, "..")) && isRunDue(run, query)) remove({ experimentId, runId, directory });
  }
  return things;
}

/** The place decides whether an experiment is deleted. */
function isExperimentDue(location: ExperimentLocation, query: DeletedQuery): boolean {
  if (location.place !== "trash" || location.orphan) return false;
  const deleted = ifReadable(() => timeOr(readExperimentMeta(location).lastUpdateTime, location));
  if (deleted === null || deleted > query.deletedBefore) return false;
  // One whose runs cannot be listed stays: somebody may be writing into them.
  const runs = ifReadable(() => [...runsOf(location, THROW_UNREADABLE)]);
  return runs?.every((run) => !query.isBusy(run.directory)) ?? false;
}

function isRunDue(run: RunLocation, query: DeletedQuery): boolean {
  const meta = ifReadable(() => readRunMeta(run));
  if (meta?.lifecycleStage !== "deleted") return false;
  return timeOr(meta.deletedTime, run) <= query.deletedBefore && !query.isBusy(run.directory);
}

/** Old versions of MLflow wrote no time: then it is when meta.yaml changed last. */
function timeOr(time: Integer | null, { directory }: Located): number {
  if (time !== null) return Number(time);
  const found = statIfExists(join(directory, META));
  return found === null ? Number.POSITIVE_INFINITY : Number(found.mtimeNs / 1_000_000n);
}

function ifReadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return null;
  }
}
