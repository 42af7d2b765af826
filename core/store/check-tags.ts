import { checkKey, codePointLength, RunstoneError, type StringMap } from "../../store-format/index.js";

/** Throws INVALID_PARAMETER_VALUE unless every key and value can be kept; `maxLength` of a value in code points. */
export function checkTags(tags: StringMap, maxLength: number): void {
  for (const [key, value] of Object.entries(tags)) {
    checkKey(key, "tag");
    checkValue(key, value, maxLength);
  }
}

function checkValue(key: string, value: unknown, maxLength: number): void {
  if (typeof value !== "string") {
    throw new RunstoneError("INVALID_PARAMETER_VALUE", `the value of tag ${JSON.stringify(key)} is no text`, {
      hint: "Convert it to a string first.",
      data: { key },
    });
  }
  const length = codePointLength(value);
  if (length <= maxLength) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the value of tag ${JSON.stringify(key)} has ${length} characters, more than ${maxLength}`,
    { hint: "Keep large texts as artifacts.", data: { key, length, limit: maxLength } },
  );
}
