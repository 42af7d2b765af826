/** Where the server keeps artifacts, as far as its proxy lets us reach it. */
import { encodePath } from "../../protocol/mlflow/index.js";

/** Reachable: `path` below the proxy's root. Otherwise `reason` says why not. */
export type ArtifactPlace =
  | { readonly path: string; readonly reason?: undefined }
  | { readonly path?: undefined; readonly reason: string };

const PROXY_PATH = /\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.*)$/;

/**
 * Of a run's or logged model's location as the server tells it. `baseUrl`: the server's address; a location on another
 * host is not followed, because our credentials are for this one.
 */
export function artifactPlace(uri: string, baseUrl: string): ArtifactPlace {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === "mlflow-artifacts") return inProxy(uri, baseUrl);
  if (scheme === "http" || scheme === "https") return inProxyUrl(uri, baseUrl);
  if (scheme === undefined || scheme === "file")
    return { reason: "the server keeps artifacts in a directory of its own machine and does not serve them" };
  return {
    reason: `the server keeps artifacts in ${scheme} storage that clients reach with credentials of their own`,
  };
}

function inProxy(uri: string, baseUrl: string): ArtifactPlace {
  const [, host, path = ""] = /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*)$/i.exec(uri) ?? [];
  if (host !== undefined && host !== "" && host !== new URL(baseUrl).host)
    return { reason: `the server keeps artifacts at another address (${host})` };
  return checked(path);
}

function inProxyUrl(uri: string, baseUrl: string): ArtifactPlace {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  const path = url === null ? undefined : PROXY_PATH.exec(url.pathname)?.[1];
  if (url === null || path === undefined)
    return { reason: "the server keeps artifacts at an address that is no artifact proxy" };
  if (url.host !== new URL(baseUrl).host)
    return { reason: `the server keeps artifacts at another address (${url.host})` };
  return checked(decodeURIComponent(path));
}

/** A location that climbs is a trap, whoever set it. */
function checked(path: string): ArtifactPlace {
  const trimmed = path.replace(/\/+$/, "");
  const isOdd = trimmed.split("/").some((part) => part === "" || part === "." || part === "..");
  return isOdd || encodePath(trimmed).length > 8_000
    ? { reason: `the server names a place for artifacts that cannot be (${trimmed.slice(0, 200)})` }
    : { path: trimmed };
}
