/**
 * Repairing what can be rebuilt without guessing. Nothing that is the only copy of something is deleted; a second repair
 * changes nothing. Runs somebody writes into are left alone. What each step did is told.
 */
import { join } from "node:path";
import { isRunstoneError, keyToPath, type ManifestFile, parseManifest } from "../../store-format/index.js";
import {
  assertNoLinkBetween,
  assertNoLinks,
  copyObject,
  ensureDirectory,
  hashFile,
  isObjectIntact,
  moveAside,
  objectPath,
  putObjectFile,
  replaceFileFrom,
  statIfExists,
} from "../fs/index.js";
import { inspectLease } from "../leases/index.js";
import { artifactLocation } from "../store/artifact-location.js";
import type { StoreContext } from "../store/context.js";
import { createStore, DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME } from "../store/experiments/index.js";
import { MANIFEST, objectsPath, TRASH, WRITERS } from "../store/layout.js";
import { cutTornModelFile, tornModelFiles } from "../store/logged-models/index.js";
import { THROW_UNREADABLE } from "../store/read/damages.js";
import { listExperimentLocations } from "../store/read/experiments.js";
import {
  findExperiment,
  findExperimentsByName,
  type Located,
  type LoggedModelLocation,
  listRunLocations,
  type OnDamage,
  type RunLocation,
  readKeys,
  readRunMeta,
} from "../store/read/index.js";
import { inside } from "../store/read/located.js";
import { listLoggedModelLocations } from "../store/read/logged-models.js";
import { isMarkedLive } from "../store/runs/create-run.js";
import { hasLiveWriters } from "../store/runs/fold-writers.js";
import { writeRunMeta } from "../store/runs/run-files.js";
import {
  isManifestDamaged,
  quarantineManifest,
  readManifest,
  resealAfterEdit,
  sealRun,
  sha256,
} from "../store/runs/seal.js";
import { listSealedFiles } from "../store/runs/sealed-files.js";
import { cutTornFile, tornFiles } from "../store/runs/torn-metrics.js";
import { assertWritableRun, writable } from "../store/writable.js";
import {
  blocksWithoutCarriageReturns,
  hasConvertedEnds,
  isConverted,
  withoutCarriageReturns,
} from "./line-ends.js";
import { listObjects } from "./verify-objects.js";

export interface RepairAction {
  /** Relative to the root, or to the workspace for objects. */
  readonly path: string;
  /** What was done, in the past tense. */
  readonly done: string;
}

export interface RepairOptions {
  /** Nothing is changed; the report says what would be. */
  readonly dryRun?: boolean;
}

export interface RepairReport {
  readonly actions: readonly RepairAction[];
  /** Repairs that failed; the others went on. */
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
}

/** Repairs a store. Throws PERMISSION_DENIED and the like only when nothing can be written at all. */
export function repair(context: StoreContext, { dryRun = false }: RepairOptions = {}): RepairReport {
  writable(context);
  const work = new RepairWork(dryRun);
  work.attempt(".", () => repairRoot(context, work));
  const onDamage: OnDamage = ({ kind, path, reason }) => {
    if (kind === "file_unreadable") work.fail(path, reason);
  };
  for (const location of listRunLocations(context, { onDamage }))
    work.attempt(location.path, () => repairRun(context, location, work));
  for (const experiment of listExperimentLocations(context, onDamage))
    for (const model of listLoggedModelLocations(experiment, onDamage))
      work.attempt(model.path, () => repairLoggedModel(model, work));
  work.attempt(".runstone/objects", () => repairObjects(context, work));
  return work;
}

/** Only what Git drops because it keeps no empty directories. Throws as {@link repair}. */
export function restoreDirectories(context: StoreContext): RepairReport {
  writable(context);
  const work = new RepairWork(false);
  work.attempt(".", () => repairRoot(context, work));
  for (const location of listRunLocations(context))
    work.attempt(location.path, () => {
      if (!isBusy(location)) repairDirectories(location, work);
    });
  return work;
}

/** What is done, or with `dryRun` would be, and what failed. */
class RepairWork implements RepairReport {
  readonly actions: RepairAction[] = [];
  readonly failures: { readonly path: string; readonly reason: string }[] = [];
  readonly #dryRun: boolean;

  constructor(dryRun: boolean) {
    this.#dryRun = dryRun;
  }

  /** A step; a text that `act` returns says more exactly what was done, false that nothing was. */
  step(path: string, done: string, act: () => unknown): void {
    const exactly = this.#dryRun ? undefined : act();
    if (exactly === false) return;
    this.actions.push({ path, done: typeof exactly === "string" ? exactly : done });
  }

  /** What fails here fails alone. */
  attempt(path: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.fail(path, error.message);
    }
  }

  fail(path: string, reason: string): void {
    if (this.failures.some((failure) => failure.path === path && failure.reason === reason)) return;
    this.failures.push({ path, reason });
  }
}

function repairRoot(context: StoreContext, work: RepairWork): void {
  const missing = [DEFAULT_EXPERIMENT_ID, TRASH].filter(
    (name) => statIfExists(join(context.root, name)) === null,
  );
  // An experiment that is called Default is the default one, whatever its id.
  const wanted = missing.filter((name) => name !== DEFAULT_EXPERIMENT_ID || !hasDefaultExperiment(context));
  for (const name of wanted) work.step(name, "made again", () => createStore(context));
}

function hasDefaultExperiment(context: StoreContext): boolean {
  if (findExperiment(context, DEFAULT_EXPERIMENT_ID) !== null) return true;
  return findExperimentsByName(context, DEFAULT_EXPERIMENT_NAME).length > 0;
}

/** Order: what makes the run addressable first, its seal last. A step that fails keeps none of the others from being taken. */
function repairRun(context: StoreContext, location: RunLocation, work: RepairWork): void {
  if (isBusy(location)) return;
  assertWritableRun(location);
  for (const part of [
    () => repairDirectories(location, work),
    () => repairLineEnds(location, work),
    () => repairExperimentId(context, location, work),
    () => repairTornMetrics(context, location, work),
    () => repairManifest(location, work),
    () => repairArtifacts(context, location, work),
    () => sealLeftovers(context, location, work),
  ])
    work.attempt(location.path, part);
}

function repairTornMetrics(context: StoreContext, location: RunLocation, work: RepairWork): void {
  for (const name of tornFiles(location))
    work.step(`${location.path}/${name}`, "cut a torn last line (kept in torn/)", () =>
      cutTornFile(context, location, name),
    );
}

function repairManifest({ directory, path }: RunLocation, work: RepairWork): void {
  if (!isManifestDamaged(directory)) return;
  const isMended = work.actions.some((action) => action.path === `${path}/${MANIFEST}`);
  if (isMended) return;
  work.step(`${path}/${MANIFEST}`, "moved to torn/", () => `moved to torn/${quarantineManifest(directory)}`);
}

function repairLoggedModel(model: LoggedModelLocation, work: RepairWork): void {
  assertNoLinks(model.directory, ["metrics"]);
  for (const key of readKeys(inside(model, "metrics"), THROW_UNREADABLE))
    convertBack(model, `metrics/${keyToPath(key)}`, work, () => true);
  for (const name of tornModelFiles(model))
    work.step(`${model.path}/${name}`, "cut a torn last line", () => cutTornModelFile(model, name));
}

/** A lease that is not proven dead, or a writer that is not: then the run is its owner's. */
export function isBusy(location: RunLocation): boolean {
  const lease = inspectLease(location.directory);
  return (lease !== null && lease.verdict !== "dead") || hasLiveWriters(location.directory);
}

/** Git keeps no empty directories; MLflow finds a run by them. */
function repairDirectories({ directory, path }: RunLocation, work: RepairWork): void {
  for (const folder of ["metrics", "params", "artifacts"])
    if (statIfExists(join(directory, folder)) === null)
      work.step(`${path}/${folder}`, "made again", () => ensureDirectory(join(directory, folder)));
}

/** Line ends converted to CR LF go back, where the sealed hash proves what the file was, and in metric files of no seal. */
function repairLineEnds(location: RunLocation, work: RepairWork): void {
  const { directory } = location;
  const manifest = join(directory, MANIFEST);
  if (statIfExists(manifest) !== null)
    convertBack(location, MANIFEST, work, () => isConvertedManifest(manifest));
  const sealed = new Map(manifestFiles(location).map((file) => [file.path, file]));
  for (const { path, kind } of listSealedFiles(directory)) {
    const line = sealed.get(path);
    if (line !== undefined && kind !== "artifact")
      convertBack(location, path, work, () => isConverted(join(directory, path), line.size, line.sha256));
    else if (line === undefined && kind === "metric") convertBack(location, path, work, () => true);
  }
}

function convertBack(owner: Located, name: string, work: RepairWork, isProven: () => boolean): void {
  const { directory } = owner;
  const path = join(directory, name);
  if (statIfExists(path)?.kind !== "file" || !hasConvertedEnds(path) || !isProven()) return;
  work.step(`${owner.path}/${name}`, "line ends are LF again", () =>
    replaceFileFrom(path, blocksWithoutCarriageReturns(path), directory),
  );
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
function repairExperimentId(context: StoreContext, location: RunLocation, work: RepairWork): void {
  const meta = readRunMeta(location);
  if (meta.experimentId === location.experimentId || location.orphan) return;
  const { experimentId, runId } = location;
  const artifactUri = artifactLocation(context, context.locations, experimentId, runId, "artifacts");
  work.step(`${location.path}/meta.yaml`, `names experiment ${location.experimentId} again`, () => {
    writeRunMeta(location.directory, { ...meta, experimentId, artifactUri });
    resealAfterEdit(context, location);
  });
}

/** Artifacts that are gone or damaged come back from their objects. */
function repairArtifacts(context: StoreContext, location: RunLocation, work: RepairWork): void {
  const objects = objectsPath(context);
  if (objects === null) return;
  for (const file of manifestFiles(location))
    if (file.kind === "artifact" && needsObject(location, file) && isObjectIntact(objects, file.sha256)) {
      const { directory } = location;
      assertNoLinkBetween(directory, join(directory, file.path));
      work.step(`${location.path}/${file.path}`, "brought back from its object", () =>
        copyObject(objectPath(objects, file.sha256), join(directory, file.path), directory),
      );
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
function sealLeftovers(context: StoreContext, location: RunLocation, work: RepairWork): void {
  const { status } = readRunMeta(location);
  if (status === "RUNNING" || status === "SCHEDULED") return;
  const unfolded = statIfExists(join(location.directory, WRITERS)) !== null;
  const isIncomplete =
    !isManifestDamaged(location.directory) && readManifest(location.directory)?.complete === false;
  if (unfolded || isIncomplete || isMarkedLive(location.directory))
    work.step(location.path, "sealed", () => sealRun(context, location));
}

/** An object that differs from its name is replaced from an intact artifact, or moved out of the way. */
function repairObjects(context: StoreContext, work: RepairWork): void {
  const objects = objectsPath(context);
  if (objects === null) return;
  const damaged = [...listObjects(objects)].filter(({ sha256 }) => !isObjectIntact(objects, sha256));
  if (damaged.length === 0) return;
  const copies = artifactsByHash(context, new Set(damaged.map(({ sha256 }) => sha256)));
  for (const { sha256, path } of damaged) {
    const name = `.runstone/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
    const copy = copies.get(sha256);
    const moved = (): string => moveAside(path, join(objects, "..", "quarantine"));
    if (copy === undefined)
      work.step(
        ...([name, "moved to .runstone/quarantine: no intact copy is here"] as const),
        () => `moved to .runstone/quarantine/${moved()}: no intact copy is here`,
      );
    else
      work.step(name, "put again from an intact artifact", () => {
        moved();
        putObjectFile(objects, copy, { copy: true });
      });
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
