import { join } from "node:path";
import {
  checkLoggedModelName,
  encodeText,
  hexId,
  type LoggedModel,
  MAX_TAG_VALUE_BYTES,
  runNameFrom,
  serializeLoggedModelMeta,
} from "../../../store-format/index.js";
import {
  claimDirectory,
  ensureDirectory,
  publishDirectory,
  randomBelow,
  randomOctets,
  writeNewFile,
} from "../../fs/index.js";
import type { NewLoggedModel } from "../../interfaces.js";
import { locationInExperiment } from "../artifact-location.js";
import { checkTags } from "../check-tags.js";
import type { StoreContext } from "../context.js";
import { locateActiveExperiment } from "../experiments/index.js";
import { writeNewKeyFiles } from "../key-files.js";
import { META } from "../layout.js";
import { readExperimentMeta } from "../read/experiments.js";
import type { ExperimentLocation } from "../read/located.js";
import { assertWritableExperiment } from "../writable.js";
import { readModel } from "./locate.js";
import { checkModelParams } from "./logged-model-params.js";

/**
 * Creates a logged model, PENDING until it is finalized. Names are not unique; without one it gets a name like a run's.
 * Throws RESOURCE_DOES_NOT_EXIST (experiment), INVALID_STATE (deleted experiment), INVALID_PARAMETER_VALUE.
 */
export function createLoggedModel(context: StoreContext, spec: NewLoggedModel): LoggedModel {
  if (spec.name !== undefined) checkLoggedModelName(spec.name);
  checkTags(spec.tags ?? {}, MAX_TAG_VALUE_BYTES);
  checkModelParams(spec.params ?? {});
  const experiment = locateActiveExperiment(context, spec.experimentId);
  const modelId = `m-${hexId(randomOctets(16))}`;
  publish(context, experiment, modelId, spec);
  return readModel(context, modelId);
}

function publish(
  context: StoreContext,
  experiment: ExperimentLocation,
  modelId: string,
  spec: NewLoggedModel,
): void {
  assertWritableExperiment(experiment);
  const models = join(experiment.directory, "models");
  publishDirectory(context.root, join(models, modelId), (draft) => {
    for (const folder of ["metrics", "params"]) ensureDirectory(join(draft, folder));
    writeNewKeyFiles({ owner: draft, folder: "params" }, spec.params ?? {});
    writeNewKeyFiles({ owner: draft, folder: "tags" }, spec.tags ?? {});
    writeNewFile(join(draft, META), newMeta(context, experiment, modelId, spec), true);
    claimDirectory(models);
  });
}

function newMeta(
  context: StoreContext,
  experiment: ExperimentLocation,
  modelId: string,
  spec: NewLoggedModel,
): Uint8Array {
  const now = context.now();
  const { experimentId } = experiment;
  const place = { experimentId, artifactLocation: readExperimentMeta(experiment).artifactLocation };
  const segments = ["models", modelId, "artifacts"];
  const meta = serializeLoggedModelMeta({
    modelId,
    experimentId,
    name: spec.name ?? runNameFrom(randomBelow),
    modelType: spec.modelType ?? null,
    sourceRunId: spec.sourceRunId ?? null,
    status: "PENDING",
    statusMessage: null,
    artifactLocation: locationInExperiment(context, context.locations, place, ...segments),
    lifecycleStage: "active",
    creationTime: now,
    lastUpdatedTime: now,
  });
  return encodeText(meta);
}
