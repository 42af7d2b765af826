/** Tags of registered models and model versions. As in MLflow, deleting a tag that is not there is fine. */
import { checkKey, MAX_REGISTRY_TAG_VALUE_LENGTH, type StringMap } from "../../../store-format/index.js";
import { checkTags } from "../check-tags.js";
import type { StoreContext } from "../context.js";
import { deleteKeyFile, writeKeyFile } from "../key-files.js";
import {
  changeModelVersion,
  changeRegisteredModel,
  locateModelVersion,
  locateRegisteredModel,
} from "./locate.js";

export function setRegisteredModelTags(context: StoreContext, name: string, tags: StringMap): void {
  checkTags(tags, MAX_REGISTRY_TAG_VALUE_LENGTH);
  const model = locateRegisteredModel(context, name);
  for (const [key, value] of Object.entries(tags))
    writeKeyFile({ owner: model.directory, folder: "tags" }, key, value);
  changeRegisteredModel(context, model);
}

export function deleteRegisteredModelTag(context: StoreContext, name: string, key: string): void {
  checkKey(key, "tag");
  const model = locateRegisteredModel(context, name);
  if (deleteKeyFile({ owner: model.directory, folder: "tags" }, key)) changeRegisteredModel(context, model);
}

export function setModelVersionTags(
  context: StoreContext,
  name: string,
  version: number,
  tags: StringMap,
): void {
  checkTags(tags, MAX_REGISTRY_TAG_VALUE_LENGTH);
  const place = locateModelVersion(context, name, version);
  for (const [key, value] of Object.entries(tags))
    writeKeyFile({ owner: place.directory, folder: "tags" }, key, value);
  changeModelVersion(context, place);
}

export function deleteModelVersionTag(
  context: StoreContext,
  name: string,
  version: number,
  key: string,
): void {
  checkKey(key, "tag");
  const place = locateModelVersion(context, name, version);
  if (deleteKeyFile({ owner: place.directory, folder: "tags" }, key)) changeModelVersion(context, place);
}
