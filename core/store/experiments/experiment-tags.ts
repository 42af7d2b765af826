import {
  checkKey,
  MAX_EXPERIMENT_TAG_VALUE_LENGTH,
  RunstoneError,
  type StringMap,
} from "../../../store-format/index.js";
import { checkTags } from "../check-tags.js";
import type { StoreContext } from "../context.js";
import { deleteKeyFile, type KeyFiles, writeKeyFile } from "../key-files.js";
import { locateActiveExperiment } from "./locate.js";

/** Sets tags of an active experiment; all are checked before the first is written. */
export function setExperimentTags(context: StoreContext, experimentId: string, tags: StringMap): void {
  checkTags(tags, MAX_EXPERIMENT_TAG_VALUE_LENGTH);
  const files = tagFiles(context, experimentId);
  for (const [key, value] of Object.entries(tags)) writeKeyFile(files, key, value);
}

/** Throws RESOURCE_DOES_NOT_EXIST when there is no such tag. */
export function deleteExperimentTag(context: StoreContext, experimentId: string, key: string): void {
  checkKey(key, "tag");
  if (deleteKeyFile(tagFiles(context, experimentId), key)) return;
  const message = `experiment ${JSON.stringify(experimentId)} has no tag ${JSON.stringify(key)}`;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", message, { data: { experimentId, key } });
}

function tagFiles(context: StoreContext, experimentId: string): KeyFiles {
  return { owner: locateActiveExperiment(context, experimentId).directory, folder: "tags" };
}
