import type { Experiment } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** `<experiment>/meta.yaml`. Its `tags` are a stale copy of the tag files and are neither read nor written. */
export interface ExperimentMeta
  extends Pick<
    Experiment,
    "experimentId" | "name" | "artifactLocation" | "lifecycleStage" | "creationTime" | "lastUpdateTime"
  > {
  /** Fields that MLflow insists on and the file lacks. */
  readonly missing?: readonly string[];
}

const WHAT = "experiment's meta.yaml";

/** Throws DAMAGED: unreadable YAML (`data.reason`, `data.offset`), no `experiment_id` or no `name`. */
export function parseExperimentMeta(bytes: Uint8Array, options: ParseOptions = {}): ExperimentMeta {
  const fields = MetaFields.parse(bytes, WHAT, options);
  const missing = fields.missing(["artifact_location", "lifecycle_stage"]);
  return {
    experimentId: fields.requiredString("experiment_id"),
    name: fields.requiredString("name"),
    artifactLocation: fields.string("artifact_location") ?? "",
    lifecycleStage: fields.lifecycleStage(),
    creationTime: fields.integer("creation_time"),
    lastUpdateTime: fields.integer("last_update_time"),
    ...(missing.length === 0 ? {} : { missing }),
  };
}

/** The six keys that every MLflow reads. */
export function serializeExperimentMeta(meta: ExperimentMeta): string {
  return serializeYamlMap({
    artifact_location: meta.artifactLocation,
    creation_time: meta.creationTime,
    experiment_id: meta.experimentId,
    last_update_time: meta.lastUpdateTime,
    lifecycle_stage: meta.lifecycleStage,
    name: meta.name,
  });
}
