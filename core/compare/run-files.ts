/** The artifacts of one run as a comparison needs them: their sizes, their hashes when they decide, small ones whole. */
import { join } from "node:path";
import { isRunstoneError, type ManifestFile } from "../../store-format/index.js";
import { hashFile, statIfExists } from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import {
  artifactFile,
  listArtifacts,
  readArtifact,
  resolveArtifactDirectory,
} from "../store/read/artifacts.js";
import type { RunLocation } from "../store/read/located.js";
import { readManifest } from "../store/runs/seal.js";

export interface ArtifactDigest {
  readonly size: number;
  /** Null: it was not needed to tell that the files differ, or the file cannot be read. */
  readonly sha256: string | null;
  /** Where the hash comes from: the run's manifest, with the file untouched since, or the file's bytes, read now. */
  readonly source: "sealed" | "computed" | "none";
}

const OWN_DIRECTORY = "artifacts";

export class RunFiles {
  readonly #directory: string | null;
  readonly #sizes = new Map<string, number>();
  readonly #sealed = new Map<string, ManifestFile>();

  /**
   * Throws typed I/O errors. Artifacts that are not here (a foreign URI) are none; so are those that may not be read, or
   * whose place a damaged meta.yaml does not tell: that is said.
   */
  constructor(context: StoreContext, location: RunLocation) {
    this.#directory = directoryOf(context, location);
    if (this.#directory === null) return;
    for (const { path, isDir, size } of listArtifacts(this.#directory, "", true))
      if (!isDir) this.#sizes.set(path, size ?? 0);
    const own = join(location.directory, OWN_DIRECTORY);
    if (statIfExists(own)?.kind !== "directory") return;
    for (const file of sealedFiles(location.directory))
      if (file.kind === "artifact") this.#sealed.set(file.path.slice(OWN_DIRECTORY.length + 1), file);
  }

  /** Of every artifact file, by path. */
  get sizes(): ReadonlyMap<string, number> {
    return this.#sizes;
  }

  /** `mustHash`: the bytes are read when no seal tells the hash. Null when there is no such file. */
  digest(path: string, mustHash: boolean): ArtifactDigest | null {
    const size = this.#sizes.get(path);
    if (size === undefined || this.#directory === null) return null;
    const sealed = this.#sealedHash(path);
    if (sealed !== null) return { size, sha256: sealed, source: "sealed" };
    if (!mustHash) return { size, sha256: null, source: "none" };
    return { size, sha256: hashFile(artifactFile(this.#directory, path).path).sha256, source: "computed" };
  }

  /** The bytes of a small artifact; null when it is not there or larger than `maxBytes`. */
  read(path: string, maxBytes: number): Buffer | null {
    const size = this.#sizes.get(path);
    if (size === undefined || size > maxBytes || this.#directory === null) return null;
    return Buffer.concat([...readArtifact(this.#directory, path)].map((block) => Buffer.from(block)));
  }

  #sealedHash(path: string): string | null {
    const sealed = this.#sealed.get(path);
    if (sealed === undefined || this.#directory === null) return null;
    const now = statIfExists(join(this.#directory, ...path.split("/")));
    const untouched = now?.kind === "file" && now.size === sealed.size && now.mtimeNs === sealed.mtimeNs;
    return untouched ? sealed.sha256 : null;
  }
}

function directoryOf(context: StoreContext, location: RunLocation): string | null {
  try {
    return resolveArtifactDirectory(context, location);
  } catch (error) {
    if (!isRunstoneError(error, "PERMISSION_DENIED") && !isRunstoneError(error, "DAMAGED")) throw error;
    context.warn(`artifacts of run ${location.runId} are not compared: ${error.message}`);
    return null;
  }
}

/** A manifest that cannot be read seals nothing here; fsck names it. */
function sealedFiles(directory: string): readonly ManifestFile[] {
  try {
    return readManifest(directory)?.files ?? [];
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED") || isRunstoneError(error, "FORMAT_TOO_NEW")) return [];
    throw error;
  }
}
