/** Bytes that leave a store: checked before they are passed on. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type ManifestFile, RunstoneError, type SealedManifest } from "../../store-format/index.js";
import { OpenFile, objectPath, statIfExists } from "../fs/index.js";
import { objectsPath, type StorePaths } from "../store/layout.js";
import { type ArtifactHomes, artifactFile, resolveArtifactDirectory } from "../store/read/artifacts.js";
import { IGNORE_DAMAGE } from "../store/read/damages.js";
import type { RunLocation } from "../store/read/located.js";
import { readSeal, sealedArtifacts } from "./artifact-heads.js";
import type { ArtifactHead } from "./run-document.js";

/** A file held open. Close it. */
export interface OpenBytes {
  /** Bytes. */
  readonly size: number;
  /** Bytes of `[start, end)` in blocks, each valid only until the next one. */
  blocks(start?: number, end?: number): Iterable<Uint8Array>;
  close(): void;
}

/** A file of the store, held open. */
export interface OpenStoredBytes extends OpenBytes {
  /** Absolute. */
  readonly path: string;
}

/**
 * An object of the workspace, after its bytes were found to have the hash that is its name. Null when there is none (or no
 * workspace). Throws DAMAGED when the bytes have another hash, typed I/O errors.
 */
export function openObject(context: StorePaths, sha256: string): OpenStoredBytes | null {
  const objects = objectsPath(context);
  if (objects === null || !/^[0-9a-f]{64}$/.test(sha256)) return null;
  return openChecked(objectPath(objects, sha256), sha256);
}

/**
 * The bytes of an artifact that a document names: the file in the run when it is what the document says, else its
 * object. A file that has the size and modification time of the seal is not hashed again: who receives it hashes it.
 * Throws RESOURCE_DOES_NOT_EXIST when the bytes are not here, DAMAGED when they changed since, typed I/O errors.
 */
export function openArtifact(
  context: ArtifactHomes,
  location: RunLocation,
  head: ArtifactHead,
): OpenStoredBytes {
  return artifactOpener(context, location, readSeal(location, IGNORE_DAMAGE))(head);
}

/** As {@link openArtifact}, for the artifacts of one run, whose seal was read: where they lie is looked up once. */
export function artifactOpener(
  context: ArtifactHomes,
  location: RunLocation,
  seal: SealedManifest | null,
): (head: ArtifactHead) => OpenStoredBytes {
  let known: KnownArtifacts | null = null;
  return (head) => {
    known ??= {
      directory: resolveArtifactDirectory(context, location),
      sealed: sealedArtifacts(seal),
    };
    return openKnown(context, location, { ...known, head });
  };
}

interface KnownArtifacts {
  readonly directory: string | null;
  readonly sealed: ReadonlyMap<string, ManifestFile>;
}

function openKnown(
  context: StorePaths,
  location: RunLocation,
  { directory, sealed, head }: KnownArtifacts & { readonly head: ArtifactHead },
): OpenStoredBytes {
  const { path, sha256, size } = head;
  const file = directory === null ? null : fileIfExists(directory, path);
  const now = file === null ? null : statIfExists(file);
  const isFile = file !== null && now?.size === size;
  const seal = sealed.get(path);
  if (isFile && seal?.sha256 === sha256 && now?.mtimeNs === seal.mtimeNs) {
    const opened = OpenFile.openIfExists(file);
    if (opened !== null) return opened;
  }
  const checked = isFile ? openIfSame(file, sha256) : null;
  const found = checked ?? openObject(context, sha256);
  if (found !== null) return found;
  throw file === null ? notHere(location, path) : changed(`${location.path}/artifacts/${path}`, sha256);
}

function fileIfExists(directory: string, path: string): string | null {
  if (statIfExists(join(directory, path)) === null) return null;
  return artifactFile(directory, path).path;
}

function openChecked(path: string, sha256: string): OpenFile | null {
  const file = openIfSame(path, sha256);
  if (file !== null || statIfExists(path) === null) return file;
  throw changed(path, sha256);
}

/** Null when it is not there, or has another hash. */
function openIfSame(path: string, sha256: string): OpenFile | null {
  const file = OpenFile.openIfExists(path);
  if (file === null) return null;
  try {
    const hash = createHash("sha256");
    for (const block of file.blocks()) hash.update(block);
    if (hash.digest("hex") === sha256) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return null;
}

function changed(path: string, sha256: string): RunstoneError {
  return new RunstoneError("DAMAGED", `${path} no longer holds the bytes of ${sha256}: not passed on`, {
    hint: "`runstone fsck --verify` tells what changed; the run can be read again when the change was meant.",
    data: { path, sha256 },
  });
}

function notHere(location: RunLocation, path: string): RunstoneError {
  return new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `the bytes of artifact ${JSON.stringify(path)} of run ${location.runId} are not here`,
    { hint: `Fetch them first: runstone fetch ${location.runId}`, data: { path, runId: location.runId } },
  );
}
