/**
 * The store in a directory that is a remote: a USB stick, a network file system, a mounted bucket, the far end of ssh. The
 * directory is a workspace (`.runstone/` and its store), or an `mlruns` directory itself, as MLflow left it.
 */
import { basename, join, resolve } from "node:path";
import { ensureDirectory, followedStatIfExists, listDirectory } from "../../core/fs/index.js";
import { initWorkspace, openFileStore, storeRoot } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { isOfStore } from "../../core/store/named-store.js";
import { assertInWorkspace } from "../../core/store/writable.js";
import { DEFAULT_CONFIG, RunstoneError } from "../../store-format/index.js";

const CONFIG = ".runstone/config.yaml";
const STORE = "mlruns";

/** Nobody edits artifacts in a remote: each is the home of its object, and its bytes lie there once. */
const ONE_COPY = { ...DEFAULT_CONFIG.artifacts, objectCopyMaxBytes: 0 };

export interface DirectoryOptions {
  /** What concerns no run alone: damage of the store, files in odd places. */
  readonly warn?: (message: string) => void;
  readonly now?: () => number;
}

/**
 * Opens the store in `directory`; null when nothing is there yet, or an empty directory. Throws NOT_A_STORE for a directory
 * with other things in it, PERMISSION_DENIED when its config puts the store elsewhere, and typed I/O errors.
 */
export function openDirectory(directory: string, options: DirectoryOptions = {}): StoreContext | null {
  const path = resolve(directory);
  const found = followedStatIfExists(path);
  if (found === null) return null;
  if (found.kind !== "directory") throw notAStore(path, "is no directory");
  if (followedStatIfExists(join(path, CONFIG))?.kind === "file") return openWorkspace(path, options);
  const names = (listDirectory(path) ?? []).map(({ name }) => name);
  if (names.includes(STORE) && followedStatIfExists(join(path, STORE))?.kind === "directory")
    return open(join(path, STORE), options);
  if (names.some((name) => isOfStore(path, name))) return open(path, options);
  if (names.every(isLeftBySystem)) return null;
  throw notAStore(path, "holds other things and no store");
}

/** As {@link openDirectory}; where nothing is yet, a workspace with an empty store is made. */
export function openOrMakeDirectory(directory: string, options: DirectoryOptions = {}): StoreContext {
  const found = openDirectory(directory, options);
  if (found !== null) return found;
  const path = resolve(directory);
  ensureDirectory(path, true);
  initWorkspace(path, STORE, { artifacts: ONE_COPY });
  return open(storeRoot(path), options);
}

/**
 * Its config may come from anybody: the store that it names lies in the directory, or nothing is opened. Null where the
 * making of it was interrupted.
 */
function openWorkspace(path: string, options: DirectoryOptions): StoreContext | null {
  const root = storeRoot(path);
  assertInWorkspace(root, path);
  if (followedStatIfExists(root) === null) return null;
  return openFileStore({ cwd: path, ...options }).context;
}

function open(path: string, options: DirectoryOptions): StoreContext {
  return openFileStore({ cwd: path, path, ...options }).context;
}

/** What a fresh disk, or the desktop that mounted it, has in its top directory; and the beginning of a workspace. */
const OF_SYSTEMS =
  /^(?:lost\+found|System Volume Information|\$RECYCLE\.BIN|\.(?:runstone|DS_Store|fseventsd|Spotlight-V100|TemporaryItems|snapshot|nfs[0-9a-f]+|Trashe?s?(?:-\d+)?))$/i;

function isLeftBySystem(name: string): boolean {
  return OF_SYSTEMS.test(name);
}

function notAStore(path: string, why: string): RunstoneError {
  return new RunstoneError("NOT_A_STORE", `${path} ${why}`, {
    hint: `Give an mlruns directory, a workspace, or a new directory such as ${join(path, `${basename(path)}-runs`)}.`,
    data: { path },
  });
}
