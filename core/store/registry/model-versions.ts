/**
 * Versions of registered models. The number is claimed by the rename of the complete directory: many who create
 * versions at once get different numbers. Numbers of deleted versions are not used again.
 */
import { join } from "node:path";
import {
  encodeText,
  MAX_REGISTRY_TAG_VALUE_LENGTH,
  type ModelVersion,
  serializeModelVersionMeta,
} from "../../../store-format/index.js";
import { publishDirectory, writeNewFile } from "../../fs/index.js";
import type { NewModelVersion } from "../../interfaces.js";
import { checkTags } from "../check-tags.js";
import type { StoreContext } from "../context.js";
import { writeNewKeyFiles } from "../key-files.js";
import { META } from "../layout.js";
import { THROW_UNREADABLE } from "../read/damages.js";
import {
  DELETED_STAGE,
  listModelVersionLocations,
  type ModelVersionLocation,
  type RegisteredModelLocation,
} from "../read/registry.js";
import { deleteAliasesOf } from "./aliases.js";
import {
  changeModelVersion,
  changeRegisteredModel,
  locateModelVersion,
  locateRegisteredModel,
  readModelVersion,
  versionPlace,
} from "./locate.js";
import { noteVersionAtLoggedModel } from "./logged-model-versions.js";
import { type ResolvedSource, resolveSource } from "./resolve-source.js";

/** Throws RESOURCE_DOES_NOT_EXIST (model), INVALID_PARAMETER_VALUE. */
export function createModelVersion(context: StoreContext, spec: NewModelVersion): ModelVersion {
  checkTags(spec.tags ?? {}, MAX_REGISTRY_TAG_VALUE_LENGTH);
  const model = locateRegisteredModel(context, spec.name);
  const source = resolveSource(context, spec);
  return whileThere(context, model, () => {
    const version = claimVersion(context, model, spec, source);
    changeRegisteredModel(context, model);
    if (source.modelId !== null) noteVersionAtLoggedModel(context, source.modelId, version);
    return readModelVersion(model, version);
  });
}

/** A failure because the model was renamed or deleted meanwhile becomes RESOURCE_DOES_NOT_EXIST. */
function whileThere<T>(context: StoreContext, model: RegisteredModelLocation, work: () => T): T {
  try {
    return work();
  } catch (error) {
    locateRegisteredModel(context, model.name);
    throw error;
  }
}

function claimVersion(
  context: StoreContext,
  model: RegisteredModelLocation,
  spec: NewModelVersion,
  source: ResolvedSource,
): ModelVersionLocation {
  const highest = listModelVersionLocations(model, THROW_UNREADABLE).at(-1)?.version ?? 0;
  for (let number = highest + 1; ; number += 1) {
    const place = versionPlace(model, number);
    const isFirst = publishDirectory(context.root, place.directory, (draft) => {
      writeNewKeyFiles({ owner: draft, folder: "tags" }, spec.tags ?? {});
      writeNewFile(join(draft, META), newMeta(context, place, spec, source), true);
    });
    if (isFirst) return place;
  }
}

function newMeta(
  context: StoreContext,
  { name, version }: ModelVersionLocation,
  spec: NewModelVersion,
  source: ResolvedSource,
): Uint8Array {
  const now = context.now();
  const meta = serializeModelVersionMeta({
    name,
    version,
    creationTime: now,
    lastUpdatedTime: now,
    description: spec.description ?? null,
    userId: null,
    currentStage: "None",
    source: spec.source,
    storageLocation: source.storageLocation,
    runId: source.runId,
    runLink: spec.runLink ?? null,
    modelId: source.modelId,
    status: "READY",
    statusMessage: null,
  });
  return encodeText(meta);
}

/** Sets the description. Throws RESOURCE_DOES_NOT_EXIST. */
export function updateModelVersion(
  context: StoreContext,
  name: string,
  version: number,
  description: string,
): void {
  changeModelVersion(context, locateModelVersion(context, name, version), { description });
  changeRegisteredModel(context, locateRegisteredModel(context, name));
}

/** Hides the version and removes its aliases, these first: a repeat finishes. Its number stays taken. */
export function deleteModelVersion(context: StoreContext, name: string, version: number): void {
  const place = locateModelVersion(context, name, version);
  const model = locateRegisteredModel(context, name);
  deleteAliasesOf(model, version);
  changeModelVersion(context, place, { currentStage: DELETED_STAGE });
  changeRegisteredModel(context, model);
}
