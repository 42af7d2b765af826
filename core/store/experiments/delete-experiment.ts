/**
 * Deleting and restoring experiments. The order makes every step repeatable:
 *
 * - delete: meta.yaml says `deleted` since T, active runs become deleted at T, the directory moves to `.trash`;
 * - restore: the runs deleted since T become active, meta.yaml says `active`, the directory moves back.
 *
 * After a crash the same call finishes the work, and so does its opposite. While meta.yaml says `deleted` nobody adds
 * runs. Restoring leaves runs deleted that were deleted before the experiment was (MLflow restores them, too).
 */
import { join } from "node:path";
import { type ExperimentMeta, type Integer, RunstoneError } from "../../../store-format/index.js";
import { ensureDirectory, moveDirectory } from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { trashPath } from "../layout.js";
import { readExperimentMeta } from "../read/experiments.js";
import type { ExperimentLocation } from "../read/located.js";
import { DEFAULT_EXPERIMENT_ID } from "./default-experiment.js";
import { editRuns } from "./edit-runs.js";
import { locateExperiment, writeExperimentMeta } from "./locate.js";

/** Throws RESOURCE_DOES_NOT_EXIST, INVALID_STATE (already deleted), INVALID_PARAMETER_VALUE (the default experiment). */
export function deleteExperiment(context: StoreContext, experimentId: string): void {
  if (experimentId === DEFAULT_EXPERIMENT_ID) throw defaultStays();
  const location = locateExperiment(context, experimentId);
  if (location.place === "trash") throw alreadyIn(experimentId, "deleted");
  const deletedTime = markDeleted(context, location);
  editRuns(context, location, (run) =>
    run.lifecycleStage === "deleted" ? null : { ...run, lifecycleStage: "deleted", deletedTime },
  );
  // A clone has no empty directories.
  ensureDirectory(trashPath(context.root));
  move(context, location, join(trashPath(context.root), experimentId));
}

/** Throws RESOURCE_DOES_NOT_EXIST, INVALID_STATE (not deleted, or an active experiment has that id). */
export function restoreExperiment(context: StoreContext, experimentId: string): void {
  const location = locateExperiment(context, experimentId);
  const meta = readExperimentMeta(location);
  if (location.place === "root" && meta.lifecycleStage === "active") throw alreadyIn(experimentId, "active");
  if (meta.lifecycleStage === "deleted") {
    restoreRunsDeletedSince(context, location, meta.lastUpdateTime);
    writeExperimentMeta(location, { ...meta, lifecycleStage: "active", lastUpdateTime: context.now() });
  }
  if (location.place === "trash") move(context, location, join(context.root, experimentId));
}

/** The time of the deletion; that of an earlier attempt when there was one. */
function markDeleted(context: StoreContext, location: ExperimentLocation): Integer {
  const meta: ExperimentMeta = readExperimentMeta(location);
  if (meta.lifecycleStage === "deleted" && meta.lastUpdateTime !== null) return meta.lastUpdateTime;
  const now = context.now();
  writeExperimentMeta(location, { ...meta, lifecycleStage: "deleted", lastUpdateTime: now });
  return now;
}

/** MLflow deletes runs a few milliseconds after T, and its old versions write no times: what is unknown is restored. */
function restoreRunsDeletedSince(
  context: StoreContext,
  location: ExperimentLocation,
  time: Integer | null,
): void {
  editRuns(context, location, (run) => {
    if (run.lifecycleStage === "active") return null;
    const wasBefore = time !== null && run.deletedTime !== null && run.deletedTime < time;
    return wasBefore ? null : { ...run, lifecycleStage: "active", deletedTime: null };
  });
}

function move(context: StoreContext, { directory, experimentId }: ExperimentLocation, to: string): void {
  if (moveDirectory(context.root, directory, to)) return;
  throw new RunstoneError("INVALID_STATE", `experiment ${experimentId} cannot be moved: ${to} exists`, {
    hint: "Two experiments have the same id: move one of them out of the store.",
    data: { experimentId, path: to },
  });
}

function alreadyIn(experimentId: string, stage: string): RunstoneError {
  return new RunstoneError("INVALID_STATE", `experiment ${experimentId} is ${stage} already`, {
    hint: "See `runstone experiments --view all`.",
    data: { experimentId },
  });
}

function defaultStays(): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", "the default experiment cannot be deleted", {
    hint: "Delete its runs instead.",
    data: { experimentId: DEFAULT_EXPERIMENT_ID },
  });
}
