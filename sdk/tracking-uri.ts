/** Which store is meant, and opening it by its URI. The only place of the library that reads the environment for it. */
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createFileStore,
  type FileStore,
  findWorkspace,
  indexDirectoryOf,
  openFileStore,
} from "../core/index.js";
import { RunstoneError } from "../store-format/index.js";
import { isServerAddress, RestStore, serverSettings } from "../sync/rest/index.js";

let chosen: string | null = null;

/**
 * Chooses the store for everything that follows: a directory (made when it is missing), a `file:` URI, or the address of an
 * MLflow server (`http:`, `https:`; see docs/guide/remote-server.md). Throws UNSUPPORTED for other schemes. Relative paths count from the directory the process is in now. Runs that are active go
 * on in their store.
 */
export function setTrackingUri(uri: string): void {
  chosen = isServerAddress(uri) ? uri : storePath(uri);
}

/** The directory or server that {@link setTrackingUri} chose, else `RUNSTONE_STORE`, else the store of the workspace, else `./mlruns`. */
export function getTrackingUri(): string {
  if (chosen !== null) return chosen;
  const fromEnvironment = process.env.RUNSTONE_STORE;
  if (fromEnvironment !== undefined && fromEnvironment !== "") return fromEnvironment;
  return findWorkspace(process.cwd()) === null ? "./mlruns" : "";
}

/**
 * Opens a store for the explicit client. `uri`: as for {@link setTrackingUri}; default: {@link getTrackingUri}.
 * A directory that is missing or empty becomes a store; a server is not asked before the first call. Throws NOT_A_STORE,
 * PERMISSION_DENIED, INVALID_PARAMETER_VALUE.
 */
export function openStore(uri: string = getTrackingUri()): FileStore | RestStore {
  if (isServerAddress(uri)) return openServer(uri);
  const options = {
    cwd: process.cwd(),
    indexDirectory: indexDirectoryOf(process.env, process.platform),
    warn: (message: string) => process.emitWarning(message, "RunstoneWarning"),
  };
  if (uri === "") return openFileStore(options);
  const path = storePath(uri);
  return createFileStore({ ...options, path });
}

function openServer(uri: string): RestStore {
  const settings = serverSettings(uri, { env: process.env, home: homedir() });
  return new RestStore(settings, {
    spoolDirectory: join(tmpdir(), `runstone-unsent-${process.getuid?.() ?? ""}`),
  });
}

function storePath(uri: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) return resolve(process.cwd(), uri);
  if (scheme === "file")
    return uri.startsWith("file://") ? fileURLToPath(uri) : resolve(process.cwd(), uri.slice(5));
  throw new RunstoneError("UNSUPPORTED", `no store can be opened by ${scheme}:`, {
    hint: "Give a directory, a file: URI, or the http: or https: address of an MLflow server.",
    data: { scheme },
  });
}
