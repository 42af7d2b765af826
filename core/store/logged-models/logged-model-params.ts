import {
  checkKey,
  MAX_PARAM_VALUE_BYTES,
  RunstoneError,
  type StringMap,
  utf8Length,
} from "../../../store-format/index.js";
import type { StoreContext } from "../context.js";
import { writeKeyFile } from "../key-files.js";
import { locateActiveModel } from "./locate.js";

/** Writes params of a logged model. Unlike a run's they may be written again, as in MLflow. */
export function logLoggedModelParams(context: StoreContext, modelId: string, params: StringMap): void {
  checkModelParams(params);
  const { directory } = locateActiveModel(context, modelId);
  for (const [key, value] of Object.entries(params))
    writeKeyFile({ owner: directory, folder: "params" }, key, value);
}

/** Throws INVALID_PARAMETER_VALUE unless every key and value can be kept. */
export function checkModelParams(params: StringMap): void {
  for (const [key, value] of Object.entries(params)) {
    checkKey(key, "param");
    if (typeof value === "string" && utf8Length(value) <= MAX_PARAM_VALUE_BYTES) continue;
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `the value of param ${JSON.stringify(key)} cannot be kept`,
      {
        hint: `Give a text of at most ${MAX_PARAM_VALUE_BYTES} bytes.`,
        data: { key, limit: MAX_PARAM_VALUE_BYTES },
      },
    );
  }
}
