/** Writing what was merged of logged models: ones that are not here, and the fields of those that are. */
import {
  type CatalogChanges,
  type CatalogEntry,
  isRunId,
  isWellFormedText,
  LOGGED_MODEL_STATUSES,
  type LoggedModelMetric,
  type LoggedModelStatus,
  paramsOfFields,
  pointsOfFields,
  RunstoneError,
  type StringMap,
  tagsOfFields,
} from "../../store-format/index.js";
import type { StoreContext } from "../store/context.js";
import { freePath } from "../store/key-files.js";
import {
  deleteLoggedModel,
  deleteLoggedModelTag,
  logLoggedModelParams,
  logModelMetrics,
  setLoggedModelTags,
} from "../store/logged-models/index.js";
import { changeModel, locateActiveModel } from "../store/logged-models/locate.js";
import { mustFindLoggedModel, readLoggedModelMeta } from "../store/read/logged-models.js";
import { checkReceivedPoint } from "./check-received.js";
import { type LoggedModelFiles, readLoggedModelEntry } from "./local-logged-models.js";
import { receiveLoggedModel } from "./receive-logged-model.js";
import { receivingExperiment } from "./receiving-experiment.js";

/**
 * Makes a logged model with its files, and returns it as it is here: one of the same id is that. Throws as
 * `receiveLoggedModel` does, and RESOURCE_DOES_NOT_EXIST for files whose bytes are not to be had.
 */
export async function receiveLoggedModelEntry(
  context: StoreContext,
  { id, fields, facts }: CatalogEntry,
  { heads, artifact }: LoggedModelFiles,
): Promise<CatalogEntry> {
  const { name, modelType, runId, experimentName, creationTime, lastUpdatedTime } = facts;
  if (name === null || experimentName === null) throw wrong(id, "has no name or experiment");
  for (const text of [modelType, fields["status_message"] ?? null])
    if (text !== null && !isWellFormedText(text)) throw wrong(id, "has a text that is none");
  if (runId !== null && !isRunId(runId)) throw wrong(id, "has a source run that is no id");
  const status = statusOf(id, fields["status"] ?? "PENDING");
  const metrics = pointsIn(id, fields);
  await receiveLoggedModel(context, {
    model: {
      ...{ modelId: id, experimentId: "", name, modelType, sourceRunId: runId, status, metrics },
      ...{ statusMessage: fields["status_message"] ?? null, artifactLocation: "", lifecycleStage: "active" },
      creationTime: creationTime ?? context.now(),
      lastUpdatedTime: lastUpdatedTime ?? creationTime ?? context.now(),
      ...{ params: paramsOfFields(fields), tags: tagsOfFields(fields) },
    },
    experimentId: receivingExperiment(context, { name: experimentName }),
    ...{ artifacts: heads, artifact },
  });
  return readLoggedModelEntry(context, id);
}

/** Throws RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE. Params and points are never taken away. */
export function changeLoggedModelEntry(
  context: StoreContext,
  modelId: string,
  changes: CatalogChanges,
): void {
  const { status, status_message: statusMessage, lifecycle_stage: stage } = changes;
  if (stage === "active") restore(context, modelId);
  const tags = tagsOfFields(changes);
  setLoggedModelTags(context, modelId, setOf(tags));
  for (const key of Object.keys(tags)) if (tags[key] === null) deleteLoggedModelTag(context, modelId, key);
  logLoggedModelParams(context, modelId, setOf(paramsOfFields(changes)));
  addPoints(context, modelId, pointsIn(modelId, changes));
  if (status !== undefined || statusMessage !== undefined) {
    const next = typeof status === "string" ? { status: statusOf(modelId, status) } : {};
    const message = statusMessage === undefined ? {} : { statusMessage };
    changeModel(context, locateActiveModel(context, modelId), { ...next, ...message });
  }
  if (stage === "deleted") deleteLoggedModel(context, modelId);
}

function restore(context: StoreContext, modelId: string): void {
  const model = mustFindLoggedModel(context, modelId);
  if (model.place === "trash") throw wrong(modelId, "is in an experiment that is deleted here");
  if (readLoggedModelMeta(model).lifecycleStage === "deleted")
    changeModel(context, model, { lifecycleStage: "active" });
}

function addPoints(context: StoreContext, modelId: string, points: readonly LoggedModelMetric[]): void {
  const { directory } = locateActiveModel(context, modelId);
  for (const key of new Set(points.map((point) => point.key)))
    freePath({ owner: directory, folder: "metrics" }, key);
  for (const runId of new Set(points.map((point) => point.runId))) {
    const metrics = points.filter((point) => point.runId === runId);
    logModelMetrics(context, { runId, metrics: metrics.map((metric) => ({ ...metric, modelId })) });
  }
}

function pointsIn(modelId: string, fields: CatalogChanges): LoggedModelMetric[] {
  const points: LoggedModelMetric[] = [];
  for (const point of pointsOfFields(fields)) {
    if (point === undefined || !isRunId(point.runId)) throw wrong(modelId, "has a point that is none");
    checkReceivedPoint(point.key, point);
    points.push(point);
  }
  return points;
}

/** Throws INVALID_PARAMETER_VALUE. */
function statusOf(modelId: string, text: string): LoggedModelStatus {
  const found = LOGGED_MODEL_STATUSES.find((status) => status === text);
  if (found !== undefined) return found;
  throw wrong(modelId, "has a status that is none");
}

function setOf(values: Readonly<Record<string, string | null>>): StringMap {
  const found: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(values)) if (value !== null) found[key] = value;
  return found;
}

function wrong(modelId: string, reason: string): RunstoneError {
  const shown = JSON.stringify(modelId.slice(0, 80));
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the logged model ${shown} ${reason}: it is not taken`,
    {
      hint: "Change it at the store that it comes from.",
      data: { modelId: modelId.slice(0, 200) },
    },
  );
}
