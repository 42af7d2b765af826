import { type Experiment, isExperimentId, type LifecycleStage } from "../../store-format/index.js";
import type { Fields } from "./fields.js";
import type { JsonInput } from "./json.js";
import { parseKeyValues, serializeKeyValues } from "./key-values.js";

const STAGES: readonly LifecycleStage[] = ["active", "deleted"];

/** An `Experiment` message. Its id is one that is safe as a name. */
export function parseExperiment(fields: Fields): Experiment {
  const lifecycleStage = parseLifecycleStage(fields);
  return {
    experimentId: parseExperimentId(fields),
    name: fields.requiredString("name"),
    artifactLocation: fields.string("artifact_location") ?? "",
    lifecycleStage,
    creationTime: fields.integer("creation_time"),
    lastUpdateTime: fields.integer("last_update_time"),
    tags: parseKeyValues(fields.list("tags")),
    place: lifecycleStage === "deleted" ? "trash" : "root",
  };
}

export function serializeExperiment(experiment: Experiment): JsonInput {
  return {
    experiment_id: experiment.experimentId,
    name: experiment.name,
    artifact_location: experiment.artifactLocation,
    lifecycle_stage: experiment.lifecycleStage,
    creation_time: experiment.creationTime ?? undefined,
    last_update_time: experiment.lastUpdateTime ?? undefined,
    tags: listOrNothing(serializeKeyValues(experiment.tags)),
  };
}

export function parseExperimentId(fields: Fields): string {
  const id = fields.idText("experiment_id") ?? fields.requiredString("experiment_id");
  if (!isExperimentId(id)) throw fields.wrong("experiment_id", "the id of an experiment");
  return id;
}

export function parseLifecycleStage(fields: Fields): LifecycleStage {
  return fields.choice("lifecycle_stage", STAGES, 0) ?? "active";
}

/** Protobuf leaves empty lists out. */
export function listOrNothing<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
