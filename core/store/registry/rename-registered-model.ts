/**
 * Renaming a registered model: one rename of the directory, which keeps tags, aliases and versions as they are (MLflow
 * loses tags and aliases); then the name in each version's meta.yaml, then the one in the model's. Readers go by the
 * directory, so the model has its new name from the first step on. The same call again finishes a rename that was cut.
 */
import { isRunstoneError } from "../../../store-format/index.js";
import { moveDirectory } from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { THROW_UNREADABLE } from "../read/damages.js";
import { inside } from "../read/located.js";
import {
  findRegisteredModel,
  listModelVersionLocations,
  type ModelVersionLocation,
  type RegisteredModelLocation,
  registryLocation,
} from "../read/registry.js";
import { checkNewModelName } from "./check-new-name.js";
import {
  changeModelVersion,
  changeRegisteredModel,
  hasMeta,
  locateRegisteredModel,
  readRegisteredModelMeta,
  readVersionMeta,
} from "./locate.js";
import { nameTaken } from "./registered-models.js";

/** Throws RESOURCE_DOES_NOT_EXIST, RESOURCE_ALREADY_EXISTS (the new name), INVALID_PARAMETER_VALUE. */
export function renameRegisteredModel(context: StoreContext, name: string, newName: string): void {
  checkNewModelName(newName);
  const renamed = { ...inside(registryLocation(context), newName), name: newName };
  if (!wasCut(context, name, renamed)) {
    const { directory } = locateRegisteredModel(context, name);
    if (name === newName) return;
    if (!moveDirectory(context.root, directory, renamed.directory)) throw nameTaken(newName);
  }
  for (const version of listModelVersionLocations(renamed, THROW_UNREADABLE)) writeName(context, version);
  changeRegisteredModel(context, renamed);
}

/** The directory has moved, and some meta.yaml still says the old name. */
function wasCut(context: StoreContext, name: string, renamed: RegisteredModelLocation): boolean {
  if (name === renamed.name || findRegisteredModel(context, name) !== null || !hasMeta(renamed)) return false;
  if (readRegisteredModelMeta(renamed).name === name) return true;
  return listModelVersionLocations(renamed, THROW_UNREADABLE).some(
    (version) => nameIn(context, version) === name,
  );
}

function writeName(context: StoreContext, version: ModelVersionLocation): void {
  const name = nameIn(context, version);
  if (name === null || name === version.name) return;
  changeModelVersion(context, version, { lastUpdatedTime: readVersionMeta(version).lastUpdatedTime });
}

/** Null for a version whose meta.yaml is damaged: it stays as it is and hinders no other. */
function nameIn(context: StoreContext, version: ModelVersionLocation): string | null {
  try {
    return readVersionMeta(version).name;
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    context.warn(`version ${version.version} of model ${version.name} is left as it is: ${error.message}`);
    return null;
  }
}
