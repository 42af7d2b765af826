/** Changing a run that exists: name, status, life cycle, experiment. A sealed run is sealed anew by each of our edits. */
import { join } from "node:path";
import { type RunInfo, type RunMeta, RunstoneError, type StringMap } from "../../../store-format/index.js";
import {
  ensureDirectory,
  listDirectory,
  moveDirectory,
  publishDirectory,
  readBytes,
  statIfExists,
  writeNewFile,
} from "../../fs/index.js";
import type { RunChange } from "../../interfaces.js";
import { artifactLocation } from "../artifact-location.js";
import type { StoreContext } from "../context.js";
import { META } from "../layout.js";
import {
  findRun,
  listRunLocations,
  type RunLocation,
  readRunInfo,
  readRunMeta,
  readTags,
  runIn,
  THROW_UNREADABLE,
} from "../read/index.js";
import { assertWritableExperiment, assertWritableRun, writable } from "../writable.js";
import { activeExperiment } from "./create-run.js";
import { removeTag, writeRunMeta, writeTags } from "./run-files.js";
import { assertSealable, resealAfterEdit } from "./seal.js";

/** The run's place; throws RESOURCE_DOES_NOT_EXIST. */
export function locateRun(context: StoreContext, runId: string): RunLocation {
  const found = findRun(context, runId);
  if (found !== null) return found;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no run ${JSON.stringify(runId)}`, {
    hint: "See `runstone runs --view all`.",
    data: { runId },
  });
}

/** As {@link locateRun}, but only a run that may be written: INVALID_STATE when it, or its experiment, is deleted. */
export function locateActiveRun(context: StoreContext, runId: string): RunLocation {
  const location = locateRun(writable(context), runId);
  assertWritableRun(location);
  if (location.place === "root" && readRunMeta(location).lifecycleStage === "active") {
    assertSealable(location);
    return location;
  }
  throw new RunstoneError("INVALID_STATE", `run ${runId} is deleted`, {
    hint: `Restore it first: runstone restore ${runId}`,
    data: { runId },
  });
}

/** Sets name, status or end time; durable when it returns. */
export function updateRun(context: StoreContext, runId: string, change: RunChange): RunInfo {
  const location = locateActiveRun(context, runId);
  const meta = readRunMeta(location);
  writeRunMeta(location.directory, {
    ...meta,
    runName: change.runName ?? meta.runName,
    status: change.status ?? meta.status,
    endTime: change.endTime === undefined ? meta.endTime : change.endTime,
  });
  if (change.runName !== undefined) writeTags(location.directory, { "mlflow.runName": change.runName }, true);
  resealAfterEdit(context, location);
  return readRunInfo(location);
}

/** Sets tags of a run without opening it; the name tag also renames the run. */
export function setRunTags(context: StoreContext, runId: string, tags: StringMap): void {
  const location = locateActiveRun(context, runId);
  setTagsKeepingName(location, tags, true);
  resealAfterEdit(context, location);
}

/** Writes tags; `mlflow.runName` and meta.yaml are kept in step, as MLflow does. Returns the tags' paths. */
export function setTagsKeepingName(location: RunLocation, tags: StringMap, sync: boolean): string[] {
  const { directory } = location;
  const paths = writeTags(directory, tags, sync);
  const runName = tags["mlflow.runName"] ?? "";
  if (runName !== "") writeRunMeta(directory, { ...readRunMeta(location), runName });
  return paths;
}

/** Removes a tag of a run without opening it. */
export function deleteRunTag(context: StoreContext, runId: string, key: string): void {
  const location = locateActiveRun(context, runId);
  removeTag(location.directory, key);
  resealAfterEdit(context, location);
}

export interface TreeOption {
  /** With all descendants (by the tag `mlflow.parentRunId`). */
  readonly tree?: boolean;
}

/** Soft-deletes runs that are active; returns the ids it changed. Children go before their parents, so that a repeat finishes. */
export function deleteRun(context: StoreContext, runId: string, options: TreeOption = {}): string[] {
  const deletedTime = context.now();
  return changeTree(context, runId, options, (meta) =>
    meta.lifecycleStage === "deleted" ? null : { ...meta, lifecycleStage: "deleted", deletedTime },
  );
}

/** Restores deleted runs; returns the ids it changed. A run of a deleted experiment cannot be restored alone. */
export function restoreRun(context: StoreContext, runId: string, options: TreeOption = {}): string[] {
  if (locateRun(context, runId).place === "trash")
    throw new RunstoneError("INVALID_STATE", `the experiment of run ${runId} is deleted`, {
      hint: "Restore the experiment: runstone experiments restore",
      data: { runId },
    });
  return changeTree(context, runId, options, (meta) =>
    meta.lifecycleStage === "active" ? null : { ...meta, lifecycleStage: "active", deletedTime: null },
  );
}

function changeTree(
  context: StoreContext,
  runId: string,
  options: TreeOption,
  change: (meta: RunMeta) => RunMeta | null,
): string[] {
  const top = locateRun(context, runId);
  const all = options.tree === true ? [...descendants(context, top), top] : [top];
  return all.filter((location) => changeMeta(context, location, change)).map((location) => location.runId);
}

function changeMeta(
  context: StoreContext,
  location: RunLocation,
  change: (meta: RunMeta) => RunMeta | null,
): boolean {
  const next = change(readRunMeta(location));
  if (next === null) return false;
  assertWritableRun(location);
  assertSealable(location);
  writeRunMeta(location.directory, next);
  resealAfterEdit(context, location);
  return true;
}

/** All runs below `top`, deepest first. */
function descendants(context: StoreContext, top: RunLocation): RunLocation[] {
  const children = new Map<string, RunLocation[]>();
  for (const location of listRunLocations(context, { onDamage: THROW_UNREADABLE })) {
    const parent = parentOf(location);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), location]);
  }
  const order: RunLocation[] = [];
  const seen = new Set([top.runId]);
  const visit = (runId: string): void => {
    for (const child of children.get(runId) ?? []) {
      if (seen.has(child.runId)) continue;
      seen.add(child.runId);
      visit(child.runId);
      order.push(child);
    }
  };
  visit(top.runId);
  return order;
}

function parentOf(location: RunLocation): string | null {
  const tag = readTags(location, THROW_UNREADABLE).find(({ key }) => key === "mlflow.parentRunId");
  return tag === undefined ? null : new TextDecoder().decode(tag.bytes);
}

/**
 * Moves a run to another experiment: datasets first, then meta.yaml, then the directory by one rename. Until the rename
 * the run is where it was (readers go by the directory); `fsck --repair` takes back a move that was cut.
 */
export function moveRun(context: StoreContext, runId: string, experimentId: string): RunLocation {
  const from = locateActiveRun(context, runId);
  const experiment = activeExperiment(context, experimentId);
  assertWritableExperiment(experiment);
  if (from.experimentId === experimentId) return from;
  const to = runIn(experiment, runId);
  assertFree(to);
  copyDatasets(context, from, experiment.directory);
  const artifactUri = artifactLocation(context, context.locations, experimentId, runId, "artifacts");
  writeRunMeta(from.directory, { ...readRunMeta(from), experimentId, artifactUri });
  if (!moveDirectory(context.root, from.directory, to.directory)) assertFree(to);
  resealAfterEdit(context, to);
  return to;
}

function assertFree(to: RunLocation): void {
  if (statIfExists(to.directory) !== null)
    throw new RunstoneError(
      "RESOURCE_ALREADY_EXISTS",
      `experiment ${to.experimentId} already holds run ${to.runId}`,
      {
        data: { path: to.directory },
      },
    );
}

/** A run's inputs point at dataset records of its experiment: they are copied before the run arrives. */
function copyDatasets(context: StoreContext, from: RunLocation, experimentDirectory: string): void {
  const datasets = join(from.directory, "..", "datasets");
  if (statIfExists(datasets)?.kind !== "directory") return;
  for (const entry of listDirectory(datasets) ?? []) {
    const meta = join(datasets, entry.name, META);
    if (statIfExists(meta) === null) continue;
    const target = join(experimentDirectory, "datasets", entry.name);
    ensureDirectory(join(experimentDirectory, "datasets"));
    publishDirectory(context.root, target, (draft) => writeNewFile(join(draft, META), readBytes(meta), true));
  }
}
