import { codePointLength, MAX_ARTIFACT_LOCATION_LENGTH, RunstoneError } from "../../../store-format/index.js";

/** Throws INVALID_PARAMETER_VALUE unless a given location can be kept. It stays inert text: nothing is read from it. */
export function checkArtifactLocation(location: string): void {
  const reason = whyNot(location);
  if (reason === null) return;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `the artifact location ${reason}`, {
    hint: "Give a path or a URI such as s3://bucket/path, or leave it out.",
    data: { location: location.slice(0, MAX_ARTIFACT_LOCATION_LENGTH) },
  });
}

function whyNot(location: string): string | null {
  if (location.trim() === "") return "is empty";
  if (codePointLength(location) > MAX_ARTIFACT_LOCATION_LENGTH)
    return `is longer than ${MAX_ARTIFACT_LOCATION_LENGTH}`;
  if (/[\u0000-\u001f\u007f]/u.test(location)) return "holds a control character";
  return /^runs:/iu.test(location) ? "may not be a runs:/ URI" : null;
}
