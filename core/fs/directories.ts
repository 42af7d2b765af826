/**
 * Directories that appear complete, and vanish at once. New ones are built in `<root>/.runstone-new.trash/` (MLflow
 * skips names that end so; same file system) and claimed by one rename; removed ones leave by a rename into it.
 */
import { dirname, join } from "node:path";
import { errnoOf, guarded, guardedCopy, unless } from "./failures.js";
import * as ops from "./operations.js";
import { randomHex } from "./random.js";
import { listDirectory, statIfExists } from "./read.js";
import { makeDirectories } from "./replace-file.js";
import { syncDirectoryLater } from "./sync-tree.js";
import { closeQuietly, createWhole } from "./write-whole.js";

/** The name of the building site in a store's root. */
export const BUILDING_SITE = ".runstone-new.trash";

/** Writes a file of a directory that is still being built; `sync` makes its bytes durable now. */
export function writeNewFile(path: string, bytes: Uint8Array, sync: boolean): void {
  guarded("write", path, () => {
    try {
      createWhole(path, bytes, sync);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      makeDirectories(dirname(path));
      createWhole(path, bytes, sync);
    }
  });
}

/** Writes a new file into a directory that must be there: one that was moved away meanwhile is not made again. */
export function writeTemporary(path: string, bytes: Uint8Array): void {
  guarded("write", path, () => createWhole(path, bytes, false));
}

/** `mkdir -p` of what lies below `owner`, which must be there itself. */
export function ensureDirectoryBelow(owner: string, path: string): void {
  guarded("make the directory", path, () => makeDirectories(path, { below: owner }));
}

/** `mkdir -p` with typed errors; with `sync` the entries of the new directories are durable. */
export function ensureDirectory(path: string, sync = false): void {
  guarded("make the directory", path, () => makeDirectories(path, { sync }));
}

/**
 * Makes one directory, durably, in one that must be there: a parent that was moved away meanwhile is not made again.
 * False when something of that name exists.
 */
export function claimDirectory(path: string): boolean {
  const made = unless(["EEXIST"], "make the directory", path, () => {
    ops.mkdir(path);
    ops.fsyncDirectory(dirname(path));
    return true;
  });
  return made === true;
}

/**
 * Builds a directory and claims `final` with it. Returns false when `final` exists already (another was first);
 * then nothing changed. On any error nothing is left at `final`; one is that its parent is not there, which is never
 * made: it may have been moved away. What `build` makes must not be empty.
 */
export function publishDirectory(root: string, final: string, build: (directory: string) => void): boolean {
  return inBuildingSite(root, (draft) => {
    build(draft);
    syncEntries(draft);
    return claimByRename(draft, final);
  });
}

/**
 * As {@link publishDirectory}, for what takes its time: `build` gets a place in the building site, and gives the directory in
 * it that is to appear at `final`, already durable.
 */
export async function publishDirectoryLater(
  root: string,
  final: string,
  build: (place: string) => Promise<string>,
): Promise<boolean> {
  const place = newPlace(root);
  try {
    const [published] = await publishTogether([{ built: await build(place), final }]);
    if ("error" in published!) throw published.error;
    return published!.created;
  } finally {
    discardPlace(root, place);
  }
}

/** A place in the building site; whoever asked for it gives it back with {@link discardPlace}. */
export function newPlace(root: string): string {
  return newPlaceIn(join(root, BUILDING_SITE));
}

/** Removes a place and what is left in it. */
export function discardPlace(root: string, place: string): void {
  discardTree(place);
  clearSite(join(root, BUILDING_SITE));
}

export interface Publishing {
  /** In the building site, complete and durable. */
  readonly built: string;
  readonly final: string;
}

export type Published =
  | { /** False: `final` exists already. */ readonly created: boolean }
  | { readonly error: unknown };

/**
 * Lets directories appear, each by one rename, and makes them durable with one fsync of each parent: none may be
 * acknowledged before. What fails of one fails that one, an fsync all of its parent.
 */
export async function publishTogether(directories: readonly Publishing[]): Promise<readonly Published[]> {
  const renamed = directories.map(renamePublished);
  const parents = new Map<string, Promise<unknown>>();
  for (const [at, { final }] of directories.entries()) {
    const parent = dirname(final);
    if (isCreated(renamed[at]!) && !parents.has(parent))
      parents.set(parent, failureOf(syncDirectoryLater(parent)));
  }
  return Promise.all(
    renamed.map(async (one, at) => {
      const error = await parents.get(dirname(directories[at]!.final));
      return error !== undefined && isCreated(one) ? { error } : one;
    }),
  );
}

function isCreated(published: Published): boolean {
  return "created" in published && published.created;
}

function renamePublished({ built, final }: Publishing): Published {
  try {
    return { created: renameToFree(built, final) };
  } catch (error) {
    return { error };
  }
}

/** What a promise is rejected with; undefined when it is not. */
function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/**
 * Moves a directory; false when the target exists. The target's parent must be there. Where a rename answers EXDEV
 * (overlay, mount point) it is copied first.
 */
export function moveDirectory(root: string, from: string, to: string): boolean {
  try {
    if (!claimByRename(from, to)) return false;
    if (dirname(from) !== dirname(to)) syncIfThere(dirname(from));
    return true;
  } catch (error) {
    if (errnoOf(error) !== "EXDEV") throw error;
  }
  return inBuildingSite(root, (draft) => {
    copyTree(from, draft);
    if (!claimByRename(draft, to)) return false;
    removeDirectory(root, from);
    return true;
  });
}

/** Takes a directory out of sight by one rename, then deletes it. Absent is fine. */
export function removeDirectory(root: string, path: string): void {
  inBuildingSite(root, (grave) => {
    const moved = unless(["ENOENT", "EXDEV"], "remove", path, () => {
      ops.rename(path, join(grave, "removed"));
      ops.fsyncDirectory(dirname(path));
      return true;
    });
    if (moved === null) discardTree(path);
  });
}

/** Deletes a tree, links not followed. Absent is fine; what another process deletes meanwhile is fine too. */
export function discardTree(path: string): void {
  const found = statIfExists(path);
  if (found === null) return;
  if (found.kind !== "directory") {
    unless(["ENOENT"], "remove", path, () => ops.unlink(path));
    return;
  }
  for (const entry of listDirectory(path) ?? []) discardTree(join(path, entry.name));
  unless(["ENOENT"], "remove", path, () => ops.rmdir(path));
}

/** Removes one file; returns whether it was there. */
export function removeFile(path: string): boolean {
  const removed = unless(["ENOENT", "ENOTDIR"], "remove", path, () => {
    ops.unlink(path);
    return true;
  });
  return removed === true;
}

/** Removes an empty directory; one that is not empty, or not there, stays as it is. */
export function removeIfEmpty(path: string): void {
  unless(["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"], "remove", path, () => ops.rmdir(path));
}

/** Makes the entries of a directory durable. */
export function syncDirectory(path: string): void {
  guarded("fsync", path, () => ops.fsyncDirectory(path));
}

/** Makes a file's bytes durable; false when it is no longer there (a tag that was deleted since). */
export function syncFile(path: string): boolean {
  const synced = unless(["ENOENT", "ENOTDIR"], "fsync", path, () => {
    const fd = ops.open(path, ops.READ_NO_FOLLOW);
    try {
      ops.fsync(fd, path);
    } finally {
      closeQuietly(fd, path);
    }
    return true;
  });
  return synced === true;
}

/** Makes the entries of a tree durable: what appears by one rename must not be empty after a power cut. */
function syncEntries(directory: string): void {
  const entries = listDirectory(directory) ?? [];
  for (const entry of entries) if (entry.isDirectory()) syncEntries(join(directory, entry.name));
  if (entries.length > 0) syncDirectory(directory);
}

/**
 * Puts an empty file of this name into the building site, for others who look at the same store, and gives what takes it away
 * again. Throws typed errors; a root that was moved away is not made again.
 */
export function putSign(root: string, name: string): () => void {
  const site = join(root, BUILDING_SITE);
  const path = join(site, name);
  guarded("write", path, () => {
    // Another process may clear the empty site between our two calls; then both are made again.
    for (let attempt = 0; ; attempt += 1) {
      try {
        makeDirectories(site, { below: root });
        return createWhole(path, new Uint8Array(0), false);
      } catch (error) {
        if (errnoOf(error) !== "ENOENT" || attempt === 16 || statIfExists(root) === null) throw error;
      }
    }
  });
  return () => {
    removeFile(path);
    clearSite(site);
  };
}

function inBuildingSite<T>(root: string, use: (place: string) => T): T {
  const site = join(root, BUILDING_SITE);
  const place = newPlaceIn(site);
  try {
    return use(place);
  } finally {
    discardTree(place);
    clearSite(site);
  }
}

function newPlaceIn(site: string): string {
  const place = join(site, `${process.pid}-${randomHex(8)}`);
  guarded("make the directory", place, () => {
    // Another process may clear the empty site between our two calls; then both are made again.
    for (let attempt = 0; ; attempt += 1) {
      try {
        return makeDirectories(place, { below: dirname(site) });
      } catch (error) {
        if (errnoOf(error) !== "ENOENT" || attempt === 16 || statIfExists(dirname(site)) === null)
          throw error;
      }
    }
  });
  return place;
}

function clearSite(site: string): void {
  unless(["ENOENT", "ENOTEMPTY", "EEXIST", "EPERM", "EACCES", "EBUSY"], "remove", site, () =>
    ops.rmdir(site),
  );
}

/** POSIX lets a rename replace an empty directory; what stands at the target must never be replaced. */
function claimByRename(from: string, to: string): boolean {
  if (!renameToFree(from, to)) return false;
  syncDirectory(dirname(to));
  return true;
}

function renameToFree(from: string, to: string): boolean {
  if (statIfExists(to) !== null) return false;
  const claimed = unless(["EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR"], "create", to, () => {
    ops.rename(from, to);
    return true;
  });
  return claimed === true;
}

/** What another process removed meanwhile needs no sync. */
function syncIfThere(path: string): void {
  unless(["ENOENT"], "fsync", path, () => ops.fsyncDirectory(path));
}

function copyTree(from: string, to: string): void {
  ensureDirectory(to);
  for (const entry of listDirectory(from) ?? []) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isFile()) {
      guardedCopy(source, target, () => ops.copy(source, target, false));
      syncFile(target);
    }
  }
}
