import { decodeText, isRunstoneError } from "../../../store-format/index.js";
import type { StoreContext } from "../context.js";
import { writeKeyFile } from "../key-files.js";
import { locateActiveModel } from "../logged-models/index.js";
import type { LoggedModelLocation } from "../read/located.js";
import { readRecord } from "../read/records.js";
import type { ModelVersionLocation } from "../read/registry.js";

const TAG = "mlflow.modelVersions";

/** Adds the version to the logged model's tag `mlflow.modelVersions`, as MLflow's server does; a model of another store has none. */
export function noteVersionAtLoggedModel(
  context: StoreContext,
  modelId: string,
  version: ModelVersionLocation,
): void {
  const model = activeModelIfExists(context, modelId);
  if (model === null) return;
  const bytes = readRecord(model, "tags", TAG);
  const before = bytes === null ? [] : parseList(decodeText(bytes).value);
  const entry = `{"name": ${JSON.stringify(version.name)}, "version": ${version.version}}`;
  writeKeyFile({ owner: model.directory, folder: "tags" }, TAG, `[${[...before, entry].join(", ")}]`);
}

function activeModelIfExists(context: StoreContext, modelId: string): LoggedModelLocation | null {
  try {
    return locateActiveModel(context, modelId);
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}

/** The entries as JSON texts; none where the tag is no list. */
function parseList(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map((item) => JSON.stringify(item)) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
