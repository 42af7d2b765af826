import type { StringMap } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** `<run>/inputs/<input id>/meta.yaml`: a dataset or a logged model that the run used. */
export interface InputMeta {
  /** `DATASET` or `MODEL`; other words of future versions pass. */
  readonly sourceType: string;
  /** Dataset id or model id. */
  readonly sourceId: string;
  readonly destinationType: string;
  /** MLflow writes the source id here too: do not rely on it. */
  readonly destinationId: string;
  /** `mlflow.data.context` says how a dataset was used. */
  readonly tags: StringMap;
}

/** Throws DAMAGED: unreadable YAML or no `source_id`. */
export function parseInputMeta(bytes: Uint8Array, options: ParseOptions = {}): InputMeta {
  const fields = MetaFields.parse(bytes, "input's meta.yaml", options);
  const sourceId = fields.requiredString("source_id");
  return {
    sourceType: fields.string("source_type") ?? "DATASET",
    sourceId,
    destinationType: fields.string("destination_type") ?? "RUN",
    destinationId: fields.string("destination_id") ?? sourceId,
    tags: fields.stringMap("tags"),
  };
}

export function serializeInputMeta(meta: InputMeta): string {
  return serializeYamlMap({
    destination_id: meta.destinationId,
    destination_type: meta.destinationType,
    source_id: meta.sourceId,
    source_type: meta.sourceType,
    tags: meta.tags,
  });
}
