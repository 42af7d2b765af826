/**
 * Holding a sealed run against its manifest. Tells damage from change (SPEC.md, Seal): a param, the sealed prefix of a
 * metric or link file, and content that differs under an unchanged modification time are damage; longer metric files,
 * newer tags, meta, inputs, outputs and artifacts, and what came since, are changes.
 */
import { join } from "node:path";
import {
  type Damage,
  type DamageKind,
  damageOf,
  isRunstoneError,
  type ManifestFile,
  OWN_TAG_PREFIX,
  type SealedManifest,
} from "../../store-format/index.js";
import {
  type FileStat,
  hashFile,
  hashPrefix,
  isObjectIntact,
  listDirectory,
  statIfExists,
} from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { MANIFEST, objectsPath } from "../store/layout.js";
import { type RunLocation, readRunInfo } from "../store/read/index.js";
import { readManifest } from "../store/runs/seal.js";
import { listSealedFiles } from "../store/runs/sealed-files.js";
import { isConverted } from "./line-ends.js";

/** Something in a sealed run that is newer than its seal, and may be. */
export interface Change {
  readonly runId: string;
  readonly experimentId: string;
  /** Relative to the store's root. */
  readonly path: string;
  readonly what: "added" | "changed" | "longer" | "removed";
}

export interface RunVerification {
  /** Null for a run without a seal, or with a damaged one. */
  readonly manifest: SealedManifest | null;
  readonly damages: readonly Damage[];
  readonly changes: readonly Change[];
  /** Sealed files whose content was hashed and is right. */
  readonly intact: number;
  /** Hashes of the artifacts among them. */
  readonly intactArtifacts: readonly string[];
}

function withoutSeal(damages: readonly Damage[]): RunVerification {
  return { manifest: null, damages, changes: [], intact: 0, intactArtifacts: [] };
}

/** Hashes every sealed file of a run. Reads only. Throws typed I/O errors of the run's directory. */
export function verifyRun(context: StoreContext, location: RunLocation): RunVerification {
  const manifest = manifestOf(location);
  if (manifest === null) return withoutSeal(notSealed(location));
  if ("kind" in manifest) return withoutSeal([manifest]);
  return new RunVerifier(context, location).verify(manifest);
}

/** A finished run of ours (it has tags of ours) always had a seal. One of MLflow's never has. */
function notSealed(location: RunLocation): readonly Damage[] {
  const tags = listDirectory(join(location.directory, "tags")) ?? [];
  if (!tags.some(({ name }) => name.startsWith(OWN_TAG_PREFIX)) || !hasEnded(location)) return [];
  return [damageIn(location, "run_not_sealed", MANIFEST, {})];
}

function hasEnded(location: RunLocation): boolean {
  try {
    const { status } = readRunInfo(location);
    return status !== "RUNNING" && status !== "SCHEDULED";
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED")) return false;
    throw error;
  }
}

function manifestOf(location: RunLocation): SealedManifest | Damage | null {
  try {
    return readManifest(location.directory);
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED") && !isRunstoneError(error, "FORMAT_TOO_NEW")) throw error;
    const { offset } = error.data;
    // One of a newer release is no damage: this release cannot check it, and says so.
    const isNewer = error.code === "FORMAT_TOO_NEW";
    return damageIn(location, "manifest_damaged", MANIFEST, {
      ...(isNewer ? { severity: "note" as const } : {}),
      reason: error.message,
      ...(typeof offset === "number" ? { offset } : {}),
    });
  }
}

class RunVerifier {
  readonly #context: StoreContext;
  readonly #location: RunLocation;
  readonly #damages: Damage[] = [];
  readonly #changes: Change[] = [];
  readonly #intactArtifacts: string[] = [];
  #intact = 0;

  constructor(context: StoreContext, location: RunLocation) {
    this.#context = context;
    this.#location = location;
  }

  verify(manifest: SealedManifest): RunVerification {
    for (const file of manifest.files) this.#guard(file.path, () => this.#verifyFile(file));
    const sealed = new Set(manifest.files.map((file) => file.path));
    for (const file of listSealedFiles(this.#location.directory))
      if (!sealed.has(file.path)) this.#change(file.path, "added");
    return {
      manifest,
      damages: this.#damages,
      changes: this.#changes,
      intact: this.#intact,
      intactArtifacts: this.#intactArtifacts,
    };
  }

  /** A file that cannot be read costs that file only. */
  #guard(path: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!isRunstoneError(error, "PERMISSION_DENIED") && !isRunstoneError(error, "IO_ERROR")) throw error;
      this.#damage("file_unreadable", path, error.message);
    }
  }

  #verifyFile(file: ManifestFile): void {
    const path = join(this.#location.directory, file.path);
    const found = statIfExists(path);
    if (found === null) return this.#missing(file);
    if (found.kind !== "file")
      return this.#damage("sealed_file_differs", file.path, "is no plain file any more");
    if (file.kind === "metric" || file.kind === "link") return this.#verifyAppended(file, path, found);
    const now = hashFile(path);
    if (now.sha256 === file.sha256) this.#noteIntact(file);
    else if (this.#isConverted(file, path)) return;
    else if (file.kind === "param" || found.mtimeNs === file.mtimeNs)
      this.#differs(file, `sealed ${file.sha256}, found ${now.sha256}`);
    else this.#change(file.path, "changed");
  }

  #noteIntact(file: ManifestFile): void {
    this.#intact += 1;
    if (file.kind === "artifact") this.#intactArtifacts.push(file.sha256);
  }

  /** Told as what it is: the sealed hash proves what the file was before its line ends were converted. */
  #isConverted(file: ManifestFile, path: string): boolean {
    if (file.kind === "artifact" || !isConverted(path, file.size, file.sha256)) return false;
    const reason = "the line ends were converted to CR LF; without that it is what was sealed";
    this.#damages.push(
      damageIn(this.#location, "sealed_file_differs", file.path, { severity: "rebuildable", reason }),
    );
    return true;
  }

  #verifyAppended(file: ManifestFile, path: string, found: FileStat): void {
    if (hashPrefix(path, file.size) !== file.sha256 && this.#isConverted(file, path)) return;
    if (found.size < file.size)
      return this.#differs(file, `sealed with ${file.size} bytes, found ${found.size}`, found.size);
    if (hashPrefix(path, file.size) !== file.sha256)
      return this.#differs(file, `the sealed ${file.size} bytes differ`);
    this.#intact += 1;
    if (found.size > file.size) this.#change(file.path, "longer");
  }

  /** Only tags may be removed. */
  #missing(file: ManifestFile): void {
    if (file.kind === "artifact") return this.#missingArtifact(file);
    if (file.kind === "tag") return this.#change(file.path, "removed");
    this.#damage("sealed_file_missing", file.path, "was sealed and is gone");
  }

  /** An artifact too large for Git is a pointer in a clone: its content can still be had where the run was made. */
  #missingArtifact(file: ManifestFile): void {
    if (file.content === "absent")
      return this.#elsewhere(file, "the artifact is at a remote only: `runstone fetch` brings it");
    if (this.#hasObject(file))
      return this.#gone(file, "rebuildable", "the artifact is gone, and its object holds it");
    if (file.size <= this.#context.artifactPolicy.gitMaxBytes)
      return this.#gone(file, "lost", "the artifact is gone, and no object here holds it");
    this.#elsewhere(
      file,
      "the artifact is not here; it is too large for Git, so look where the run was made",
    );
  }

  #elsewhere(file: ManifestFile, reason: string): void {
    this.#damages.push(damageIn(this.#location, "object_missing", file.path, { severity: "note", reason }));
  }

  #gone(file: ManifestFile, severity: Damage["severity"], reason: string): void {
    this.#damages.push(damageIn(this.#location, "sealed_file_missing", file.path, { severity, reason }));
  }

  #differs(file: ManifestFile, reason: string, offset?: number): void {
    const rebuildable = file.kind === "artifact" && this.#hasObject(file);
    this.#damages.push(
      damageIn(this.#location, "sealed_file_differs", file.path, {
        reason,
        ...(rebuildable ? { severity: "rebuildable" as const } : {}),
        ...(offset === undefined ? {} : { offset }),
      }),
    );
  }

  #hasObject(file: ManifestFile): boolean {
    const objects = objectsPath(this.#context);
    return objects !== null && isObjectIntact(objects, file.sha256);
  }

  #damage(kind: DamageKind, path: string, reason: string): void {
    this.#damages.push(damageIn(this.#location, kind, path, { reason }));
  }

  #change(path: string, what: Change["what"]): void {
    const { runId, experimentId } = this.#location;
    this.#changes.push({ runId, experimentId, path: `${this.#location.path}/${path}`, what });
  }
}

function damageIn(
  location: RunLocation,
  kind: DamageKind,
  path: string,
  more: { readonly severity?: Damage["severity"]; readonly reason?: string; readonly offset?: number },
): Damage {
  const { runId, experimentId } = location;
  return damageOf(kind, `${location.path}/${path}`, { ...more, runId, experimentId });
}
