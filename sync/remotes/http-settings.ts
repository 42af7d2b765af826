import { RunstoneError } from "../../store-format/index.js";
import { DEFAULT_HTTP_SETTINGS, type HttpSettings } from "../http/settings.js";
import type { OpenedRemote } from "./open-remote.js";

/** What the HTTP client of a server needs; asks the credential command. Throws UNAUTHENTICATED, UNSUPPORTED (not a server). */
export async function httpSettingsOf(remote: OpenedRemote): Promise<HttpSettings> {
  if (remote.http === null)
    throw new RunstoneError("UNSUPPORTED", `the remote ${remote.name} is not a server`, { data: {} });
  const { timings, ...access } = remote.http;
  return { ...DEFAULT_HTTP_SETTINGS, ...access, ...timings, credentials: await remote.credentials() };
}
