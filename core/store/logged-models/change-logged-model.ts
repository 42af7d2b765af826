import {
  checkKey,
  LOGGED_MODEL_STATUSES,
  type LoggedModel,
  type LoggedModelStatus,
  MAX_TAG_VALUE_BYTES,
  RunstoneError,
  type StringMap,
} from "../../../store-format/index.js";
import { checkTags } from "../check-tags.js";
import type { StoreContext } from "../context.js";
import { deleteKeyFile, writeKeyFile } from "../key-files.js";
import { changeModel, locateActiveModel, readModel } from "./locate.js";

/** Sets the status, READY or FAILED as a rule; it may be set again. Throws RESOURCE_DOES_NOT_EXIST. */
export function finalizeLoggedModel(
  context: StoreContext,
  modelId: string,
  status: LoggedModelStatus,
): LoggedModel {
  if (!LOGGED_MODEL_STATUSES.includes(status)) {
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `${JSON.stringify(status)} is no status of a logged model`,
      {
        hint: `Choose one of ${LOGGED_MODEL_STATUSES.join(", ")}.`,
        data: { modelId, status },
      },
    );
  }
  changeModel(context, locateActiveModel(context, modelId), { status });
  return readModel(context, modelId);
}

/** Hides the model; its files stay. Throws RESOURCE_DOES_NOT_EXIST. */
export function deleteLoggedModel(context: StoreContext, modelId: string): void {
  changeModel(context, locateActiveModel(context, modelId), { lifecycleStage: "deleted" });
}

export function setLoggedModelTags(context: StoreContext, modelId: string, tags: StringMap): void {
  checkTags(tags, MAX_TAG_VALUE_BYTES);
  const { directory } = locateActiveModel(context, modelId);
  for (const [key, value] of Object.entries(tags))
    writeKeyFile({ owner: directory, folder: "tags" }, key, value);
}

/** Throws RESOURCE_DOES_NOT_EXIST when the model or the tag is not there. */
export function deleteLoggedModelTag(context: StoreContext, modelId: string, key: string): void {
  checkKey(key, "tag");
  const { directory } = locateActiveModel(context, modelId);
  if (deleteKeyFile({ owner: directory, folder: "tags" }, key)) return;
  const message = `logged model ${modelId} has no tag ${JSON.stringify(key)}`;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", message, { data: { modelId, key } });
}
