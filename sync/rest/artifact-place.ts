/** Where the server says that artifacts are, and how we get at them there. */
import { RunstoneError } from "../../store-format/index.js";
import type { Target } from "../http/target.js";
import { withoutSecrets } from "../http/target.js";

/** `proxy`: the server passes bytes on, both ways, below `path`. `elsewhere`: in a place that only the server can read. */
export type ArtifactPlace =
  | { readonly kind: "proxy"; readonly path: string }
  | { readonly kind: "elsewhere"; readonly uri: string };

const PROXY_PATH = "/api/2.0/mlflow-artifacts/artifacts/";

/**
 * Reads the artifact location of a run or model. Throws REMOTE_FAILED for one that leads out of the proxy's tree, and
 * UNSUPPORTED for the proxy of another server, which gets no credentials of ours.
 */
export function parseArtifactPlace(uri: string, target: Target): ArtifactPlace {
  const proxied = /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*)$/is.exec(uri);
  if (proxied !== null) {
    const [, host = "", path = ""] = proxied;
    if (host !== "" && host.toLowerCase() !== hostOf(target)) throw otherServer(uri);
    return { kind: "proxy", path: checkPath(path, uri) };
  }
  if (!/^https?:/i.test(uri)) return { kind: "elsewhere", uri };
  const base = `${target.origin}${target.prefix}${PROXY_PATH}`;
  if (uri.startsWith(base)) return { kind: "proxy", path: checkPath(uri.slice(base.length), uri) };
  if (uri.includes(PROXY_PATH)) throw otherServer(uri);
  return { kind: "elsewhere", uri };
}

function hostOf({ origin }: Target): string {
  return origin.replace(/^https?:\/\//, "");
}

/** Nothing but this tree is asked for, whatever the server says. */
function checkPath(path: string, uri: string): string {
  const parts = path.replace(/\/+$/, "").split("/");
  const odd = parts.some(
    (part) => part === "" || /^(?:\.|%2e){1,2}$/i.test(part) || /[\\?#\p{C}]|%(?:2f|5c|25|00)/iu.test(part),
  );
  if (!odd) return parts.join("/");
  throw new RunstoneError(
    "REMOTE_FAILED",
    `the server gives an artifact location that is none: ${withoutSecrets(uri)}`,
    {
      hint: "Look at the run on the server; its artifacts are not touched.",
      data: { uri: withoutSecrets(uri) },
    },
  );
}

function otherServer(uri: string): RunstoneError {
  return new RunstoneError("UNSUPPORTED", `the artifacts are behind another server: ${withoutSecrets(uri)}`, {
    hint: "Open that server by its own address.",
    data: { uri: withoutSecrets(uri) },
  });
}

/** The error for what cannot be done to artifacts that only the server can reach. */
export function outOfReach(uri: string, what: string): RunstoneError {
  const shown = withoutSecrets(uri);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1] ?? "file";
  const hint =
    scheme === "file"
      ? "It is a directory of the server's own machine. Let the server pass artifacts on: `mlflow server --serve-artifacts`, for new experiments."
      : `Storage of the kind ${scheme}: needs a client and credentials of its own. Let the server pass artifacts on: \`mlflow server --serve-artifacts\`, for new experiments.`;
  return new RunstoneError("UNSUPPORTED", `cannot ${what} artifacts in ${shown}`, {
    hint,
    data: { uri: shown, scheme },
  });
}
