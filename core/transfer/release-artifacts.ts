/** Giving up the bytes of artifacts that another store was seen to hold: the record names them still, and they can be fetched. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { encodeText, type ManifestFile, serializeManifest } from "../../store-format/index.js";
import {
  objectPath,
  removeFile,
  removeIfEmpty,
  replaceFile,
  statIfExists,
  syncDirectory,
} from "../fs/index.js";
import { References } from "../maintenance/references.js";
import type { StoreContext } from "../store/context.js";
import { MANIFEST, objectsPath } from "../store/layout.js";
import type { RunLocation } from "../store/read/located.js";
import { readManifest } from "../store/runs/seal.js";
import { assertWritableRun, writable } from "../store/writable.js";
import type { ArtifactHead } from "./run-document.js";

const PREFIX = "artifacts/";
/** An object that was put or used so shortly before may be about to be named by a seal. Milliseconds. */
const OBJECT_GRACE_MS = 600_000;

/**
 * Removes the files of a sealed run's artifacts that `isHeld` says are safe elsewhere; a file that is not as it was sealed
 * stays. The seal tells that they are absent before the first is removed, so that a crash loses no more than was meant. Returns
 * what was removed. Throws DAMAGED, FORMAT_TOO_NEW and typed I/O errors.
 */
export function releaseArtifacts(
  context: StoreContext,
  location: RunLocation,
  isHeld: (head: ArtifactHead) => boolean,
): readonly ArtifactHead[] {
  writable(context);
  assertWritableRun(location);
  const { directory } = location;
  const manifest = readManifest(directory);
  const released = (manifest?.files ?? []).filter(
    (file) => isReleasable(directory, file) && isHeld(headOf(file)),
  );
  if (manifest === null || released.length === 0) return [];
  const gone = new Set(released);
  const files = manifest.files.map((file) => (gone.has(file) ? absent(file) : file));
  const { text } = serializeManifest({ ...manifest, files }, sha256);
  replaceFile(join(directory, MANIFEST), encodeText(text), { temporaryIn: directory, sync: true });
  for (const { path } of released) removeWithEmptyParents(directory, path);
  return released.map(headOf);
}

/** Bytes. */
export interface ReleasedObjects {
  readonly freed: number;
  /** Of objects that nothing needs either, and that are too young: `gc` frees them later. */
  readonly later: number;
}

/** Removes objects of these hashes that no seal of the store needs any more. */
export function releaseObjects(context: StoreContext, heads: readonly ArtifactHead[]): ReleasedObjects {
  const objects = objectsPath(writable(context));
  if (objects === null || heads.length === 0) return { freed: 0, later: 0 };
  const unused = new Map(heads.map((head) => [head.sha256, head]));
  const unreadable = new References(context.root, new Set()).read((hash) => unused.delete(hash));
  // What could not be read may need any of them.
  if (unreadable.length > 0) return { freed: 0, later: 0 };
  let [freed, later] = [0, 0];
  for (const { sha256: hash, size } of unused.values()) {
    const path = objectPath(objects, hash);
    const found = statIfExists(path);
    if (found?.kind !== "file") continue;
    if (isYoung(found.mtimeNs)) later += size;
    else if (removeFile(path)) freed += size;
  }
  return { freed, later };
}

function isYoung(mtimeNs: bigint): boolean {
  return Number(mtimeNs / 1_000_000n) > Date.now() - OBJECT_GRACE_MS;
}

function isReleasable(directory: string, file: ManifestFile): boolean {
  if (file.kind !== "artifact" || file.content === "absent") return false;
  const now = statIfExists(join(directory, file.path));
  return now?.kind === "file" && now.size === file.size && now.mtimeNs === file.mtimeNs;
}

function absent(file: ManifestFile): ManifestFile {
  return { ...file, mtimeNs: 0n, content: "absent" };
}

function headOf({ path, size, sha256: hash }: ManifestFile): ArtifactHead {
  return { path: path.slice(PREFIX.length), size, sha256: hash };
}

function removeWithEmptyParents(directory: string, path: string): void {
  const file = join(directory, path);
  removeFile(file);
  syncDirectory(dirname(file));
  const top = join(directory, "artifacts");
  for (let at = dirname(file); at.length > top.length; at = dirname(at)) removeIfEmpty(at);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
