/**
 * Repairing what can be rebuilt without guessing. Nothing that is the only copy of something is deleted; a second repair
 * changes nothing. Runs somebody writes into are left alone. What each step did is told.
 */
import { join } from "node:path";
import { isRunstoneError, type ManifestFile, parseManifest } from "../../store-format/index.js";
import {
  assertNoLinkBetween,
  copyObject,
  ensureDirectory,
  hashFile,
  isObjectIntact,
  moveAside,
  objectPath,
  putObjectFile,
  replaceFile,
  statIfExists,
} from "../fs/index.js";
import { inspectLease } from "../leases/index.js";
import { artifactLocation } from "../store/artifact-location.js";
import type { StoreContext } from "../store/context.js";
import { createStore } from "../store/experiments/index.js";
import { MANIFEST, objectsPath, WRITERS } from "../store/layout.js";
import { cutTornModelMetrics } from "../store/logged-models/index.js";
import { listExperimentLocations } from "../store/read/experiments.js";
import { listRunLocations, type OnDamage, type RunLocation, readRunMeta } from "../store/read/index.js";
import { listLoggedModelLocations } from "../store/read/logged-models.js";
import { isMarkedLive } from "../store/runs/create-run.js";
import { hasLiveWriters } from "../store/runs/fold-writers.js";
import { writeRunMeta } from "../store/runs/run-files.js";
import { quarantineManifest, readManifest, resealAfterEdit, sealRun, sha256 } from "../store/runs/seal.js";
import { listSealedFiles } from "../store/runs/sealed-files.js";
import { cutTornMetrics } from "../store/runs/torn-metrics.js";
import { assertWritableRun, writable } from "../store/writable.js";
import { isConverted, withoutCarriageReturns } from "./line-ends.js";
import { listObjects } from "./verify-objects.js";

export interface RepairAction {
  /** Relative to the root, or to the workspace for objects. */
  readonly path: string;
  /** What was done, in the past tense. */
  readonly done: string;
}

export interface RepairReport {
  readonly actions: readonly RepairAction[];
  /** Repairs that failed; the others went on. */
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}

/** Repairs a store. Throws PERMISSION_DENIED and the like only when nothing can be written at all. */
export function repair(context: StoreContext): RepairReport {
  writable(context);
  const actions: RepairAction[] = [];
  const failures: { path: string; reason: string }[] = [];
  const attempt = (path: string, call: () => void): void => {
    try {
      call();
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      failures.push({ path, reason: error.message });
    }
  };
  const note = (path: string, done: string): void => {
    actions.push({ path, done });
  };
  attempt(".", () => repairRoot(context, note));
  const onDamage: OnDamage = ({ kind, path, reason }) => {
    if (kind === "file_unreadable") failures.push({ path, reason });
  };
  for (const location of listRunLocations(context, { onDamage }))
    attempt(location.path, () => repairRun(context, location, note));
  for (const experiment of listExperimentLocations(context, onDamage))
    for (const model of listLoggedModelLocations(experiment, onDamage))
      attempt(model.path, () => {
        for (const path of cutTornModelMetrics(model)) note(path, "cut a torn last line");
      });
  attempt(".runstone/objects", () => repairObjects(context, note));
  return { actions, failures };
}

type Note = (path: string, done: string) => void;

function repairRoot(context: StoreContext, note: Note): void {
  const missing = ["0", ".trash"].filter((name) => statIfExists(join(context.root, name)) === null);
  if (missing.length === 0) return;
  createStore(context);
  for (const name of missing) note(name, "made again");
}

/** Order: what makes the run addressable first, its seal last. */
function repairRun(context: StoreContext, location: RunLocation, note: Note): void {
  if (isBusy(location)) return;
  assertWritableRun(location);
  repairDirectories(location, note);
  repairLineEnds(location, note);
  repairExperimentId(context, location, note);
  for (const path of cutTornMetrics(context, location)) note(path, "cut a torn last line (kept in torn/)");
  const kept = quarantineManifest(location.directory);
  if (kept !== null) note(`${location.path}/${MANIFEST}`, `moved to torn/${kept}`);
  repairArtifacts(context, location, note);
  sealLeftovers(context, location, note);
}

/** A lease that is not proven dead, or a writer that is not: then the run is its owner's. */
function isBusy(location: RunLocation): boolean {
  const lease = inspectLease(location.directory);
  return (lease !== null && lease.verdict !== "dead") || hasLiveWriters(location.directory);
}

/** Git keeps no empty directories; MLflow finds a run by them. */
function repairDirectories(location: RunLocation, note: Note): void {
  for (const folder of ["metrics", "params", "artifacts"]) {
    if (statIfExists(join(location.directory, folder)) !== null) continue;
    ensureDirectory(join(location.directory, folder));
    note(`${location.path}/${folder}`, "made again");
  }
}

/** Line ends converted to CR LF go back, where the sealed hash proves what the file was, and in metric files of no seal. */
function repairLineEnds(location: RunLocation, note: Note): void {
  const { directory } = location;
  const manifest = join(directory, MANIFEST);
  if (statIfExists(manifest) !== null)
    convertBack(location, MANIFEST, note, () => isConvertedManifest(manifest));
  const sealed = new Map(manifestFiles(location).map((file) => [file.path, file]));
  for (const { path, kind } of listSealedFiles(directory)) {
    const line = sealed.get(path);
    if (line !== undefined && kind !== "artifact")
      convertBack(location, path, note, () => isConverted(join(directory, path), line.size, line.sha256));
    else if (line === undefined && kind === "metric") convertBack(location, path, note, () => true);
  }
}

function convertBack(location: RunLocation, name: string, note: Note, isProven: () => boolean): void {
  const path = join(location.directory, name);
  if (statIfExists(path)?.kind !== "file" || !isProven()) return;
  const bytes = withoutCarriageReturns(path);
  if (bytes === null) return;
  replaceFile(path, bytes, { temporaryIn: location.directory, sync: true });
  note(`${location.path}/${name}`, "line ends are LF again");
}

function isConvertedManifest(path: string): boolean {
  const bytes = withoutCarriageReturns(path);
  if (bytes === null) return false;
  try {
    parseManifest(bytes, sha256);
    return true;
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return false;
  }
}

/** A move to another experiment that was cut between its two steps is taken back. */
function repairExperimentId(context: StoreContext, location: RunLocation, note: Note): void {
  const meta = readRunMeta(location);
  if (meta.experimentId === location.experimentId || location.orphan) return;
  const { experimentId, runId } = location;
  const artifactUri = artifactLocation(context, context.locations, experimentId, runId, "artifacts");
  writeRunMeta(location.directory, { ...meta, experimentId, artifactUri });
  resealAfterEdit(context, location);
  note(`${location.path}/meta.yaml`, `names experiment ${location.experimentId} again`);
}

/** Artifacts that are gone or damaged come back from their objects. */
function repairArtifacts(context: StoreContext, location: RunLocation, note: Note): void {
  const objects = objectsPath(context);
  const manifest = readManifest(location.directory);
  if (objects === null || manifest === null) return;
  for (const file of manifest.files)
    if (file.kind === "artifact" && needsObject(location, file) && isObjectIntact(objects, file.sha256)) {
      const { directory } = location;
      assertNoLinkBetween(directory, join(directory, file.path));
      copyObject(objectPath(objects, file.sha256), join(directory, file.path), directory);
      note(`${location.path}/${file.path}`, "brought back from its object");
    }
}

/** Gone, or different under the sealed modification time. One that was changed since is the user's. */
function needsObject(location: RunLocation, file: ManifestFile): boolean {
  const path = join(location.directory, file.path);
  const found = statIfExists(path);
  if (found === null) return true;
  return found.kind === "file" && found.mtimeNs === file.mtimeNs && hashFile(path).sha256 !== file.sha256;
}

/** A run of ours that ended while its seal was cut, whose writers were never folded, or whose seal is that of a merge. */
function sealLeftovers(context: StoreContext, location: RunLocation, note: Note): void {
  const { status } = readRunMeta(location);
  if (status === "RUNNING" || status === "SCHEDULED") return;
  const unfolded = statIfExists(join(location.directory, WRITERS)) !== null;
  const isIncomplete = readManifest(location.directory)?.complete === false;
  if ((unfolded || isIncomplete || isMarkedLive(location.directory)) && sealRun(context, location))
    note(location.path, "sealed");
}

/** An object that differs from its name is replaced from an intact artifact, or moved out of the way. */
function repairObjects(context: StoreContext, note: Note): void {
  const objects = objectsPath(context);
  if (objects === null) return;
  const damaged = [...listObjects(objects)].filter(({ sha256 }) => !isObjectIntact(objects, sha256));
  if (damaged.length === 0) return;
  const copies = artifactsByHash(context, new Set(damaged.map(({ sha256 }) => sha256)));
  for (const { sha256, path } of damaged) {
    const name = `.runstone/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
    const kept = moveAside(path, join(objects, "..", "quarantine"));
    const copy = copies.get(sha256);
    if (copy === undefined) note(name, `moved to .runstone/quarantine/${kept}: no intact copy is here`);
    else {
      putObjectFile(objects, copy, { copy: true });
      note(name, "put again from an intact artifact");
    }
  }
}

/** An intact artifact file for each of these hashes, where there is one. */
function artifactsByHash(context: StoreContext, wanted: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const location of listRunLocations(context))
    for (const file of manifestFiles(location)) {
      const path = join(location.directory, file.path);
      if (!wanted.has(file.sha256) || found.has(file.sha256) || statIfExists(path)?.kind !== "file") continue;
      if (hashFile(path).sha256 === file.sha256) found.set(file.sha256, path);
    }
  return found;
}

function manifestFiles(location: RunLocation): readonly ManifestFile[] {
  try {
    return readManifest(location.directory)?.files ?? [];
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED") && !isRunstoneError(error, "FORMAT_TOO_NEW")) throw error;
    return [];
  }
}
