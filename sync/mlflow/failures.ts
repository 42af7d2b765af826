/** What a failed request tells about what the server did. */
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";

/** True when the request may have been done, all the same: no answer came, or one that says that the server broke. */
export function mayHaveBeenDone(error: unknown): boolean {
  return isRunstoneError(error) && error.data["ambiguous"] === true;
}

/** True when the server refuses what is in the request, so that less of it may go. */
export function isRefusal(error: unknown): error is RunstoneError {
  if (isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return true;
  return isRunstoneError(error, "REMOTE_FAILED") && [400, 409, 413, 422].includes(statusOf(error) ?? 0);
}

/** True when the server has no such endpoint. */
export function isMissingEndpoint(error: unknown): boolean {
  if (!isRunstoneError(error, "REMOTE_FAILED")) return false;
  return [404, 405, 501].includes(statusOf(error) ?? 0);
}

function statusOf(error: RunstoneError): number | null {
  const { status } = error.data;
  return typeof status === "number" ? status : null;
}
