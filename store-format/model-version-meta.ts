import type { ModelVersion } from "./entities.js";
import { RunstoneError } from "./errors.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** `models/<name>/version-<n>/meta.yaml`. */
export interface ModelVersionMeta extends Omit<ModelVersion, "tags" | "aliases"> {
  readonly deploymentJobState?: string;
}

/** Throws DAMAGED: unreadable YAML, no `name`, `creation_timestamp` or `version`. */
export function parseModelVersionMeta(bytes: Uint8Array, options: ParseOptions = {}): ModelVersionMeta {
  const fields = MetaFields.parse(bytes, "model version's meta.yaml", options);
  const deploymentJobState = fields.string("deployment_job_state");
  return {
    name: fields.requiredString("name"),
    version: parseVersion(fields, options),
    creationTime: fields.requiredInteger("creation_timestamp"),
    lastUpdatedTime: fields.integer("last_updated_timestamp"),
    description: fields.string("description"),
    userId: fields.string("user_id"),
    currentStage: fields.string("current_stage") ?? "None",
    source: fields.string("source"),
    storageLocation: fields.string("storage_location"),
    runId: fields.string("run_id"),
    runLink: fields.string("run_link"),
    modelId: fields.string("model_id"),
    status: fields.string("status") ?? "READY",
    statusMessage: fields.string("status_message"),
    ...(deploymentJobState === null ? {} : { deploymentJobState }),
  };
}

function parseVersion(fields: MetaFields, { path }: ParseOptions): number {
  const version = fields.requiredInteger("version");
  if (typeof version === "number" && version > 0) return version;
  throw new RunstoneError("DAMAGED", `The model version's meta.yaml has the version ${version}`, {
    hint: "Versions are whole numbers from 1.",
    data: { field: "version", offset: 0, ...(path === undefined ? {} : { path }) },
  });
}

export function serializeModelVersionMeta(meta: ModelVersionMeta): string {
  return serializeYamlMap({
    creation_timestamp: meta.creationTime,
    current_stage: meta.currentStage,
    deployment_job_state: meta.deploymentJobState ?? null,
    description: meta.description,
    last_updated_timestamp: meta.lastUpdatedTime,
    model_id: meta.modelId,
    name: meta.name,
    run_id: meta.runId,
    run_link: meta.runLink,
    source: meta.source,
    status: meta.status,
    status_message: meta.statusMessage,
    storage_location: meta.storageLocation,
    user_id: meta.userId,
    version: meta.version,
  });
}
