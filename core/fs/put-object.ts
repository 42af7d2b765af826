/**
 * Writer 3 of 3: put an immutable object, named by the SHA-256 of its content. Losing the race is success: the bytes
 * are the same. An object that is there and right is not touched; one that is there and wrong is replaced and told.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { assertNoLinkBetween } from "./contained.js";
import { errnoOf, guarded, guardedCopy, unless } from "./failures.js";
import * as ops from "./operations.js";
import { readBlocks, readOwnBlocks, statIfExists } from "./read.js";
import { makeDirectories, withParent } from "./replace-file.js";
import { syncDirectoryLater, syncFileLater } from "./sync-tree.js";
import { temporaryName } from "./temporary.js";
import { closeQuietly, removeQuietly, writeAll } from "./write-whole.js";

export interface HashedFile {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

export interface PutResult extends HashedFile {
  /** False when the object was there already. */
  readonly created: boolean;
  /** True when an object of that name held other bytes and was replaced. */
  readonly repaired: boolean;
}

/** Where an object of this hash lies below the objects directory: `ab/cdef...`. */
export function objectPath(objects: string, sha256: string): string {
  return join(objects, sha256.slice(0, 2), sha256.slice(2));
}

/** SHA-256 and size of a file, read once in blocks. Throws typed errors. */
export function hashFile(path: string): HashedFile {
  return hashBlocks(path, Number.POSITIVE_INFINITY);
}

/** SHA-256 of the first `length` bytes of a file (all of a shorter one). */
export function hashPrefix(path: string, length: number): string {
  return hashBlocks(path, length).sha256;
}

function hashBlocks(path: string, end: number): HashedFile {
  const hash = createHash("sha256");
  let size = 0;
  for (const block of readOwnBlocks(path, 0, end)) {
    hash.update(block);
    size += block.length;
  }
  return { sha256: hash.digest("hex"), size };
}

export interface PutOptions {
  /** False: only where the file system can clone. */
  readonly copy: boolean;
}

/**
 * Puts a clone of a file, or a copy where the file system cannot clone and `copy` allows it; null when neither.
 * The copy is hashed, not the source: what is stored is what is named.
 */
export function putObjectFile(objects: string, source: string, options: PutOptions): PutResult | null {
  const temporary = newTemporary(objects);
  try {
    const file = cloneOrCopy(source, temporary, options);
    return file === null ? null : place(objects, temporary, file);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** As {@link putObjectFile}; the fsyncs run in the background, so that many objects at once share them. */
export async function putObjectFileLater(
  objects: string,
  source: string,
  options: PutOptions,
): Promise<PutResult | null> {
  const temporary = newTemporary(objects);
  try {
    const file = cloneOrCopy(source, temporary, options);
    return file === null ? null : await placeLater(objects, temporary, file);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Null where the file system cannot clone, and no copy is wanted. */
function cloneOrCopy(source: string, temporary: string, { copy }: PutOptions): HashedFile | null {
  if (guardedCopy(source, temporary, () => tryClone(source, temporary))) return hashFile(temporary);
  return copy ? guardedCopy(source, temporary, () => copyBlocks(readBlocks(source), temporary)) : null;
}

const NO_LINKS = ["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EACCES"];

/**
 * Puts a file as an object by a hard link, so that its bytes lie there once; the file becomes read-only with it. Null where
 * the file system refuses links.
 */
export function putObjectLink(objects: string, source: string): PutResult | null {
  const temporary = newTemporary(objects);
  const linked = unless(NO_LINKS, "link", source, () => {
    ops.link(source, temporary);
    return true;
  });
  if (linked === null) return null;
  try {
    return place(objects, temporary, hashFile(temporary));
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/** Gives a file that shares its bytes with an object bytes of its own again. The temporary lies in `temporaryIn`. */
export function unshareFile(path: string, temporaryIn: string): void {
  const temporary = join(temporaryIn, temporaryName());
  copyHashed(path, temporary);
  guarded("unshare", path, () => {
    ops.chmod(temporary, Number(ops.stat(temporaryIn).mode) & 0o666);
    ops.rename(temporary, path);
  });
}

/** Copies a file to a new one, cloned where possible; returns hash and size of the copy. Throws typed errors; leaves nothing on failure. */
export function copyHashed(source: string, target: string): HashedFile {
  return guardedCopy(source, target, () =>
    tryClone(source, target) ? hashFile(target) : copyBlocks(readBlocks(source), target),
  );
}

const NO_CLONES = ["ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "ENOSYS", "ENOTTY"];

/** Pairs of devices between which a clone was refused: a refusal costs a file that is made and removed again. */
const withoutClones = new Set<string>();

function tryClone(source: string, target: string): boolean {
  const devices = `${ops.deviceOf(source)} ${ops.deviceOf(dirname(target))}`;
  if (withoutClones.has(devices)) return false;
  try {
    ops.copy(source, target, true);
    return true;
  } catch (error) {
    if (!NO_CLONES.includes(errnoOf(error) ?? "")) throw error;
    removeQuietly(target);
    withoutClones.add(devices);
    return false;
  }
}

/** As {@link copyHashed}, of a file of a store: a link fails. Never cloned: for files of the record, which are small. */
export function copyOwnFile(source: string, target: string): HashedFile {
  return guardedCopy(source, target, () =>
    withParent(target, () => copyBlocks(readOwnBlocks(source), target)),
  );
}

/** One pass: read, hash, write. */
function copyBlocks(blocks: Iterable<Uint8Array>, target: string): HashedFile {
  const hash = createHash("sha256");
  let size = 0;
  const fd = ops.open(target, "wx");
  try {
    for (const block of blocks) {
      hash.update(block);
      writeAll(fd, block, target);
      size += block.length;
    }
  } catch (error) {
    closeQuietly(fd, target);
    removeQuietly(target);
    throw error;
  }
  ops.close(fd, target);
  return { sha256: hash.digest("hex"), size };
}

function newTemporary(objects: string): string {
  const directory = join(objects, "tmp");
  guarded("make the directory", directory, () => makeDirectories(directory, { sync: true }));
  return join(directory, temporaryName());
}

function place(objects: string, temporary: string, file: HashedFile): PutResult {
  const path = objectPath(objects, file.sha256);
  const state = stateAt(objects, path, file);
  if (state === "right") return keep(path, temporary, file);
  guarded("write", path, () => {
    makeDurableReadOnly(temporary);
    withParent(path, () => ops.rename(temporary, path), { sync: true });
    ops.fsyncDirectory(dirname(path));
  });
  return { ...file, created: true, repaired: state === "wrong" };
}

async function placeLater(objects: string, temporary: string, file: HashedFile): Promise<PutResult> {
  const path = objectPath(objects, file.sha256);
  const state = stateAt(objects, path, file);
  if (state === "right") return keep(path, temporary, file);
  await syncFileLater(temporary);
  guarded("write", path, () => {
    makeReadOnly(temporary);
    withParent(path, () => ops.rename(temporary, path), { sync: true });
  });
  await syncDirectoryLater(dirname(path));
  return { ...file, created: true, repaired: state === "wrong" };
}

function stateAt(objects: string, path: string, file: HashedFile): "absent" | "right" | "wrong" {
  assertNoLinkBetween(objects, path);
  return stateOf(path, file);
}

/** Younger again: gc's grace counts from the last put. Only the owner may; another user's object keeps its age. */
function keep(path: string, temporary: string, file: HashedFile): PutResult {
  unless(["EPERM", "EACCES", "EROFS"], "touch", path, () => ops.touch(path));
  removeQuietly(temporary);
  return { ...file, created: false, repaired: false };
}

function stateOf(path: string, file: HashedFile): "absent" | "right" | "wrong" {
  const found = statIfExists(path);
  if (found === null) return "absent";
  const same = found.kind === "file" && found.size === file.size && hashFile(path).sha256 === file.sha256;
  return same ? "right" : "wrong";
}

function makeDurableReadOnly(path: string): void {
  const fd = ops.open(path, "r");
  try {
    ops.fsync(fd, path);
  } finally {
    closeQuietly(fd, path);
  }
  makeReadOnly(path);
}

function makeReadOnly(path: string): void {
  const mode = Number(ops.lstat(path).mode) & 0o444;
  unless(["EPERM", "ENOTSUP"], "chmod", path, () => ops.chmod(path, mode));
}

/** Whether an object is there and holds what its name says: asked before it is passed on. */
export function isObjectIntact(objects: string, sha256: string): boolean {
  const path = objectPath(objects, sha256);
  return statIfExists(path)?.kind === "file" && hashFile(path).sha256 === sha256;
}
