/**
 * What a store has besides runs, as it is compared between stores: experiments, registered models and their versions, each
 * as a flat map of fields that are merged one by one. Pure.
 */
import type { Experiment, Integer, ModelVersion, RegisteredModel, StringMap } from "./entities.js";

export const CATALOG_KINDS = ["experiment", "registered_model", "model_version"] as const;
export type CatalogKind = (typeof CATALOG_KINDS)[number];

export interface CatalogEntry {
  readonly kind: CatalogKind;
  /** In its own store: the id of an experiment, the name of a model, the number of a version. */
  readonly id: string;
  /** The registered model of a version; else empty. */
  readonly model: string;
  /** The same in every store: the name of an experiment or model; number and creation time where a version was made. */
  readonly origin: string;
  /**
   * `name` and `lifecycle_stage` (experiment), `description` (models and versions), `stage` (version), `tag:<key>`,
   * `alias:<name>` with the origin of its version (model). What is absent is empty.
   */
  readonly fields: StringMap;
  /** What never changes: told when the entry is made. */
  readonly facts: CatalogFacts;
}

export interface CatalogFacts {
  readonly creationTime: Integer | null;
  readonly lastUpdatedTime: Integer | null;
  /** Of a version: `models:/<logged model>` or `runs:/<run id>/<path>` where it is known; else as it was given. */
  readonly source: string | null;
  readonly runId: string | null;
  readonly runLink: string | null;
  readonly modelId: string | null;
  readonly userId: string | null;
}

export const NO_FACTS: CatalogFacts = {
  ...{ creationTime: null, lastUpdatedTime: null, source: null },
  ...{ runId: null, runLink: null, modelId: null, userId: null },
};

/** A value of null takes the field away. */
export type CatalogChanges = Readonly<Record<string, string | null>>;

/** Number and creation time of a version where it was made. */
export const VERSION_TAG = "runstone.version";
export const VERSION_TIME_TAG = "runstone.version_time";

export const TAG_FIELD = "tag:";
export const ALIAS_FIELD = "alias:";

/** What a version is called everywhere: `<number>:<milliseconds>` of the store that made it. */
export function versionOrigin(
  version: Pick<ModelVersion, "version" | "creationTime"> & { readonly tags: StringMap },
): string {
  const { tags, version: number, creationTime } = version;
  const origin = `${tags[VERSION_TAG]}:${tags[VERSION_TIME_TAG]}`;
  return parseVersionOrigin(origin) === null ? `${number}:${creationTime}` : origin;
}

export interface VersionOrigin {
  readonly number: number;
  readonly time: Integer;
}

/** Null for a text that is none. */
export function parseVersionOrigin(text: string): VersionOrigin | null {
  const found = /^([1-9][0-9]{0,14}):(0|[1-9][0-9]{0,18})$/.exec(text);
  if (found === null) return null;
  const time = BigInt(found[2]!);
  if (time > 9_223_372_036_854_775_807n) return null;
  const small = Number(time);
  return { number: Number(found[1]), time: Number.isSafeInteger(small) ? small : time };
}

export function tagFields(tags: StringMap): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(tags))
    if (key !== VERSION_TAG && key !== VERSION_TIME_TAG) fields[`${TAG_FIELD}${key}`] = value;
  return fields;
}

/** The tags among fields, or among changes of fields. */
export function tagsOfFields<Value>(fields: Readonly<Record<string, Value>>): Record<string, Value> {
  return stripped(fields, TAG_FIELD);
}

export function aliasesOfFields<Value>(fields: Readonly<Record<string, Value>>): Record<string, Value> {
  return stripped(fields, ALIAS_FIELD);
}

function stripped<Value>(fields: Readonly<Record<string, Value>>, prefix: string): Record<string, Value> {
  const found: Record<string, Value> = Object.create(null);
  for (const [field, value] of Object.entries(fields))
    if (field.startsWith(prefix)) found[field.slice(prefix.length)] = value;
  return found;
}

/** `versions`: of this model. An alias of a version that is none of them is left out. */
export function registeredModelEntry(
  model: RegisteredModel,
  versions: readonly ModelVersion[],
): CatalogEntry {
  const { name, description, tags, aliases, creationTime, lastUpdatedTime } = model;
  const origins = new Map(versions.map((version) => [String(version.version), versionOrigin(version)]));
  const fields = tagFields(tags);
  if (description) fields["description"] = description;
  for (const [alias, number] of Object.entries(aliases)) {
    const origin = origins.get(number);
    if (origin !== undefined) fields[`${ALIAS_FIELD}${alias}`] = origin;
  }
  const facts = { ...NO_FACTS, creationTime, lastUpdatedTime };
  return { kind: "registered_model", id: name, model: "", origin: name, fields, facts };
}

/** `source`: as it is told to others. */
export function modelVersionEntry(version: ModelVersion, source: string | null): CatalogEntry {
  const { name, description, tags, currentStage, creationTime, lastUpdatedTime } = version;
  const { runId, runLink, modelId, userId } = version;
  const fields = tagFields(tags);
  if (description) fields["description"] = description;
  fields["stage"] = currentStage;
  const facts = { creationTime, lastUpdatedTime, source, runId, runLink, modelId, userId };
  return {
    kind: "model_version",
    ...{ id: String(version.version), model: name, origin: versionOrigin(version), fields, facts },
  };
}

export function experimentEntry(experiment: Experiment): CatalogEntry {
  const { experimentId, name, tags, lifecycleStage, creationTime, lastUpdateTime } = experiment;
  const fields = { ...tagFields(tags), name, lifecycle_stage: lifecycleStage };
  const facts = { ...NO_FACTS, creationTime, lastUpdatedTime: lastUpdateTime };
  return { kind: "experiment", id: experimentId, model: "", origin: name, fields, facts };
}
