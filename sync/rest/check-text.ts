/** What a server keeps of the values of params and tags. */
import {
  checkKey,
  codePointLength,
  MLFLOW_MAX_PARAM_VALUE_LENGTH,
  MLFLOW_MAX_TAG_VALUE_LENGTH,
  RunstoneError,
} from "../../store-format/index.js";

const LIMITS = { param: MLFLOW_MAX_PARAM_VALUE_LENGTH, tag: MLFLOW_MAX_TAG_VALUE_LENGTH } as const;

/** Servers cut longer values without a word. */
export function checkText(kind: "param" | "tag", key: string, value: string): void {
  checkKey(key, kind);
  if (typeof value !== "string")
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `the value of ${kind} ${JSON.stringify(key)} is no text`,
      {
        hint: "Convert it to a string first.",
        data: { key },
      },
    );
  const length = codePointLength(value);
  if (length <= LIMITS[kind]) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the value of ${kind} ${JSON.stringify(key)} has ${length} characters, a server keeps ${LIMITS[kind]}`,
    { hint: "Log large texts as artifacts.", data: { key, length, limit: LIMITS[kind] } },
  );
}
