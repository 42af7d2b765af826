import { isModelId, type LoggedModel, type LoggedModelStatus } from "../../store-format/index.js";
import { listOrNothing, parseExperimentId } from "./experiment.js";
import type { Fields } from "./fields.js";
import type { JsonInput } from "./json.js";
import { parseKeyValues, serializeKeyValues } from "./key-values.js";
import { parseLoggedModelMetric, serializeMetric } from "./metric.js";

const WIRE_STATUSES = [
  "LOGGED_MODEL_STATUS_UNSPECIFIED",
  "LOGGED_MODEL_PENDING",
  "LOGGED_MODEL_READY",
  "LOGGED_MODEL_UPLOAD_FAILED",
] as const;
type WireStatus = (typeof WIRE_STATUSES)[number];

const STATUSES: Readonly<Record<WireStatus, LoggedModelStatus>> = {
  LOGGED_MODEL_STATUS_UNSPECIFIED: "UNSPECIFIED",
  LOGGED_MODEL_PENDING: "PENDING",
  LOGGED_MODEL_READY: "READY",
  LOGGED_MODEL_UPLOAD_FAILED: "FAILED",
};

/** A `LoggedModel` message. Its id is one that is safe as a name. The wire tells of no deleted ones. */
export function parseLoggedModel(fields: Fields): LoggedModel {
  const info = fields.requiredNested("info");
  const data = fields.nested("data");
  const creationTime = info.integer("creation_timestamp_ms") ?? 0;
  return {
    modelId: parseModelId(info),
    experimentId: parseExperimentId(info),
    name: info.string("name") ?? "",
    modelType: info.string("model_type"),
    sourceRunId: textOrNull(info.string("source_run_id")),
    status: STATUSES[info.choice("status", WIRE_STATUSES, 0) ?? "LOGGED_MODEL_STATUS_UNSPECIFIED"],
    statusMessage: info.string("status_message"),
    artifactLocation: info.string("artifact_uri") ?? "",
    lifecycleStage: "active",
    creationTime,
    lastUpdatedTime: info.integer("last_updated_timestamp_ms") ?? creationTime,
    params: parseKeyValues(data?.list("params") ?? []),
    tags: parseKeyValues(info.list("tags")),
    metrics: data?.list("metrics").map(parseLoggedModelMetric) ?? [],
  };
}

function parseModelId(info: Fields): string {
  const id = info.requiredString("model_id");
  if (!isModelId(id)) throw info.wrong("model_id", "the id of a logged model");
  return id;
}

/** Servers say both nothing and the empty text. */
export function textOrNull(text: string | null): string | null {
  return text === "" ? null : text;
}

export function serializeLoggedModelStatus(status: LoggedModelStatus): string {
  return WIRE_STATUSES.find((name) => STATUSES[name] === status)!;
}

export function serializeLoggedModel(model: LoggedModel): JsonInput {
  return {
    info: {
      model_id: model.modelId,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.creationTime,
      last_updated_timestamp_ms: model.lastUpdatedTime,
      artifact_uri: model.artifactLocation,
      status: serializeLoggedModelStatus(model.status),
      model_type: model.modelType ?? undefined,
      source_run_id: model.sourceRunId ?? undefined,
      status_message: model.statusMessage ?? undefined,
      tags: listOrNothing(serializeKeyValues(model.tags)),
    },
    data: {
      params: listOrNothing(serializeKeyValues(model.params)),
      metrics: listOrNothing(model.metrics.map(serializeMetric)),
    },
  };
}
