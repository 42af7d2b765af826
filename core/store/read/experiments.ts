/** Experiments: directories of the root and of `.trash` with a meta.yaml. The place decides whether one is deleted. */
import { join } from "node:path";
import {
  compareCodePoints,
  type Experiment,
  type ExperimentMeta,
  isRunstoneError,
  MetaFields,
  type ParseOptions,
  type Place,
  RunstoneError,
} from "../../../store-format/index.js";
import { listDirectory, statIfExists } from "../../fs/index.js";
import { META, REGISTRY, RESERVED_IN_EXPERIMENT, type StorePaths } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage, readable, report } from "./damages.js";
import { directoriesOf } from "./entries.js";
import { type ExperimentLocation, inside, isSafeName, type Located, placeLocation } from "./located.js";
import { type MetaFileKind, readMeta, readMetaIfExists, readMetaReporting } from "./meta-file.js";
import { readTags, toStringMap } from "./records.js";

const EXPERIMENT: MetaFileKind<ExperimentMeta> = {
  parse: parseExperimentLeniently,
  damage: { damaged: "experiment_meta_damaged", empty: "experiment_meta_empty" },
};

export const PLACES: readonly Place[] = ["root", "trash"];

/** The experiment of this id, in the root or else in `.trash`; null when there is none. Throws typed I/O errors. */
export function findExperiment(paths: StorePaths, experimentId: string): ExperimentLocation | null {
  if (!isExperimentName(experimentId)) return null;
  for (const place of PLACES) {
    if (place === "trash" && isTrashLink(paths.root)) continue;
    const directory = inside(placeLocation(paths.root, place), experimentId);
    if (statIfExists(directory.directory)?.kind !== "directory") continue;
    const nature = natureOf(directory);
    if (nature !== "other") return located(directory, experimentId, place, nature === "orphan");
  }
  return null;
}

/** What meta.yaml says, without correction. Throws DAMAGED (missing, empty, unreadable) and typed I/O errors. */
export function readExperimentMeta(location: Located): ExperimentMeta {
  return readMeta(location, parseExperimentLeniently);
}

/**
 * One experiment. Its id is the name of its directory, in `.trash` it is deleted whatever meta.yaml says. Damaged tags
 * are reported; a damaged meta.yaml throws DAMAGED.
 */
export function readExperiment(location: ExperimentLocation, onDamage: OnDamage): Experiment {
  return toExperiment(location, readExperimentMeta(location), onDamage);
}

/** Every experiment that can be read, the root's before those of `.trash`, by id in code-point order. */
export function scanExperiments(paths: StorePaths, onDamage: OnDamage): Experiment[] {
  const experiments: Experiment[] = [];
  for (const location of listExperimentLocations(paths, onDamage)) {
    if (location.orphan) continue;
    const meta = readMetaIfStillThere(location, onDamage);
    if (meta !== null) experiments.push(toExperiment(location, meta, onDamage));
  }
  return experiments;
}

/** Experiments of this name, active and deleted: a damaged or merged store may hold several. */
export function findExperimentsByName(paths: StorePaths, name: string): Experiment[] {
  const found: Experiment[] = [];
  for (const location of listExperimentLocations(paths, IGNORE_DAMAGE)) {
    if (location.orphan) continue;
    const meta = readMetaIfStillThere(location, IGNORE_DAMAGE);
    if (meta?.name === name) found.push(toExperiment(location, meta, IGNORE_DAMAGE));
  }
  return found;
}

/** Null when the experiment was deleted, moved or damaged since it was listed: that hides no other. */
function readMetaIfStillThere(location: ExperimentLocation, onDamage: OnDamage): ExperimentMeta | null {
  return readable(onDamage, location, META, () => {
    try {
      return readMetaIfExists(location, parseExperimentLeniently);
    } catch (error) {
      if (!isRunstoneError(error, "DAMAGED")) throw error;
      return null;
    }
  });
}

/**
 * Directories that are experiments, and those that hold runs but have no readable meta.yaml (`orphan`). What is damaged
 * or unknown among the directories is reported. One that `isSound` vouches for is not looked at. Throws typed errors when
 * the root itself cannot be listed.
 */
export function* listExperimentLocations(
  paths: StorePaths,
  onDamage: OnDamage,
  isSound: (experiment: ExperimentLocation) => boolean = () => false,
): Generator<ExperimentLocation> {
  for (const place of PLACES) {
    const parent = placeLocation(paths.root, place);
    for (const name of namesIn(paths, place, onDamage)) {
      const sound = located(inside(parent, name), name, place, false);
      const location = isSound(sound) ? sound : locate(inside(parent, name), name, place, onDamage);
      if (location !== null) yield location;
    }
  }
}

/** Whether a directory of this name in the root or in `.trash` can be an experiment. */
export function isExperimentName(name: string): boolean {
  return name !== REGISTRY && !name.endsWith(".trash") && isSafeName(name);
}

/**
 * Names of the directories that may be experiments, in code-point order. An absent `.trash` has none; an absent root is
 * NOT_A_STORE: an empty listing would look like an empty store. Throws typed errors.
 */
export function experimentDirectories({ root }: StorePaths, place: Place): string[] {
  if (place === "trash" && isTrashLink(root)) return [];
  const entries = listDirectory(placeLocation(root, place).directory);
  if (entries === null && place === "root") throw notAStore(root);
  return (entries ?? [])
    .filter((entry) => entry.isDirectory() && isExperimentName(entry.name))
    .map((entry) => entry.name)
    .sort(compareCodePoints);
}

/** What lies behind a link is not in the store. */
function isTrashLink(root: string): boolean {
  return statIfExists(placeLocation(root, "trash").directory)?.kind === "symlink";
}

function notAStore(root: string): RunstoneError {
  return new RunstoneError("NOT_A_STORE", `${root} is not a directory`, {
    hint: "Give the path of an mlruns directory; `runstone init` makes one.",
    data: { path: root },
  });
}

/** Whether a directory that holds runs lacks a readable experiment's meta.yaml. */
export function isOrphan(directory: Located): boolean {
  return readable(IGNORE_DAMAGE, directory, META, () => natureOf(directory)) !== "experiment";
}

/** Whether a directory has a readable meta.yaml of an experiment. What cannot be read has none. */
export function isExperimentDirectory(directory: Located): boolean {
  return !isOrphan(directory);
}

/** `orphan`: runs without an experiment's meta.yaml. `other`: nothing of ours. Throws typed I/O errors. */
function natureOf(directory: Located): "experiment" | "orphan" | "other" {
  try {
    if (readMetaIfExists(directory, parseExperimentLeniently) !== null) return "experiment";
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return "orphan";
  }
  return holdsRuns(directory, IGNORE_DAMAGE) ? "orphan" : "other";
}

/** The root itself must be readable: an empty listing would look like an empty store. */
function namesIn(paths: StorePaths, place: Place, onDamage: OnDamage): string[] {
  if (place === "root") return experimentDirectories(paths, place);
  const trash = placeLocation(paths.root, place);
  return readable(onDamage, trash, undefined, () => experimentDirectories(paths, place)) ?? [];
}

function locate(
  directory: Located,
  name: string,
  place: Place,
  onDamage: OnDamage,
): ExperimentLocation | null {
  const owner = { ...directory, experimentId: name };
  const isListable = readable(onDamage, owner, undefined, () => listDirectory(owner.directory)) !== null;
  if (!isListable) return located(owner, name, place, true);
  let damaged = false;
  const tell: OnDamage = (damage) => {
    damaged = true;
    onDamage(damage);
  };
  const meta = readMetaReporting(owner, EXPERIMENT, tell);
  if (meta !== null || damaged) return located(owner, name, place, damaged);
  if (!/^[0-9]+$/.test(name) && !holdsRuns(owner, onDamage)) return null;
  report(onDamage, owner, "experiment_without_meta");
  return located(owner, name, place, true);
}

function located(
  directory: Located,
  experimentId: string,
  place: Place,
  orphan: boolean,
): ExperimentLocation {
  return { directory: directory.directory, path: directory.path, experimentId, place, orphan };
}

/** Whether a directory without meta.yaml holds runs, or what is left of them. */
function holdsRuns(directory: Located, onDamage: OnDamage): boolean {
  return directoriesOf(directory, onDamage).some(
    (name) => !RESERVED_IN_EXPERIMENT.has(name) && isSafeName(name) && looksLikeRun(inside(directory, name)),
  );
}

const RUN_DIRECTORIES = ["artifacts", "metrics", "params", "tags"];

/** A run's meta.yaml, or one of the directories that only runs have. */
export function looksLikeRun(directory: Located): boolean {
  if (RUN_DIRECTORIES.some((name) => isDirectory(join(directory.directory, name)))) return true;
  try {
    return readMetaIfExists(directory, parseRunMark) === true;
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return false;
  }
}

/** True for a map that names a run. */
export function parseRunMark(bytes: Uint8Array, options: ParseOptions): boolean {
  const fields = MetaFields.parse(bytes, "meta.yaml", options);
  return fields.has("run_id") || fields.has("run_uuid");
}

function isDirectory(path: string): boolean {
  return statIfExists(path)?.kind === "directory";
}

const EXPERIMENT_FIELDS = ["artifact_location", "experiment_id", "lifecycle_stage", "name"];

/** An experiment's meta.yaml. One that lacks its name or id still is one: both fall back to the directory's name. */
function parseExperimentLeniently(bytes: Uint8Array, options: ParseOptions): ExperimentMeta {
  const fields = MetaFields.parse(bytes, "experiment's meta.yaml", options);
  if (fields.has("run_id") || fields.has("run_uuid")) throw notAnExperiment("it names a run", options);
  const missing = fields.missing(EXPERIMENT_FIELDS);
  if (missing.length === EXPERIMENT_FIELDS.length) throw notAnExperiment("it has no field of one", options);
  return {
    experimentId: fields.string("experiment_id") ?? "",
    name: fields.string("name") ?? "",
    artifactLocation: fields.string("artifact_location") ?? "",
    lifecycleStage: fields.lifecycleStage(),
    creationTime: fields.integer("creation_time"),
    lastUpdateTime: fields.integer("last_update_time"),
    ...(missing.length === 0 ? {} : { missing }),
  };
}

function notAnExperiment(why: string, { path }: ParseOptions): RunstoneError {
  const reason = `is not the meta.yaml of an experiment: ${why}`;
  return new RunstoneError("DAMAGED", `${path} ${reason}`, {
    hint: "Look where the experiment's own meta.yaml went; its runs are kept.",
    data: { reason, offset: 0, path },
  });
}

function toExperiment(location: ExperimentLocation, meta: ExperimentMeta, onDamage: OnDamage): Experiment {
  const { experimentId, place } = location;
  return {
    experimentId,
    name: meta.name === "" ? experimentId : meta.name,
    artifactLocation: meta.artifactLocation,
    lifecycleStage: place === "trash" ? "deleted" : meta.lifecycleStage,
    creationTime: meta.creationTime,
    lastUpdateTime: meta.lastUpdateTime,
    tags: toStringMap(readTags(location, onDamage)),
    place,
  };
}

/** Reports what an experiment's meta.yaml says that its place contradicts, and what it lacks. */
export function checkExperimentMeta(
  location: ExperimentLocation,
  meta: ExperimentMeta,
  onDamage: OnDamage,
): void {
  const { experimentId, place } = location;
  if (meta.missing !== undefined) {
    const reason = `lacks ${meta.missing.join(", ")}`;
    report(onDamage, location, "experiment_meta_incomplete", { name: META, reason });
  }
  if (meta.experimentId !== "" && meta.experimentId !== experimentId) {
    const reason = `says experiment ${JSON.stringify(meta.experimentId)}; the name of the directory counts`;
    report(onDamage, location, "experiment_id_mismatch", { name: META, reason });
  }
  if (place === "trash" && meta.lifecycleStage === "active") {
    report(onDamage, location, "experiment_in_trash_says_active");
  }
  if (place === "root" && meta.lifecycleStage === "deleted") {
    report(onDamage, location, "experiment_outside_trash_says_deleted");
  }
}
