/**
 * What the file system says of an entry, as cheap as it is to be had: stat in plain numbers. Times are milliseconds whose
 * fraction goes down to a quarter of a microsecond.
 */
import type { Dirent, Stats } from "node:fs";
import { errnoOf, fileError, guarded, unless } from "./failures.js";
import * as ops from "./operations.js";

export interface FileFacts {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly mode: number;
  /** Of a directory, where the file system counts them: 2 and one for each directory in it. */
  readonly nlink: number;
}

const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

export function isDirectoryMode(mode: number): boolean {
  return (mode & TYPE) === DIRECTORY;
}

export function isFileMode(mode: number): boolean {
  return (mode & TYPE) === REGULAR;
}

/** Of the entry itself, a link not followed; null when nothing is there. Throws typed errors. */
export function factsIfExists(path: string): FileFacts | null {
  try {
    return ops.lstatNumbers(path) ?? null;
  } catch (error) {
    if (errnoOf(error) === "ENOTDIR") return null;
    throw fileError(error, "stat", path);
  }
}

/** Names of the entries of a directory, in no order; null when there is none. Throws typed errors. */
export function namesIfExists(path: string): string[] | null {
  return unless(["ENOENT", "ENOTDIR"], "list", path, () => ops.readdirNames(path));
}

/** Entries of a directory with their kinds, in no order; null when there is none. Throws typed errors. */
export function entriesIfExists(path: string): Dirent[] | null {
  return unless(["ENOENT", "ENOTDIR"], "list", path, () => ops.readdir(path));
}

/**
 * Reads a plain file into `into` and gives its facts, taken before the reading; bytes beyond `into` are left unread (see
 * `size`). Null when nothing is there. Throws typed errors, also for a link or what is no plain file.
 */
export function readFactsAndBytes(path: string, into: Uint8Array): FactsAndLength | null {
  try {
    return ops.readInto(path, into);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return null;
    throw fileError(error, "read", path);
  }
}

export interface FactsAndLength {
  readonly facts: Stats;
  /** Bytes in `into`. */
  readonly length: number;
}

/** Kind and facts of a file system, in the numbers of Linux's statfs; null where that is not to be had. */
export function fileSystemType(path: string): number | null {
  try {
    return ops.statfsType(path);
  } catch (error) {
    if (errnoOf(error) !== undefined) return null;
    throw error;
  }
}

/** Bytes that this user may still write to the file system of `path`. Throws typed errors. */
export function freeSpace(path: string): number {
  return guarded("look at the file system of", path, () => ops.statfsFree(path));
}

/** Whether this user may write to `path`, as far as modes and mounts tell. */
export function isWritablePath(path: string): boolean {
  const may = unless(["EACCES", "EPERM", "EROFS", "ENOENT"], "look at", path, () => {
    ops.accessToWrite(path);
    return true;
  });
  return may === true;
}
