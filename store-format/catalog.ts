/**
 * What a store has besides runs, as it is compared between stores: experiments, registered models, their versions and logged
 * models, each as a flat map of fields that are merged one by one. Pure.
 */
import type {
  Experiment,
  Integer,
  LoggedModel,
  LoggedModelMetric,
  ModelVersion,
  RegisteredModel,
  StringMap,
} from "./entities.js";
import { parseMetricLine, serializeModelPoint } from "./metric-lines.js";

export const CATALOG_KINDS = ["experiment", "registered_model", "model_version", "logged_model"] as const;
export type CatalogKind = (typeof CATALOG_KINDS)[number];

export interface CatalogEntry {
  readonly kind: CatalogKind;
  /** In its own store: the id of an experiment, the name of a model, the number of a version, the id of a logged model. */
  readonly id: string;
  /** The registered model of a version; else empty. */
  readonly model: string;
  /** The same in every store: the name of an experiment or model; number and creation time where a version was made; an id. */
  readonly origin: string;
  /**
   * `name` and `lifecycle_stage` (experiment), `description` (models and versions), `stage` (version), `tag:<key>`,
   * `alias:<name>` with the origin of its version (model); of a logged model `status`, `status_message`, `lifecycle_stage`,
   * `param:<key>` and a `point:` for each point of its metrics. What is absent is empty.
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
  /** Of a logged model, as the next two. */
  readonly name: string | null;
  readonly modelType: string | null;
  readonly experimentName: string | null;
}

export const NO_FACTS: CatalogFacts = {
  ...{ creationTime: null, lastUpdatedTime: null, source: null },
  ...{ runId: null, runLink: null, modelId: null, userId: null },
  ...{ name: null, modelType: null, experimentName: null },
};

/** A value of null takes the field away. */
export type CatalogChanges = Readonly<Record<string, string | null>>;

/** Number and creation time of a version where it was made. */
export const VERSION_TAG = "runstone.version";
export const VERSION_TIME_TAG = "runstone.version_time";

/** Of a logged model: the versions that a store made of it, by its own numbers. No field: each store writes its own. */
const MODEL_VERSIONS_TAG = "mlflow.modelVersions";

export const TAG_FIELD = "tag:";
export const ALIAS_FIELD = "alias:";
export const PARAM_FIELD = "param:";
export const POINT_FIELD = "point:";

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

export function paramsOfFields<Value>(fields: Readonly<Record<string, Value>>): Record<string, Value> {
  return stripped(fields, PARAM_FIELD);
}

/** The line of the metric file, LF, and the key. */
function pointField(point: LoggedModelMetric): string {
  const { dataset, ...rest } = point;
  const fits = dataset !== undefined && [dataset.name, dataset.digest].every(isLineField);
  const line = serializeModelPoint(fits ? { ...rest, dataset } : rest);
  return `${POINT_FIELD}${line.slice(0, -1)}\n${point.key}`;
}

/** MLflow splits lines at blanks: a dataset whose name has some is no part of a logged model's point. */
function isLineField(text: string): boolean {
  return /^[^\s\p{C}]+$/u.test(text);
}

/** The points among fields. Undefined in place of one that is none. */
export function pointsOfFields(
  fields: Readonly<Record<string, unknown>>,
): readonly (LoggedModelMetric | undefined)[] {
  return Object.keys(stripped(fields, POINT_FIELD)).map(parsePoint);
}

function parsePoint(text: string): LoggedModelMetric | undefined {
  const end = text.indexOf("\n");
  const point = end < 0 ? undefined : parseMetricLine(text.slice(0, end), "model");
  const { runId } = point ?? {};
  if (point === undefined || runId === undefined || !isLineField(runId)) return undefined;
  const found = { ...point, runId, key: text.slice(end + 1) };
  // Written in another way it would come again and again.
  return pointField(found) === `${POINT_FIELD}${text}` ? found : undefined;
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
  const facts = { ...NO_FACTS, creationTime, lastUpdatedTime, source, runId, runLink, modelId, userId };
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

/** `metrics` of the model: all points that are to be compared, not only the latest. */
export function loggedModelEntry(model: LoggedModel, experimentName: string): CatalogEntry {
  const { modelId, name, modelType, sourceRunId, status, statusMessage, lifecycleStage } = model;
  const { params, tags, metrics, creationTime, lastUpdatedTime } = model;
  const fields: Record<string, string> = { ...tagFields(tags), status, lifecycle_stage: lifecycleStage };
  delete fields[`${TAG_FIELD}${MODEL_VERSIONS_TAG}`];
  if (statusMessage) fields["status_message"] = statusMessage;
  for (const [key, value] of Object.entries(params)) fields[`${PARAM_FIELD}${key}`] = value;
  for (const point of metrics) if (isLineField(point.runId)) fields[pointField(point)] = "";
  const facts = { ...NO_FACTS, creationTime, lastUpdatedTime, runId: sourceRunId, name, modelType };
  return {
    ...{ kind: "logged_model", id: modelId, model: "", origin: modelId, fields },
    facts: { ...facts, experimentName },
  };
}
