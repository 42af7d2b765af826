/** The artifacts of a run with their hashes: from its seal where the files look as they did then. */
import { join } from "node:path";
import {
  compareCodePoints,
  isRunstoneError,
  type ManifestFile,
  type SealedManifest,
} from "../../store-format/index.js";
import { type HashedFile, hashFile, readBeginning, statIfExists } from "../fs/index.js";
import { type ArtifactHomes, listArtifacts, resolveArtifactDirectory } from "../store/read/artifacts.js";
import { type OnDamage, readable, report } from "../store/read/damages.js";
import { isLfsPointer } from "../store/read/foreign-content.js";
import type { RunLocation } from "../store/read/located.js";
import { artifactsOf } from "../store/runs/record-digest.js";
import { readManifest } from "../store/runs/seal.js";
import { listSealedFiles } from "../store/runs/sealed-files.js";
import type { ArtifactHead } from "./run-document.js";

/** How often a file that changes while it is hashed is hashed anew. */
const ATTEMPTS = 3;
const POINTER_BYTES = 1_024;
const PREFIX = "artifacts/";

interface KnownFile extends HashedFile {
  readonly mtimeNs: bigint;
  readonly inode: bigint;
}

/** Hashes of files by absolute path, good as long as the file looks the same. */
export class ArtifactHashes {
  readonly #files = new Map<string, KnownFile>();

  /** Null for a file that kept changing, or is gone. Throws typed errors. */
  of(path: string): HashedFile | null {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const now = statIfExists(path);
      if (now === null) return null;
      const known = this.#files.get(path);
      if (known?.size === now.size && known.mtimeNs === now.mtimeNs && known.inode === now.inode)
        return known;
      const { sha256, size } = hashFile(path);
      const { mtimeNs, inode } = now;
      if (statIfExists(path)?.mtimeNs === mtimeNs && size === now.size)
        this.#files.set(path, { sha256, size, mtimeNs, inode });
    }
    return null;
  }
}

export interface ArtifactHeads {
  /** By path. */
  readonly artifacts: readonly ArtifactHead[];
  /** Paths of files that were being written. */
  readonly changing: readonly string[];
  /** The seal that was read for them. */
  readonly seal: SealedManifest | null;
}

export interface ArtifactHeadOptions {
  readonly onDamage: OnDamage;
  readonly hashes: ArtifactHashes;
}

/** Throws typed errors of the file system, PERMISSION_DENIED when the artifacts lead out of the store. */
export function readArtifactHeads(
  context: ArtifactHomes,
  location: RunLocation,
  options: ArtifactHeadOptions,
): ArtifactHeads {
  return new HeadReader(location, options).read(filesOf(context, location));
}

interface Found {
  /** Relative to the artifacts. */
  readonly path: string;
  /** Absolute. */
  readonly file: string;
}

/** As a seal lists them where they lie in the run; where its URI leads elsewhere, what a listing shows. */
function filesOf(context: ArtifactHomes, location: RunLocation): Found[] {
  const directory = resolveArtifactDirectory(context, location);
  const own = join(location.directory, "artifacts");
  if (directory === null) return [];
  if (directory !== own)
    return listArtifacts(directory, "", true)
      .filter(({ isDir }) => !isDir)
      .map(({ path }) => ({ path, file: join(directory, path) }));
  return listSealedFiles(location.directory)
    .filter(({ kind }) => kind === "artifact")
    .map(({ path }) => ({ path: path.slice(PREFIX.length), file: join(location.directory, path) }));
}

/** The seal of a run; null when it has none that can be read (reported). */
export function readSeal(location: RunLocation, onDamage: OnDamage): SealedManifest | null {
  try {
    return readManifest(location.directory);
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED") && !isRunstoneError(error, "FORMAT_TOO_NEW")) throw error;
    report(onDamage, location, "manifest_damaged", { name: "manifest.yaml", reason: error.message });
    return null;
  }
}

/** The artifacts that a seal names, by path. */
export function sealedArtifacts(seal: SealedManifest | null): Map<string, ManifestFile> {
  return new Map(artifactsOf(seal?.files ?? []).map((file) => [file.path, file]));
}

class HeadReader {
  readonly #location: RunLocation;
  readonly #options: ArtifactHeadOptions;
  readonly #seal: SealedManifest | null;
  readonly #sealed: Map<string, ManifestFile>;
  readonly #artifacts: ArtifactHead[] = [];
  readonly #changing: string[] = [];

  constructor(location: RunLocation, options: ArtifactHeadOptions) {
    this.#location = location;
    this.#options = options;
    this.#seal = readSeal(location, options.onDamage);
    this.#sealed = sealedArtifacts(this.#seal);
  }

  read(files: readonly Found[]): ArtifactHeads {
    for (const file of files) this.#readFile(file);
    for (const { path, size, sha256 } of this.#sealed.values())
      this.#artifacts.push({ path, size, sha256, absent: true });
    this.#artifacts.sort((a, b) => compareCodePoints(a.path, b.path));
    return { artifacts: this.#artifacts, changing: this.#changing, seal: this.#seal };
  }

  #readFile({ path, file }: Found): void {
    const { onDamage } = this.#options;
    readable(onDamage, this.#location, PREFIX + path, () => {
      const sealed = this.#sealed.get(path);
      const now = statIfExists(file);
      if (sealed !== undefined && now?.size === sealed.size && now.mtimeNs === sealed.mtimeNs)
        return this.#add(path, sealed);
      // A pointer of Git LFS is no new content: the seal still tells what the artifact is.
      if (this.#isPointer(path, file, now?.size ?? 0)) return;
      const hashed = this.#options.hashes.of(file);
      if (hashed !== null) return this.#add(path, hashed);
      if (statIfExists(file) === null) return;
      this.#sealed.delete(path);
      this.#changing.push(path);
    });
  }

  #isPointer(path: string, file: string, size: number): boolean {
    if (size === 0 || size >= POINTER_BYTES) return false;
    const beginning = readBeginning(file, POINTER_BYTES);
    if (beginning === null || !isLfsPointer(beginning, size)) return false;
    report(this.#options.onDamage, this.#location, "lfs_pointer", { name: PREFIX + path });
    return true;
  }

  #add(path: string, { size, sha256 }: HashedFile): void {
    this.#sealed.delete(path);
    this.#artifacts.push({ path, size, sha256 });
  }
}
