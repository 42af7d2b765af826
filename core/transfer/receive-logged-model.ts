/** A logged model from elsewhere: built complete in the building site, with its points and files; it appears by one rename. */
import { dirname, join } from "node:path";
import {
  checkKey,
  checkLoggedModelName,
  encodeText,
  isModelId,
  keyToPath,
  type LoggedModel,
  type LoggedModelMetric,
  MAX_TAG_VALUE_BYTES,
  RunstoneError,
  serializeLoggedModelMeta,
  serializeModelPoint,
} from "../../store-format/index.js";
import {
  claimDirectory,
  ensureDirectory,
  publishDirectoryLater,
  syncTree,
  writeNewFile,
} from "../fs/index.js";
import { locationInExperiment } from "../store/artifact-location.js";
import { checkTags } from "../store/check-tags.js";
import type { StoreContext } from "../store/context.js";
import { locateActiveExperiment } from "../store/experiments/index.js";
import { assertNoTwins, writeNewKeyFiles } from "../store/key-files.js";
import { META } from "../store/layout.js";
import { checkModelParams } from "../store/logged-models/logged-model-params.js";
import { readExperimentMeta } from "../store/read/experiments.js";
import type { ExperimentLocation } from "../store/read/located.js";
import { findLoggedModel } from "../store/read/logged-models.js";
import { assertWritableExperiment } from "../store/writable.js";
import { checkReceivedPath, checkReceivedPoint } from "./check-received.js";
import { nameFolding } from "./name-folding.js";
import { type ArtifactSource, dropParts, receiveArtifact } from "./receive-artifact.js";
import type { ArtifactHead } from "./run-document.js";

export interface ReceivedModel {
  /** Its id, times, status and the rest are kept; its experiment and location are those here. */
  readonly model: LoggedModel;
  /** Of the experiment here. */
  readonly experimentId: string;
  readonly artifacts: readonly ArtifactHead[];
  readonly artifact: ArtifactSource;
}

/**
 * False when a model of this id is here; nothing of it changes then. Throws INVALID_PARAMETER_VALUE for what cannot be kept,
 * RESOURCE_DOES_NOT_EXIST and INVALID_STATE for the experiment, DAMAGED and REMOTE_FAILED for other bytes than were promised,
 * typed I/O errors, and what the source throws.
 */
export async function receiveLoggedModel(context: StoreContext, received: ReceivedModel): Promise<boolean> {
  const { model, experimentId } = received;
  checkModel(received);
  if (findLoggedModel(context, model.modelId) !== null) return false;
  const experiment = locateActiveExperiment(context, experimentId);
  assertWritableExperiment(experiment);
  const models = join(experiment.directory, "models");
  const isFirst = await publishDirectoryLater(context.root, join(models, model.modelId), async (place) => {
    const draft = join(place, model.modelId);
    await build(context, draft, { ...received, experiment });
    await syncTree(draft);
    claimDirectory(models);
    return draft;
  });
  dropParts(context, received.artifacts);
  return isFirst;
}

function checkModel({ model, artifacts }: ReceivedModel): void {
  if (!isModelId(model.modelId))
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      "a logged model that was sent has no id that can be one",
      {
        data: { modelId: model.modelId.slice(0, 200) },
      },
    );
  checkLoggedModelName(model.name);
  checkModelParams(model.params);
  checkTags(model.tags, MAX_TAG_VALUE_BYTES);
  const paths = new Set<string>();
  for (const { path } of artifacts) {
    checkReceivedPath(path);
    if (paths.has(path)) throw namedTwice(model.modelId, path);
    paths.add(path);
  }
  for (const { key, ...point } of model.metrics) {
    checkKey(key, "metric");
    checkReceivedPoint(key, point);
  }
}

function namedTwice(modelId: string, path: string): RunstoneError {
  const message = `the file ${JSON.stringify(path)} of the logged model ${modelId} is named twice`;
  return new RunstoneError("INVALID_PARAMETER_VALUE", message, { data: { modelId, path } });
}

type Building = ReceivedModel & { readonly experiment: ExperimentLocation };

async function build(context: StoreContext, draft: string, building: Building): Promise<void> {
  const { model, artifacts, artifact: source } = building;
  for (const folder of ["metrics", "params"]) ensureDirectory(join(draft, folder));
  const paths = artifacts.map(({ path }) => path);
  const keys = [...new Set(model.metrics.map(({ key }) => keyToPath(key)))];
  const folds = nameFolding(dirname(draft));
  assertNoTwins("artifacts", paths, folds);
  assertNoTwins("metrics", keys, folds);
  writeNewKeyFiles({ owner: draft, folder: "params" }, model.params);
  writeNewKeyFiles({ owner: draft, folder: "tags" }, model.tags);
  writePoints(draft, model.metrics);
  for (const head of artifacts)
    if (!(await receiveArtifact(context, head, { source, target: join(draft, "artifacts", head.path) })))
      throw notToBeHad(model.modelId, head.path);
  writeNewFile(join(draft, META), metaOf(context, building), false);
}

function notToBeHad(modelId: string, path: string): RunstoneError {
  const message = `the bytes of the file ${JSON.stringify(path)} of the logged model ${modelId} are not to be had`;
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", message, { data: { modelId, path } });
}

function writePoints(draft: string, metrics: readonly LoggedModelMetric[]): void {
  const texts = new Map<string, string>();
  for (const metric of metrics)
    texts.set(metric.key, (texts.get(metric.key) ?? "") + serializeModelPoint(lineOf(metric)));
  for (const [key, text] of texts)
    writeNewFile(join(draft, "metrics", keyToPath(key)), encodeText(text), false);
}

/** MLflow splits at blanks: a dataset whose name has some is left out. */
function lineOf({ timestamp, value, step, runId, dataset }: LoggedModelMetric) {
  const fits =
    dataset !== undefined && [dataset.name, dataset.digest].every((text) => /^[^\s\p{C}]+$/u.test(text));
  return { timestamp, value, step, runId, ...(fits ? { dataset } : {}) };
}

function metaOf(context: StoreContext, { model, experiment }: Building): Uint8Array {
  const { experimentId } = experiment;
  const { modelId, name, modelType, sourceRunId, status, statusMessage } = model;
  const place = { experimentId, artifactLocation: readExperimentMeta(experiment).artifactLocation };
  const segments = ["models", modelId, "artifacts"];
  const meta = serializeLoggedModelMeta({
    ...{ modelId, experimentId, name, modelType, sourceRunId, status, statusMessage },
    artifactLocation: locationInExperiment(context, context.locations, place, ...segments),
    lifecycleStage: "active",
    creationTime: model.creationTime,
    lastUpdatedTime: model.lastUpdatedTime,
  });
  return encodeText(meta);
}
