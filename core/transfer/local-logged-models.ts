/** Logged models of the local store, as they are compared with those of others, and their files. */
import {
  type CatalogEntry,
  isModelId,
  isRunstoneError,
  type LoggedModel,
  type LoggedModelMetric,
  loggedModelEntry,
  RunstoneError,
} from "../../store-format/index.js";
import type { StorePaths } from "../store/layout.js";
import {
  type ArtifactHomes,
  artifactFile,
  listArtifacts,
  readArtifact,
  resolveArtifactDirectory,
} from "../store/read/artifacts.js";
import { type OnDamage, report } from "../store/read/damages.js";
import { findExperiment, listExperimentLocations, readExperimentMeta } from "../store/read/experiments.js";
import { inside, type LoggedModelLocation } from "../store/read/located.js";
import {
  findLoggedModel,
  listLoggedModelLocations,
  mustFindLoggedModel,
  readLoggedModel,
} from "../store/read/logged-models.js";
import { readModelPointChunks } from "../store/read/metric-points.js";
import { readKeys } from "../store/read/records.js";
import type { ArtifactHashes } from "./artifact-heads.js";
import type { ArtifactSource } from "./receive-artifact.js";
import type { ArtifactHead } from "./run-document.js";

/** Those of the ids that are here; null: all, deleted ones too. What cannot be read is reported and left out. */
export function* listLoggedModelEntries(
  paths: StorePaths,
  modelIds: readonly string[] | null,
  onDamage: OnDamage,
): Generator<CatalogEntry> {
  for (const location of modelIds === null ? everyModel(paths, onDamage) : modelsOf(paths, modelIds)) {
    try {
      yield entryOf(paths, location, onDamage);
    } catch (error) {
      if (!isRunstoneError(error, "DAMAGED")) throw error;
      report(onDamage, location, "logged_model_meta_damaged", { name: "meta.yaml", reason: error.message });
    }
  }
}

/** Throws RESOURCE_DOES_NOT_EXIST, DAMAGED. */
export function readLoggedModelEntry(paths: StorePaths, modelId: string): CatalogEntry {
  return entryOf(paths, mustFindLoggedModel(paths, modelId), () => undefined);
}

function* modelsOf(paths: StorePaths, modelIds: readonly string[]): Generator<LoggedModelLocation> {
  for (const modelId of new Set(modelIds)) {
    const found = isModelId(modelId) ? findLoggedModel(paths, modelId) : null;
    if (found !== null) yield found;
  }
}

/** Of two of one id, the root's. Names that are no ids cannot travel. */
function* everyModel(paths: StorePaths, onDamage: OnDamage): Generator<LoggedModelLocation> {
  const seen = new Set<string>();
  for (const experiment of listExperimentLocations(paths, onDamage))
    for (const location of listLoggedModelLocations(experiment, onDamage)) {
      if (!isModelId(location.modelId) || seen.has(location.modelId)) continue;
      seen.add(location.modelId);
      yield location;
    }
}

function entryOf(paths: StorePaths, location: LoggedModelLocation, onDamage: OnDamage): CatalogEntry {
  const model: LoggedModel = readLoggedModel(location, onDamage);
  const metrics = [...pointsOf(location, onDamage)];
  const experiment = findExperiment(paths, location.experimentId);
  const name = experiment === null ? location.experimentId : readExperimentMeta(experiment).name;
  return loggedModelEntry({ ...model, metrics }, name);
}

function* pointsOf(location: LoggedModelLocation, onDamage: OnDamage): Generator<LoggedModelMetric> {
  for (const key of readKeys(inside(location, "metrics"), onDamage))
    for (const points of readModelPointChunks(location, key, onDamage))
      for (const { runId = "", ...point } of points) yield { ...point, runId, key };
}

export interface LoggedModelFiles {
  readonly heads: readonly ArtifactHead[];
  readonly artifact: ArtifactSource;
}

/** Files that are being written are left out. Throws RESOURCE_DOES_NOT_EXIST, and as reading artifacts does. */
export function loggedModelFiles(
  context: StorePaths & ArtifactHomes,
  modelId: string,
  hashes: ArtifactHashes,
): LoggedModelFiles {
  const directory = resolveArtifactDirectory(context, mustFindLoggedModel(context, modelId));
  const heads: ArtifactHead[] = [];
  for (const { path, isDir } of directory === null ? [] : listArtifacts(directory, "", true)) {
    const hashed = isDir ? null : hashes.of(artifactFile(directory!, path).path);
    if (hashed !== null) heads.push({ path, size: hashed.size, sha256: hashed.sha256 });
  }
  return { heads, artifact: (head, start) => loggedModelBytes(context, modelId, head, start) };
}

/** The bytes as they are now: who takes them hashes them. Throws RESOURCE_DOES_NOT_EXIST. */
export function loggedModelBytes(
  context: StorePaths & ArtifactHomes,
  modelId: string,
  { path }: Pick<ArtifactHead, "path">,
  start = 0,
): Iterable<Uint8Array> {
  const directory = resolveArtifactDirectory(context, mustFindLoggedModel(context, modelId));
  if (directory !== null) return readArtifact(directory, path, { start });
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `the logged model ${modelId} has no files here`, {
    data: { modelId, path },
  });
}
