/**
 * One file a key: the tags, params and aliases of experiments, runs, logged models, registered models and model versions.
 * Temporary files lie in the owner's directory, where MLflow looks at no file but meta.yaml.
 */
import { dirname, join } from "node:path";
import {
  encodeText,
  findKeyClashes,
  keysClash,
  keyToPath,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import {
  assertNoLinkBetween,
  listDirectory,
  removeFile,
  removeIfEmpty,
  replaceFile,
  statIfExists,
  syncDirectory,
  writeNewFile,
} from "../fs/index.js";

export type KeyFolder = "tags" | "params" | "metrics" | "aliases" | "artifacts";

/** Where the keys of one kind lie: `<owner>/<folder>/`. */
export interface KeyFiles {
  /** Absolute path of the experiment, model or version. */
  readonly owner: string;
  readonly folder: KeyFolder;
}

/** Writes or replaces one value; durable when it returns. INVALID_PARAMETER_VALUE when the key clashes with another. */
export function writeKeyFile(files: KeyFiles, key: string, value: string): void {
  const path = freePath(files, key);
  const isNewDirectory = statIfExists(dirname(path)) === null;
  replaceFile(path, encodeText(value), { temporaryIn: files.owner, sync: true });
  if (isNewDirectory) syncUpTo(files.owner, dirname(dirname(path)));
}

/** Writes the values of a directory that is still being built. Throws as {@link writeKeyFile}. */
export function writeNewKeyFiles(files: KeyFiles, values: StringMap): void {
  for (const [key, value] of Object.entries(values))
    writeNewFile(freePath(files, key), encodeText(value), true);
}

/** Removes one key; false when it was not there. Durable when it returns. */
export function deleteKeyFile(files: KeyFiles, key: string): boolean {
  const top = join(files.owner, files.folder);
  const path = join(top, keyToPath(key));
  assertNoLinkBetween(files.owner, path);
  if (!isListed(path) || !removeFile(path)) return false;
  syncDirectory(dirname(path));
  for (let at = dirname(path); at.length > top.length; at = dirname(at)) removeIfEmpty(at);
  return true;
}

/**
 * Checks that files of these relative paths can lie in a directory that is still being built: none is a directory of
 * another, and no two are one where the file system folds names. `what` is for the message. Throws INVALID_PARAMETER_VALUE.
 */
export function assertNoTwins(what: string, paths: readonly string[], foldsNames: () => boolean): void {
  for (const { a, b } of findKeyClashes(paths)) {
    if (keysClash(a, b) === "path" || foldsNames()) throw clash(what, b, a);
  }
}

/**
 * The file of a key, if it can lie beside those there. It cannot where another key is one of its directories (`loss`,
 * `loss/train`), or where the file system takes it for another spelling (`Loss`, `loss`; NFC and NFD).
 */
export function freePath({ owner, folder }: KeyFiles, key: string): string {
  const parts = keyToPath(key).split("/");
  let at = join(owner, folder);
  assertNoLinkBetween(owner, join(at, ...parts));
  for (const [index, part] of parts.entries()) {
    at = join(at, part);
    if (!isFree(at, index === parts.length - 1))
      throw clash(folder, key, parts.slice(0, index + 1).join("/"));
  }
  return at;
}

/** Whether `path` can be a file (`isLast`) or a directory of that very name. */
function isFree(path: string, isLast: boolean): boolean {
  const found = statIfExists(path);
  if (found === null) return true;
  if (!isListed(path)) return false;
  if (!isLast) return found.kind === "directory";
  // What a deleted key `loss/train` of another program left behind.
  if (found.kind === "directory") removeIfEmpty(path);
  return found.kind === "file" || statIfExists(path) === null;
}

/** Whether the directory holds an entry of exactly this name: a folding file system finds others, too. */
function isListed(path: string): boolean {
  const name = path.slice(dirname(path).length + 1);
  return (listDirectory(dirname(path)) ?? []).some((entry) => entry.name === name);
}

function syncUpTo(owner: string, from: string): void {
  for (let at = from; at.length >= owner.length; at = dirname(at)) syncDirectory(at);
}

/** Refuses keys of one call that cannot lie beside each other (`loss` and `loss/train`). */
export function assertNoClashAmong(folder: KeyFolder, keys: readonly string[]): void {
  if (keys.length < 2) return;
  const all = new Set(keys);
  for (const key of keys)
    for (let at = key.indexOf("/"); at > 0; at = key.indexOf("/", at + 1))
      if (all.has(key.slice(0, at))) throw clash(folder, key, key.slice(0, at));
}

function clash(folder: string, key: string, other: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${JSON.stringify(key)} cannot be kept in ${folder}/: ${JSON.stringify(other)} is there as another key`,
    {
      hint: "One name cannot be a file and a directory, nor be spelled in two ways: choose another key.",
      data: { key, other },
    },
  );
}
