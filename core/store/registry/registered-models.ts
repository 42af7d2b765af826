/** Registered models: create, describe, delete. Rename: rename-registered-model.ts. */
import { join } from "node:path";
import {
  encodeText,
  MAX_REGISTRY_TAG_VALUE_LENGTH,
  type RegisteredModel,
  RunstoneError,
  type StringMap,
  serializeRegisteredModelMeta,
} from "../../../store-format/index.js";
import { claimDirectory, publishDirectory, removeDirectory, writeNewFile } from "../../fs/index.js";
import { checkTags } from "../check-tags.js";
import type { StoreContext } from "../context.js";
import { writeNewKeyFiles } from "../key-files.js";
import { META } from "../layout.js";
import { inside } from "../read/located.js";
import { mustReadRegisteredModel, registryLocation } from "../read/registry.js";
import { checkNewModelName } from "./check-new-name.js";
import { changeRegisteredModel, locateRegisteredModel } from "./locate.js";

export interface RegisteredModelOptions {
  readonly description?: string;
  readonly tags?: StringMap;
}

/** Throws RESOURCE_ALREADY_EXISTS, INVALID_PARAMETER_VALUE. Of many who create one name at once, one succeeds. */
export function createRegisteredModel(
  context: StoreContext,
  name: string,
  options: RegisteredModelOptions = {},
): RegisteredModel {
  checkNewModelName(name);
  checkTags(options.tags ?? {}, MAX_REGISTRY_TAG_VALUE_LENGTH);
  const registry = registryLocation(context);
  const { directory } = inside(registry, name);
  const isFirst = publishDirectory(context.root, directory, (draft) => {
    writeNewKeyFiles({ owner: draft, folder: "tags" }, options.tags ?? {});
    writeNewFile(join(draft, META), newMeta(context, name, options), true);
    claimDirectory(registry.directory);
  });
  if (!isFirst) throw nameTaken(name);
  return mustReadRegisteredModel(context, name);
}

function newMeta(context: StoreContext, name: string, { description }: RegisteredModelOptions): Uint8Array {
  const now = context.now();
  const meta = serializeRegisteredModelMeta({
    name,
    description: description ?? null,
    creationTime: now,
    lastUpdatedTime: now,
    aliases: {},
  });
  return encodeText(meta);
}

export function nameTaken(name: string): RunstoneError {
  return new RunstoneError("RESOURCE_ALREADY_EXISTS", `there is a registered model ${JSON.stringify(name)}`, {
    hint: "Use that one, or choose another name; on some systems upper and lower case do not differ.",
    data: { name },
  });
}

/** Sets the description. Throws RESOURCE_DOES_NOT_EXIST. */
export function updateRegisteredModel(context: StoreContext, name: string, description: string): void {
  changeRegisteredModel(context, locateRegisteredModel(context, name), { description });
}

/** Removes the model with all its versions, for good. Throws RESOURCE_DOES_NOT_EXIST. */
export function deleteRegisteredModel(context: StoreContext, name: string): void {
  removeDirectory(context.root, locateRegisteredModel(context, name).directory);
}
