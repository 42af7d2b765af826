import type { Integer, StringMap } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** `<run>/outputs/<model id>/meta.yaml`: a logged model that the run made. */
export interface OutputMeta {
  readonly sourceType: string;
  readonly sourceId: string;
  readonly destinationType: string;
  /** The model id. */
  readonly destinationId: string;
  readonly step: Integer;
  readonly tags: StringMap;
}

/** Throws DAMAGED: unreadable YAML or no `destination_id`. */
export function parseOutputMeta(bytes: Uint8Array, options: ParseOptions = {}): OutputMeta {
  const fields = MetaFields.parse(bytes, "output's meta.yaml", options);
  const destinationId = fields.requiredString("destination_id");
  return {
    sourceType: fields.string("source_type") ?? "RUN_OUTPUT",
    sourceId: fields.string("source_id") ?? destinationId,
    destinationType: fields.string("destination_type") ?? "MODEL_OUTPUT",
    destinationId,
    step: fields.integer("step") ?? 0,
    tags: fields.stringMap("tags"),
  };
}

export function serializeOutputMeta(meta: OutputMeta): string {
  return serializeYamlMap({
    destination_id: meta.destinationId,
    destination_type: meta.destinationType,
    source_id: meta.sourceId,
    source_type: meta.sourceType,
    step: meta.step,
    tags: meta.tags,
  });
}
