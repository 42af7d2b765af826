/** Opening a file store: by path, or as the store of a workspace. Opening reads only; nothing is created. */
import { resolve } from "node:path";
import { ensureDirectory } from "../fs/index.js";
import { createStore } from "./experiments/index.js";
import { FileStore } from "./file-store.js";
import { type OpenOptions, openContext } from "./open-context.js";

export { type OpenOptions, openContext, readConfig, storeRoot } from "./open-context.js";

/**
 * Opens a store for reading and writing. Throws NOT_A_STORE (no such directory, or a file), NO_WORKSPACE,
 * FORMAT_TOO_NEW (on writing only: see `assertWritableFormat`), PERMISSION_DENIED.
 */
export function openFileStore(options: OpenOptions): FileStore {
  return new FileStore(openContext(options), options.onDamage);
}

/** As {@link openFileStore}; a directory that is missing, or holds no store yet, becomes one. */
export function createFileStore(options: OpenOptions & { readonly path: string }): FileStore {
  ensureDirectory(resolve(options.cwd, options.path));
  const context = openContext(options);
  createStore(context);
  return new FileStore(context, options.onDamage);
}
