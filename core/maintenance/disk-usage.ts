/**
 * What runs take on disk. A run needs the files in its directory and the objects that its manifest names; an object that
 * several runs name is shared. Sizes are those of the files: what the file system makes of them (blocks, reflinks,
 * compression) cannot be seen from here. Reads only.
 */

import { isRunstoneError } from "../../store-format/index.js";
import { statIfExists } from "../fs/index.js";
import { MANIFEST, META, objectsPath, type StorePaths } from "../store/layout.js";
import { type OnDamage, readable, report } from "../store/read/damages.js";
import { entriesOf } from "../store/read/entries.js";
import { listExperimentLocations } from "../store/read/experiments.js";
import {
  type ExperimentLocation,
  fileIn,
  inside,
  type Located,
  type RunLocation,
} from "../store/read/located.js";
import { isRunName, runIn } from "../store/read/runs.js";
import { readManifest } from "../store/runs/seal.js";
import { listObjects } from "./list-objects.js";

/** Bytes, and how many files hold them. */
export interface DiskUse {
  /** What would be free without it: its files, and the objects that nothing else names. */
  readonly ownBytes: number;
  /** Objects that something else of the store names, too. */
  readonly sharedBytes: number;
  /** Files in its directory. */
  readonly files: number;
}

export interface RunUse extends DiskUse {
  readonly location: RunLocation;
}

export interface ExperimentUse extends DiskUse {
  readonly location: ExperimentLocation;
  readonly runs: number;
}

export interface StoreUse extends DiskUse {
  readonly runs: readonly RunUse[];
  readonly experiments: readonly ExperimentUse[];
  /** Objects that no manifest here names: `gc` removes them, unless another branch does. */
  readonly unnamedBytes: number;
}

/** Places that cannot be read, and damaged manifests, are reported and count as nothing. */
export function measureStore(paths: StorePaths, onDamage: OnDamage): StoreUse {
  const objects = new Objects(objectsPath(paths));
  const found = Array.from(listExperimentLocations(paths, onDamage), (location) =>
    walkExperiment(location, objects, onDamage),
  );
  const runs = found.flatMap((experiment) => experiment.runs.map(runUse));
  const experiments = found.map(experimentUse);
  const fileBytes = sum(found, (experiment) => experiment.files.bytes);
  return {
    runs,
    experiments,
    ownBytes: fileBytes + objects.bytesOf(({ runs: count }) => count > 0),
    sharedBytes: objects.bytesOf(({ runs: count }) => count > 1),
    files: sum(experiments, ({ files }) => files),
    unnamedBytes: objects.bytesOf(({ runs: count }) => count === 0),
  };
}

/** Files as they were walked over. */
class Files {
  count = 0;
  bytes = 0;

  add({ count, bytes }: Files): void {
    this.count += count;
    this.bytes += bytes;
  }
}

interface WalkedRun {
  readonly location: RunLocation;
  readonly files: Files;
  /** Objects that it names and that are there, each once. */
  readonly named: readonly KnownObject[];
}

interface WalkedExperiment {
  readonly location: ExperimentLocation;
  /** Those of its runs, and all others. */
  readonly files: Files;
  readonly runs: readonly WalkedRun[];
}

interface KnownObject {
  readonly size: number;
  /** How many runs name it. */
  runs: number;
  /** The first experiment that names it; null: several do. */
  experiment: string | null | undefined;
}

class Objects {
  readonly #bySha256 = new Map<string, KnownObject>();
  readonly #inodes = new Set<bigint>();

  constructor(directory: string | null) {
    if (directory === null) return;
    for (const { sha256, found } of listObjects(directory)) {
      this.#bySha256.set(sha256, { size: found.size, runs: 0, experiment: undefined });
      this.#inodes.add(found.inode);
    }
  }

  /** Whether a file with several names is an object. */
  hasInode(inode: bigint): boolean {
    return this.#inodes.has(inode);
  }

  /** Of the named objects those that are there. */
  name(sha256s: Iterable<string>, experiment: string): KnownObject[] {
    const known = [...new Set(sha256s)].flatMap((sha256) => this.#bySha256.get(sha256) ?? []);
    for (const object of known) {
      object.runs += 1;
      object.experiment =
        object.experiment === undefined || object.experiment === experiment ? experiment : null;
    }
    return known;
  }

  bytesOf(counts: (object: KnownObject) => boolean): number {
    let bytes = 0;
    for (const object of this.#bySha256.values()) if (counts(object)) bytes += object.size;
    return bytes;
  }
}

function walkExperiment(
  location: ExperimentLocation,
  objects: Objects,
  onDamage: OnDamage,
): WalkedExperiment {
  const files = new Files();
  const runs: WalkedRun[] = [];
  for (const entry of entriesOf(location, onDamage)) {
    if (!entry.isDirectory()) countFile(location, entry.name, { files, objects, onDamage });
    else if (isRun(location, entry.name)) runs.push(walkRun(runIn(location, entry.name), objects, onDamage));
    else walk(inside(location, entry.name), { files, objects, onDamage });
  }
  for (const run of runs) files.add(run.files);
  return { location, files, runs };
}

const SIGNS_OF_A_RUN = [META, "metrics", "params", "tags"];

/** As searches see it: also one that has lost its meta.yaml. */
function isRun(experiment: ExperimentLocation, name: string): boolean {
  if (!isRunName(name)) return false;
  const directory = inside(experiment, name);
  return SIGNS_OF_A_RUN.some((sign) => statIfExists(fileIn(directory, sign)) !== null);
}

function walkRun(location: RunLocation, objects: Objects, onDamage: OnDamage): WalkedRun {
  const files = new Files();
  walk(location, { files, objects, onDamage });
  const named = objects.name(
    objectsNamedBy(location, onDamage),
    `${location.place}/${location.experimentId}`,
  );
  return { location, files, named };
}

function objectsNamedBy(location: RunLocation, onDamage: OnDamage): string[] {
  try {
    const manifest = readable(onDamage, location, MANIFEST, () => readManifest(location.directory));
    return (manifest?.files ?? [])
      .filter((file) => file.kind === "artifact" && file.content !== "none")
      .map((file) => file.sha256);
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED") && !isRunstoneError(error, "FORMAT_TOO_NEW")) throw error;
    report(onDamage, location, "manifest_damaged", { name: MANIFEST, reason: error.message });
    return [];
  }
}

interface Walk {
  readonly files: Files;
  readonly objects: Objects;
  readonly onDamage: OnDamage;
}

/** Links are not followed. */
function walk(directory: Located, walking: Walk): void {
  for (const entry of entriesOf(directory, walking.onDamage)) {
    if (entry.isDirectory()) walk(inside(directory, entry.name), walking);
    else if (entry.isFile()) countFile(directory, entry.name, walking);
  }
}

/** A file that is a name of an object counts as the object. */
function countFile(owner: Located, name: string, { files, objects, onDamage }: Walk): void {
  const found = readable(onDamage, owner, name, () => statIfExists(fileIn(owner, name)));
  if (found?.kind !== "file") return;
  files.count += 1;
  if (found.links === 1 || !objects.hasInode(found.inode)) files.bytes += found.size;
}

function runUse({ location, files, named }: WalkedRun): RunUse {
  const shared = sum(named, ({ runs, size }) => (runs > 1 ? size : 0));
  const own = sum(named, ({ size }) => size) - shared;
  return { location, files: files.count, ownBytes: files.bytes + own, sharedBytes: shared };
}

/** An object that only runs of this experiment name, one or several, is its own, counted once. */
function experimentUse({ location, files, runs }: WalkedExperiment): ExperimentUse {
  const named = new Set(runs.flatMap((run) => run.named));
  const shared = sum(named, ({ experiment, size }) => (experiment === null ? size : 0));
  const own = sum(named, ({ size }) => size) - shared;
  return {
    location,
    runs: runs.length,
    files: files.count,
    ownBytes: files.bytes + own,
    sharedBytes: shared,
  };
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
