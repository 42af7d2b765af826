/**
 * Objects that no manifest names. They leave in two steps, each after the grace: into `objects/trash-<time>/`, then for
 * good. One that is named again meanwhile (a seal found it there and did not write it anew) comes back.
 */
import { join } from "node:path";
import { type FileStat, moveFile, objectPath, removeFile, removeIfEmpty, statIfExists } from "../fs/index.js";
import { listObjects, namesIn } from "./list-objects.js";
import { References } from "./references.js";
import type { Unreadable } from "./run-directories.js";

export interface ObjectCount {
  readonly objects: number;
  /** Sum of their sizes. */
  readonly bytes: number;
}

export interface ObjectGarbage {
  /** Moved into the trash. */
  readonly trashed: ObjectCount;
  /** Deleted out of the trash. */
  readonly deleted: ObjectCount;
  /** Brought back out of the trash. */
  readonly restored: ObjectCount;
  /** Why no object was touched: a manifest that cannot be read may name any of them. Empty when all is well. */
  readonly unreadable: readonly Unreadable[];
}

export interface ObjectGarbageOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly graceMs: number;
  readonly dryRun: boolean;
  /** Objects that others need (branches that are not checked out): kept as if a manifest named them. */
  readonly alsoReferenced?: ReadonlySet<string> | undefined;
  /** Directories of runs and experiments whose manifests do not count: they are about to go. */
  readonly without?: ReadonlySet<string>;
}

interface FoundObject {
  readonly sha256: string;
  readonly path: string;
  readonly size: number;
  /** When it came, or was trashed; milliseconds since 1970. */
  readonly since: number;
}

const NOTHING: ObjectCount = { objects: 0, bytes: 0 };

/** `root`: the store whose manifests count. Throws NOT_A_STORE and I/O errors. */
export function collectObjects(objects: string, root: string, options: ObjectGarbageOptions): ObjectGarbage {
  const before = options.now - options.graceMs;
  const old = objectsIn(objects).filter((object) => object.since <= before);
  const trash = trashDirectories(objects).flatMap(({ path, time }) => objectsIn(path, time));
  const named = new NamedObjects(new References(root, options.without ?? new Set()), [...old, ...trash]);
  named.add(options.alsoReferenced ?? []);
  const unreadable = named.read();
  if (unreadable.length > 0) return refused(unreadable);

  const moved = old.filter((object) => !named.has(object));
  const places = options.dryRun ? moved : moved.map((object) => moveToTrash(objects, object, options.now));
  // What a manifest came to name since the first look goes back at once.
  const later = named.read();
  if (later.length > 0) return refused(later, () => bringBack(objects, options.dryRun ? [] : places));
  const back = [...places, ...trash].filter((object) => named.has(object));
  const expired = trash.filter((object) => !named.has(object) && object.since <= before);
  if (!options.dryRun) {
    bringBack(objects, back);
    for (const object of expired) removeFile(object.path);
    removeEmptyTrash(objects);
  }
  return {
    trashed: count(moved.filter((object) => !named.has(object))),
    deleted: count(expired),
    restored: count(trash.filter((object) => named.has(object))),
    unreadable,
  };
}

/** Which of the given objects are named, as far as manifests were read. */
class NamedObjects {
  readonly #references: References;
  readonly #asked: ReadonlySet<string>;
  readonly #named = new Set<string>();

  constructor(references: References, objects: readonly FoundObject[]) {
    this.#references = references;
    this.#asked = new Set(objects.map((object) => object.sha256));
  }

  add(objects: Iterable<string>): void {
    for (const sha256 of objects) if (this.#asked.has(sha256)) this.#named.add(sha256);
  }

  /** Reads what is new in the store's manifests; returns what cannot be read. */
  read(): readonly Unreadable[] {
    return this.#references.read((sha256) => this.add([sha256]));
  }

  has(object: FoundObject): boolean {
    return this.#named.has(object.sha256);
  }
}

function refused(unreadable: readonly Unreadable[], undo: () => void = () => {}): ObjectGarbage {
  undo();
  return { trashed: NOTHING, deleted: NOTHING, restored: NOTHING, unreadable };
}

/** Objects below `directory`; `since` is given for all of them, or each one's own last change. */
function objectsIn(directory: string, since?: number): FoundObject[] {
  return Array.from(listObjects(directory), ({ sha256, path, found }) => ({
    sha256,
    path,
    size: found.size,
    since: since ?? lastChange(found),
  }));
}

/** A hard link or a clone may carry an old modification time: the change time counts, too. */
function lastChange(found: FileStat): number {
  return Math.max(Number(found.mtimeNs / 1_000_000n), Number(found.ctimeNs / 1_000_000n));
}

function trashDirectories(objects: string): { readonly path: string; readonly time: number }[] {
  return namesIn(objects, /^trash-\d{1,16}$/).map((name) => ({
    path: join(objects, name),
    time: Number(name.slice("trash-".length)),
  }));
}

function moveToTrash(objects: string, object: FoundObject, now: number): FoundObject {
  const path = objectPath(join(objects, `trash-${now}`), object.sha256);
  moveFile(object.path, path);
  return { ...object, path };
}

/** An object that was put anew meanwhile stays as it is. */
function bringBack(objects: string, places: readonly FoundObject[]): void {
  for (const object of places) {
    const home = objectPath(objects, object.sha256);
    if (statIfExists(home) === null) moveFile(object.path, home);
    else removeFile(object.path);
  }
}

function removeEmptyTrash(objects: string): void {
  for (const { path } of trashDirectories(objects)) {
    for (const head of namesIn(path, /^[0-9a-f]{2}$/)) removeIfEmpty(join(path, head));
    removeIfEmpty(path);
  }
}

function count(objects: readonly FoundObject[]): ObjectCount {
  return { objects: objects.length, bytes: objects.reduce((sum, object) => sum + object.size, 0) };
}
