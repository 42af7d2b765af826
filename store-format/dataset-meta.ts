import type { Dataset } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** `<experiment>/datasets/<dataset id>/meta.yaml`; the id is the name of the directory. */
export type DatasetMeta = Omit<Dataset, "datasetId">;

/** Throws DAMAGED: unreadable YAML, no `name` or no `digest`. */
export function parseDatasetMeta(bytes: Uint8Array, options: ParseOptions = {}): DatasetMeta {
  const fields = MetaFields.parse(bytes, "dataset's meta.yaml", options);
  return {
    name: fields.requiredString("name"),
    digest: fields.requiredString("digest"),
    sourceType: fields.string("source_type") ?? "",
    source: fields.string("source") ?? "",
    schema: fields.string("schema"),
    profile: fields.string("profile"),
  };
}

export function serializeDatasetMeta(meta: DatasetMeta): string {
  return serializeYamlMap({
    digest: meta.digest,
    name: meta.name,
    profile: meta.profile,
    schema: meta.schema,
    source: meta.source,
    source_type: meta.sourceType,
  });
}
