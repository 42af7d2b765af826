import type { ModelVersion, RegisteredModel, StringMap } from "../../store-format/index.js";
import { listOrNothing } from "./experiment.js";
import type { Fields } from "./fields.js";
import type { JsonInput } from "./json.js";
import { parseKeyValues, serializeKeyValues } from "./key-values.js";
import { textOrNull } from "./logged-model.js";

/** A `RegisteredModel` message, without its latest versions. */
export function parseRegisteredModel(fields: Fields): RegisteredModel {
  return {
    name: fields.requiredString("name"),
    description: fields.string("description"),
    creationTime: fields.integer("creation_timestamp"),
    lastUpdatedTime: fields.integer("last_updated_timestamp"),
    tags: parseKeyValues(fields.list("tags")),
    aliases: parseAliases(fields.list("aliases")),
  };
}

function parseAliases(list: readonly Fields[]): StringMap {
  const aliases: Record<string, string> = Object.create(null);
  for (const entry of list)
    aliases[entry.requiredString("alias")] = entry.idText("version") ?? entry.requiredString("version");
  return aliases;
}

export function serializeRegisteredModel(model: RegisteredModel): JsonInput {
  const aliases = Object.entries(model.aliases).map(([alias, version]) => ({ alias, version }));
  return {
    name: model.name,
    creation_timestamp: model.creationTime ?? undefined,
    last_updated_timestamp: model.lastUpdatedTime ?? undefined,
    description: model.description ?? undefined,
    tags: listOrNothing(serializeKeyValues(model.tags)),
    aliases: listOrNothing(aliases),
  };
}

/** A `ModelVersion` message; the version travels as a text. */
export function parseModelVersion(fields: Fields): ModelVersion {
  return {
    name: fields.requiredString("name"),
    version: parseVersion(fields),
    creationTime: fields.integer("creation_timestamp") ?? 0,
    lastUpdatedTime: fields.integer("last_updated_timestamp"),
    description: fields.string("description"),
    userId: textOrNull(fields.string("user_id")),
    currentStage: fields.string("current_stage") ?? "None",
    source: fields.string("source"),
    storageLocation: null,
    runId: textOrNull(fields.string("run_id")),
    runLink: textOrNull(fields.string("run_link")),
    modelId: textOrNull(fields.string("model_id")),
    status: fields.string("status") ?? "READY",
    statusMessage: textOrNull(fields.string("status_message")),
    tags: parseKeyValues(fields.list("tags")),
    aliases: fields.strings("aliases"),
  };
}

function parseVersion(fields: Fields): number {
  const version = fields.integer("version");
  if (typeof version === "number" && version > 0) return version;
  throw fields.wrong("version", "the number of a version");
}

export function serializeModelVersion(version: ModelVersion): JsonInput {
  return {
    name: version.name,
    version: String(version.version),
    creation_timestamp: version.creationTime,
    last_updated_timestamp: version.lastUpdatedTime ?? undefined,
    user_id: version.userId ?? undefined,
    current_stage: version.currentStage,
    description: version.description ?? undefined,
    source: version.source ?? undefined,
    run_id: version.runId ?? undefined,
    run_link: version.runLink ?? undefined,
    model_id: version.modelId ?? undefined,
    status: version.status,
    status_message: version.statusMessage ?? undefined,
    tags: listOrNothing(serializeKeyValues(version.tags)),
    aliases: listOrNothing(version.aliases),
  };
}
