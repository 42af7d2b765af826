/**
 * Writer 1 of 3: replace a mutable file. A reader sees the old bytes or the new ones, never a mix, never an empty file:
 * temporary (in `temporaryIn`, same file system), write, fsync, rename, fsync the directory.
 */
import { dirname, join } from "node:path";
import { errnoOf, guarded, unless } from "./failures.js";
import * as ops from "./operations.js";
import { temporaryName } from "./temporary.js";
import { createWhole, removeQuietly } from "./write-whole.js";

export interface WritePlace {
  /** A directory on the same file system where temporary files disturb nobody (never metrics/, params/, tags/). */
  readonly temporaryIn: string;
  /** True: durable when the call returns. False: the kernel has it; durable after a flush. */
  readonly sync: boolean;
}

/** Puts `bytes` at `path`, whatever was there. Missing parents below `temporaryIn` are made. Throws typed errors; the old content stays on failure. */
export function replaceFile(path: string, bytes: Uint8Array, place: WritePlace): void {
  guarded("write", path, () => {
    const temporary = join(place.temporaryIn, temporaryName());
    createWhole(temporary, bytes, place.sync);
    try {
      keepMode(path, temporary);
      withParent(path, () => ops.rename(temporary, path), { below: place.temporaryIn, sync: place.sync });
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    if (place.sync) ops.fsyncDirectory(dirname(path));
  });
}

/**
 * Puts `bytes` at `path` only if nothing is there: a claim. Returns false when another was first.
 * The file appears complete (link of a finished temporary; exclusive create where links are not to be had).
 */
export function createFile(path: string, bytes: Uint8Array, place: WritePlace): boolean {
  return guarded("create", path, () => {
    const temporary = join(place.temporaryIn, temporaryName());
    createWhole(temporary, bytes, place.sync);
    try {
      return linkInto(temporary, path, bytes, place);
    } finally {
      removeQuietly(temporary);
    }
  });
}

const NO_LINKS = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"];

function linkInto(temporary: string, path: string, bytes: Uint8Array, place: WritePlace): boolean {
  try {
    withParent(path, () => ops.link(temporary, path), { below: place.temporaryIn, sync: place.sync });
  } catch (error) {
    const errno = errnoOf(error) ?? "";
    if (errno === "EEXIST") return false;
    if (!NO_LINKS.includes(errno)) throw error;
    return createDirectly(path, bytes, place);
  }
  if (place.sync) ops.fsyncDirectory(dirname(path));
  return true;
}

function createDirectly(path: string, bytes: Uint8Array, place: WritePlace): boolean {
  const created = unless(["EEXIST"], "create", path, () => {
    const parent = { below: place.temporaryIn, sync: place.sync };
    withParent(path, () => createWhole(path, bytes, place.sync), parent);
    return true;
  });
  if (created === true && place.sync) ops.fsyncDirectory(dirname(path));
  return created === true;
}

export interface ParentOptions {
  /** Only what lies below this directory is made: one that was moved away meanwhile must not come back as an empty shell. */
  readonly below?: string;
  /** Makes the entries of new directories durable. */
  readonly sync?: boolean;
}

/** Tries `call`; when the parent directory of `path` is missing, makes it ({@link makeDirectories}) and tries again. */
export function withParent<T>(path: string, call: () => T, options: ParentOptions = {}): T {
  try {
    return call();
  } catch (error) {
    const parent = dirname(path);
    if (errnoOf(error) !== "ENOENT" || parent === options.below) throw error;
    makeDirectories(parent, options);
    return call();
  }
}

/**
 * Others may remove an empty directory again before something is in it. What fails more often never works (as under /proc);
 * they are counted over all parents together, for at each level again they would never end.
 */
const MOST_TRIES = 16;

/** `mkdir -p`. Throws raw errno errors. */
export function makeDirectories(path: string, options: ParentOptions = {}): void {
  makeWithParents(path, options, { left: MOST_TRIES + path.length });
}

function makeWithParents(path: string, options: ParentOptions, tries: { left: number }): void {
  const parent = dirname(path);
  for (;;) {
    try {
      makeDirectory(path, options);
      return;
    } catch (error) {
      const isRoot = parent === path || parent === options.below;
      tries.left -= 1;
      if (errnoOf(error) !== "ENOENT" || isRoot || tries.left < 0) throw error;
      makeWithParents(parent, options, tries);
    }
  }
}

function makeDirectory(path: string, options: ParentOptions): void {
  try {
    ops.mkdir(path);
    if (options.sync === true) ops.fsyncDirectory(dirname(path));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" || !ops.stat(path).isDirectory()) throw error;
  }
}

/** A replaced file keeps the permission bits it had: a group may rely on them. */
export function keepMode(path: string, temporary: string): void {
  const before = unless(["ENOENT", "ENOTDIR"], "stat", path, () => ops.lstat(path));
  if (before === null || !before.isFile()) return;
  const now = ops.lstat(temporary);
  if ((before.mode & 0o777n) === (now.mode & 0o777n)) return;
  unless(["EPERM", "ENOTSUP"], "chmod", path, () => ops.chmod(temporary, Number(before.mode & 0o777n)));
}
