/**
 * Experiments, registered models and versions from elsewhere. Nothing of what comes is believed: names become directories,
 * keys become files. Each call may be repeated.
 */
import { join } from "node:path";
import {
  aliasesOfFields,
  type CatalogChanges,
  type CatalogEntry,
  encodeText,
  isModelId,
  isRunId,
  isRunstoneError,
  isWellFormedText,
  MAX_EXPERIMENT_TAG_VALUE_LENGTH,
  MAX_REGISTRY_TAG_VALUE_LENGTH,
  parseVersionOrigin,
  RunstoneError,
  STAGES,
  type StringMap,
  serializeModelVersionMeta,
  tagsOfFields,
  VERSION_TAG,
  VERSION_TIME_TAG,
  versionOrigin,
} from "../../store-format/index.js";
import { publishDirectory, writeNewFile } from "../fs/index.js";
import { checkTags } from "../store/check-tags.js";
import type { StoreContext } from "../store/context.js";
import {
  deleteExperiment,
  deleteExperimentTag,
  renameExperiment,
  restoreExperiment,
  setExperimentTags,
} from "../store/experiments/index.js";
import { writeNewKeyFiles } from "../store/key-files.js";
import { META } from "../store/layout.js";
import { THROW_UNREADABLE } from "../store/read/damages.js";
import {
  DELETED_STAGE,
  findRegisteredModel,
  listModelVersionLocations,
  type ModelVersionLocation,
  type RegisteredModelLocation,
  scanModelVersions,
} from "../store/read/registry.js";
import {
  createRegisteredModel,
  deleteAlias,
  deleteModelVersion,
  deleteModelVersionTag,
  deleteRegisteredModelTag,
  locateRegisteredModel,
  setAlias,
  setModelVersionTags,
  setRegisteredModelTags,
  transitionStage,
  updateModelVersion,
  updateRegisteredModel,
} from "../store/registry/index.js";
import { versionPlace } from "../store/registry/locate.js";
import { noteVersionAtLoggedModel } from "../store/registry/logged-model-versions.js";
import { type ResolvedSource, resolveSource } from "../store/registry/resolve-source.js";
import { readCatalogEntry } from "./local-catalog.js";
import { changeLoggedModelEntry } from "./receive-model-entry.js";
import { receivingExperiment } from "./receiving-experiment.js";

/**
 * Makes what is not here, and returns it as it is here: one of the same name, or a version of the same origin, is that.
 * Aliases are left for {@link changeCatalogEntry}. Throws INVALID_PARAMETER_VALUE for what cannot be kept,
 * RESOURCE_DOES_NOT_EXIST for the model of a version, INVALID_STATE, typed I/O errors.
 */
export function receiveCatalogEntry(context: StoreContext, entry: CatalogEntry): CatalogEntry {
  checkFields(entry.fields);
  if (entry.kind === "logged_model") throw wrong("the logged model", entry.id, "comes without its files");
  if (entry.kind === "experiment") return receiveExperiment(context, entry);
  if (entry.kind === "registered_model") return receiveRegisteredModel(context, entry);
  return receiveModelVersion(context, entry);
}

/** Throws as {@link receiveCatalogEntry}, and RESOURCE_DOES_NOT_EXIST when it is not here. */
export function changeCatalogEntry(
  context: StoreContext,
  target: Pick<CatalogEntry, "kind" | "id" | "model">,
  changes: CatalogChanges,
): void {
  checkFields(changes);
  if (target.kind === "experiment") changeExperiment(context, target.id, changes);
  else if (target.kind === "logged_model") changeLoggedModelEntry(context, target.id, changes);
  else if (target.kind === "registered_model") changeModel(context, target.id, changes);
  else changeVersion(context, target, changes);
}

function receiveExperiment(context: StoreContext, { fields }: CatalogEntry): CatalogEntry {
  const name = fields["name"] ?? "";
  const id = receivingExperiment(context, { name, tags: tagsOfFields(fields) });
  return readCatalogEntry(context, { kind: "experiment", id, model: "" });
}

function changeExperiment(context: StoreContext, id: string, changes: CatalogChanges): void {
  const tags = tagsOfFields(changes);
  checkTags(setOf(tags), MAX_EXPERIMENT_TAG_VALUE_LENGTH);
  const { name, lifecycle_stage: stage } = changes;
  const now = readCatalogEntry(context, { kind: "experiment", id, model: "" }).fields["lifecycle_stage"];
  if (stage === "active" && now === "deleted") restoreExperiment(context, id);
  if (typeof name === "string") renameExperiment(context, id, name);
  setExperimentTags(context, id, setOf(tags));
  for (const key of goneOf(tags)) ifThere(() => deleteExperimentTag(context, id, key));
  if (stage === "deleted" && now === "active") deleteExperiment(context, id);
}

function receiveRegisteredModel(context: StoreContext, { id, fields }: CatalogEntry): CatalogEntry {
  if (findRegisteredModel(context, id) === null) {
    const { description } = fields;
    try {
      createRegisteredModel(context, id, {
        ...(description === undefined ? {} : { description }),
        tags: tagsOfFields(fields),
      });
    } catch (error) {
      // Somebody else was first. On a system that folds letters it may be another: that is told.
      if (!isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
    }
  }
  return readCatalogEntry(context, { kind: "registered_model", id, model: "" });
}

function changeModel(context: StoreContext, name: string, changes: CatalogChanges): void {
  const { description } = changes;
  if (description !== undefined) updateRegisteredModel(context, name, description ?? "");
  const tags = tagsOfFields(changes);
  if (setCount(tags) > 0) setRegisteredModelTags(context, name, setOf(tags));
  for (const key of goneOf(tags)) deleteRegisteredModelTag(context, name, key);
  const aliases = aliasesOfFields(changes);
  for (const alias of goneOf(aliases)) deleteAlias(context, name, alias);
  for (const [alias, origin] of Object.entries(setOf(aliases)))
    setAlias(context, name, alias, numberOf(context, name, origin));
}

/** The number here of the version of this origin. */
function numberOf(context: StoreContext, name: string, origin: string): number {
  const found = scanModelVersions(context, name).find((version) => versionOrigin(version) === origin);
  if (found !== undefined && found.currentStage !== DELETED_STAGE) return found.version;
  throw new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `model ${JSON.stringify(name)} has no version that was made as ${origin}`,
    { hint: "Sync again when the version has come.", data: { name, origin } },
  );
}

function receiveModelVersion(context: StoreContext, entry: CatalogEntry): CatalogEntry {
  const model = locateRegisteredModel(context, entry.model);
  const known = scanModelVersions(context, model.name).find(
    (version) => versionOrigin(version) === entry.origin,
  );
  if (known !== undefined)
    return readCatalogEntry(context, { kind: "model_version", id: String(known.version), model: model.name });
  const place = claimVersion(context, model, checkedVersion(entry));
  const { modelId } = entry.facts;
  if (modelId !== null) noteVersionAtLoggedModel(context, modelId, place);
  const id = String(place.version);
  return readCatalogEntry(context, { kind: "model_version", id, model: model.name });
}

/** Keeps its number where that is free; else the next one, and then tags say which it was. */
function claimVersion(
  context: StoreContext,
  model: RegisteredModelLocation,
  entry: CatalogEntry,
): ModelVersionLocation {
  const origin = parseVersionOrigin(entry.origin)!;
  const source = sourceHere(context, entry);
  const highest = listModelVersionLocations(model, THROW_UNREADABLE).at(-1)?.version ?? 0;
  for (let number = origin.number; ; number = Math.max(number, highest) + 1) {
    const place = versionPlace(model, number);
    const isFirst = publishDirectory(context.root, place.directory, (draft) => {
      const own =
        number === origin.number
          ? {}
          : { [VERSION_TAG]: String(origin.number), [VERSION_TIME_TAG]: String(origin.time) };
      writeNewKeyFiles({ owner: draft, folder: "tags" }, { ...tagsOfFields(entry.fields), ...own });
      writeNewFile(join(draft, META), metaOf(context, place, { entry, source }), true);
    });
    if (isFirst) return place;
  }
}

function metaOf(
  context: StoreContext,
  { name, version }: ModelVersionLocation,
  { entry, source }: { readonly entry: CatalogEntry; readonly source: ResolvedSource },
): Uint8Array {
  const { fields, facts } = entry;
  const { time } = parseVersionOrigin(entry.origin)!;
  const meta = serializeModelVersionMeta({
    ...{ name, version, creationTime: time, lastUpdatedTime: facts.lastUpdatedTime ?? context.now() },
    ...{ description: fields["description"] ?? null, userId: facts.userId },
    ...{ currentStage: fields["stage"] ?? "None", source: facts.source },
    ...{ storageLocation: source.storageLocation, runId: facts.runId ?? source.runId },
    ...{ runLink: facts.runLink, modelId: facts.modelId ?? source.modelId },
    ...{ status: "READY", statusMessage: null },
  });
  return encodeText(meta);
}

/** A source that means nothing here is kept as the text that it is. */
function sourceHere(context: StoreContext, { model, facts }: CatalogEntry): ResolvedSource {
  const { source, runId, modelId } = facts;
  const asText = { storageLocation: source ?? "", runId, modelId };
  if (source === null || source.trim() === "") return asText;
  try {
    return resolveSource(context, {
      ...{ name: model, source },
      ...(runId === null ? {} : { runId }),
      ...(modelId === null ? {} : { modelId }),
    });
  } catch (error) {
    if (isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return asText;
    throw error;
  }
}

/** Throws INVALID_PARAMETER_VALUE. */
function checkedVersion(entry: CatalogEntry): CatalogEntry {
  const { origin, fields, facts } = entry;
  checkTags(tagsOfFields(fields), MAX_REGISTRY_TAG_VALUE_LENGTH);
  if (parseVersionOrigin(origin) === null) throw wrong("the version", origin, "has no number and time");
  checkStage(fields["stage"] ?? "None");
  if (facts.runId !== null && !isRunId(facts.runId))
    throw wrong("the version's run", facts.runId, "is no id");
  if (facts.modelId !== null && !isModelId(facts.modelId))
    throw wrong("the version's logged model", facts.modelId, "is no id");
  for (const text of [facts.source, facts.runLink, facts.userId])
    if (text !== null && !isWellFormedText(text)) throw wrong("the version's text", text, "is no text");
  return entry;
}

function checkStage(stage: string): void {
  if (!STAGES.some((known) => known === stage)) throw wrong("the stage", stage, "is none");
}

function changeVersion(
  context: StoreContext,
  { id, model }: Pick<CatalogEntry, "id" | "model">,
  changes: CatalogChanges,
): void {
  const number = Number(id);
  const { description, stage } = changes;
  if (stage === DELETED_STAGE) return deleteModelVersion(context, model, number);
  if (description !== undefined) updateModelVersion(context, model, number, description ?? "");
  const tags = tagsOfFields(changes);
  if (setCount(tags) > 0) setModelVersionTags(context, model, number, setOf(tags));
  for (const key of goneOf(tags)) deleteModelVersionTag(context, model, number, key);
  if (typeof stage === "string") {
    checkStage(stage);
    transitionStage(context, model, number, stage);
  }
}

function checkFields(fields: CatalogChanges): void {
  for (const [field, value] of Object.entries(fields))
    if (value !== null && (typeof value !== "string" || !isWellFormedText(value)))
      throw wrong("the field", field, "is no text");
}

function setOf(values: Readonly<Record<string, string | null>>): StringMap {
  const found: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(values)) if (value !== null) found[key] = value;
  return found;
}

function setCount(values: Readonly<Record<string, string | null>>): number {
  return Object.keys(setOf(values)).length;
}

function goneOf(values: Readonly<Record<string, string | null>>): readonly string[] {
  return Object.keys(values).filter((key) => values[key] === null);
}

function ifThere(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
  }
}

function wrong(what: string, thing: unknown, reason: string): RunstoneError {
  const shown = JSON.stringify(String(thing).slice(0, 80));
  return new RunstoneError("INVALID_PARAMETER_VALUE", `${what} ${shown} ${reason}: it is not taken`, {
    hint: "Change it at the store that it comes from.",
    data: { what, thing: String(thing).slice(0, 200) },
  });
}
