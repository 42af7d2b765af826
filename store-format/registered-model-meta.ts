import type { RegisteredModel } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** `models/<name>/meta.yaml`. */
export interface RegisteredModelMeta extends Omit<RegisteredModel, "tags"> {
  readonly deploymentJobId?: string;
  readonly deploymentJobState?: string;
}

/** `aliases` is what meta.yaml says, a stale copy: the alias files decide. Throws DAMAGED: unreadable YAML, no `name`. */
export function parseRegisteredModelMeta(bytes: Uint8Array, options: ParseOptions = {}): RegisteredModelMeta {
  const fields = MetaFields.parse(bytes, "registered model's meta.yaml", options);
  const deploymentJobId = fields.string("deployment_job_id");
  const deploymentJobState = fields.string("deployment_job_state");
  return {
    name: fields.requiredString("name"),
    description: fields.string("description"),
    creationTime: fields.integer("creation_timestamp"),
    lastUpdatedTime: fields.integer("last_updated_timestamp"),
    aliases: fields.stringMap("aliases"),
    ...(deploymentJobId === null ? {} : { deploymentJobId }),
    ...(deploymentJobState === null ? {} : { deploymentJobState }),
  };
}

export function serializeRegisteredModelMeta(meta: RegisteredModelMeta): string {
  return serializeYamlMap({
    aliases: meta.aliases,
    creation_timestamp: meta.creationTime,
    deployment_job_id: meta.deploymentJobId ?? null,
    deployment_job_state: meta.deploymentJobState ?? null,
    description: meta.description,
    last_updated_timestamp: meta.lastUpdatedTime,
    name: meta.name,
  });
}
