import { LOGGED_MODEL_STATUSES, type LoggedModel } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** `<experiment>/models/<model id>/meta.yaml`. */
export type LoggedModelMeta = Omit<LoggedModel, "params" | "tags" | "metrics">;

/** Throws DAMAGED: unreadable YAML, no `model_id`, `experiment_id` or creation time, an unknown status or stage. */
export function parseLoggedModelMeta(bytes: Uint8Array, options: ParseOptions = {}): LoggedModelMeta {
  const fields = MetaFields.parse(bytes, "logged model's meta.yaml", options);
  const creationTime = fields.requiredInteger("creation_timestamp");
  return {
    modelId: fields.requiredString("model_id"),
    experimentId: fields.requiredString("experiment_id"),
    name: fields.string("name") ?? "",
    modelType: fields.string("model_type"),
    sourceRunId: fields.string("source_run_id"),
    status: fields.choice("status", LOGGED_MODEL_STATUSES, 0) ?? "UNSPECIFIED",
    statusMessage: fields.string("status_message"),
    artifactLocation: fields.string("artifact_location") ?? "",
    lifecycleStage: fields.lifecycleStage(),
    creationTime,
    lastUpdatedTime: fields.integer("last_updated_timestamp") ?? creationTime,
  };
}

export function serializeLoggedModelMeta(meta: LoggedModelMeta): string {
  return serializeYamlMap({
    artifact_location: meta.artifactLocation,
    creation_timestamp: meta.creationTime,
    experiment_id: meta.experimentId,
    last_updated_timestamp: meta.lastUpdatedTime,
    lifecycle_stage: meta.lifecycleStage,
    model_id: meta.modelId,
    model_type: meta.modelType,
    name: meta.name,
    source_run_id: meta.sourceRunId,
    status: LOGGED_MODEL_STATUSES.indexOf(meta.status),
    status_message: meta.statusMessage,
  });
}
