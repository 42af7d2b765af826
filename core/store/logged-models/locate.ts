/** Finding and rewriting one logged model. */
import { join } from "node:path";
import {
  encodeText,
  type LoggedModel,
  type LoggedModelMeta,
  RunstoneError,
  serializeLoggedModelMeta,
} from "../../../store-format/index.js";
import { replaceFile } from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { META, type StorePaths } from "../layout.js";
import { IGNORE_DAMAGE } from "../read/damages.js";
import type { LoggedModelLocation } from "../read/located.js";
import { findLoggedModel, readLoggedModel, readLoggedModelMeta } from "../read/logged-models.js";

/** A model that may be changed. Throws RESOURCE_DOES_NOT_EXIST: unknown, deleted, or its experiment is deleted. */
export function locateActiveModel(paths: StorePaths, modelId: string): LoggedModelLocation {
  const found = findLoggedModel(paths, modelId);
  if (found?.place === "root" && readLoggedModelMeta(found).lifecycleStage === "active") return found;
  const shown = JSON.stringify(modelId);
  const message =
    found === null ? `there is no logged model ${shown}` : `the logged model ${shown} is deleted`;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", message, {
    hint: "See `runstone models`.",
    data: { modelId },
  });
}

export function readModel(paths: StorePaths, modelId: string): LoggedModel {
  return readLoggedModel(locateActiveModel(paths, modelId), IGNORE_DAMAGE);
}

/** Replaces meta.yaml with a changed one; durable when it returns. */
export function changeModel(
  context: StoreContext,
  model: LoggedModelLocation,
  change: Partial<LoggedModelMeta>,
): void {
  const meta = { ...readLoggedModelMeta(model), ...change, lastUpdatedTime: context.now() };
  const bytes = encodeText(serializeLoggedModelMeta(meta));
  replaceFile(join(model.directory, META), bytes, { temporaryIn: model.directory, sync: true });
}
