/** Logged models: `<experiment>/models/<model id>/`. */
import { join } from "node:path";
import {
  type LoggedModel,
  type LoggedModelMeta,
  parseLoggedModelMeta,
  RunstoneError,
} from "../../../store-format/index.js";
import { statIfExists } from "../../fs/index.js";
import type { StorePaths } from "../layout.js";
import type { OnDamage } from "./damages.js";
import { directoriesOf } from "./entries.js";
import { experimentDirectories, findExperiment, PLACES } from "./experiments.js";
import { readLatestModelMetrics } from "./latest-metrics.js";
import {
  type ExperimentLocation,
  inside,
  isSafeName,
  type LoggedModelLocation,
  placeLocation,
} from "./located.js";
import { type MetaDamage, readMeta, readMetaReporting } from "./meta-file.js";
import { readParams, readTags, toStringMap } from "./records.js";

const MODELS = "models";
const DAMAGE: MetaDamage = { damaged: "logged_model_meta_damaged", missing: "logged_model_without_meta" };

/** Where the logged model of this id lies, the root before `.trash`; null when there is none. Throws typed errors. */
export function findLoggedModel(paths: StorePaths, modelId: string): LoggedModelLocation | null {
  if (!isSafeName(modelId)) return null;
  for (const place of PLACES) {
    for (const experimentId of experimentDirectories(paths, place)) {
      const experiment = inside(placeLocation(paths.root, place), experimentId);
      const found = statIfExists(join(experiment.directory, MODELS, modelId));
      const isHere = found?.kind === "directory" && isDirectory(join(experiment.directory, MODELS));
      if (isHere) return modelIn({ ...experiment, experimentId, place }, modelId);
    }
  }
  return null;
}

/** Also false for a link to a directory: what it leads to is not in the store. */
function isDirectory(path: string): boolean {
  return statIfExists(path)?.kind === "directory";
}

/** As {@link findLoggedModel}. Throws RESOURCE_DOES_NOT_EXIST. */
export function mustFindLoggedModel(paths: StorePaths, modelId: string): LoggedModelLocation {
  const found = findLoggedModel(paths, modelId);
  if (found !== null) return found;
  const message = `there is no logged model ${JSON.stringify(modelId)} in ${paths.root}`;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", message, { data: { modelId } });
}

/** Directories of logged models of one experiment, by id in code-point order. */
export function listLoggedModelLocations(
  experiment: ExperimentLocation,
  onDamage: OnDamage,
): LoggedModelLocation[] {
  return directoriesOf(inside(experiment, MODELS), onDamage)
    .filter(isSafeName)
    .map((modelId) => modelIn(experiment, modelId));
}

/** Logged models of an experiment that can be read; none when there is no such experiment. */
export function scanLoggedModels(paths: StorePaths, experimentId: string, onDamage: OnDamage): LoggedModel[] {
  const experiment = findExperiment(paths, experimentId);
  if (experiment === null) return [];
  return listLoggedModelLocations(experiment, onDamage).flatMap((location) => {
    const meta = readLoggedModelMetaReporting(location, onDamage);
    return meta === null ? [] : [toLoggedModel(location, meta, onDamage)];
  });
}

/** One logged model. Damage in a record is reported; a damaged meta.yaml throws DAMAGED. */
export function readLoggedModel(location: LoggedModelLocation, onDamage: OnDamage): LoggedModel {
  return toLoggedModel(location, readLoggedModelMeta(location), onDamage);
}

/** What meta.yaml says, uncorrected. Throws DAMAGED and typed I/O errors. */
export function readLoggedModelMeta(location: LoggedModelLocation): LoggedModelMeta {
  return readMeta(location, parseLoggedModelMeta);
}

export function readLoggedModelMetaReporting(
  location: LoggedModelLocation,
  onDamage: OnDamage,
): LoggedModelMeta | null {
  return readMetaReporting(location, { parse: parseLoggedModelMeta, damage: DAMAGE }, onDamage);
}

function toLoggedModel(
  location: LoggedModelLocation,
  meta: LoggedModelMeta,
  onDamage: OnDamage,
): LoggedModel {
  return {
    ...placedModelMeta(location, meta),
    params: toStringMap(readParams(location, onDamage)),
    tags: toStringMap(readTags(location, onDamage)),
    metrics: readLatestModelMetrics(location, onDamage),
  };
}

/** What the place decides: ids are the names of directories, and in `.trash` a model is deleted. */
export function placedModelMeta(location: LoggedModelLocation, meta: LoggedModelMeta): LoggedModelMeta {
  const { modelId, experimentId, place } = location;
  return {
    ...meta,
    modelId,
    experimentId,
    lifecycleStage: place === "trash" ? "deleted" : meta.lifecycleStage,
  };
}

function modelIn(experiment: Omit<ExperimentLocation, "orphan">, modelId: string): LoggedModelLocation {
  const { experimentId, place } = experiment;
  const { directory, path } = inside(inside(experiment, MODELS), modelId);
  return { directory, path, modelId, experimentId, place };
}
