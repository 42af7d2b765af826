import { userInfo } from "node:os";
import { hostName } from "../../core/capture/process-identity.js";
import type { StringMap } from "../../store-format/index.js";

/** Whether its tags say that this user recorded the run on this host. A slip of the user is guarded against, not a forger who knows both. */
export function isOwnRun(tags: StringMap): boolean {
  return tags["runstone.host"] === hostName() && tags["mlflow.user"] === userName();
}

function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    // An account without an entry in the password file.
    return null;
  }
}
