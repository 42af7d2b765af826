/**
 * The seal of a run: `manifest.yaml`, written when the run ends and after each edit of ours. Order: fold the writers,
 * put the objects, write the manifest (object before manifest, manifest before the run is told to be sealed).
 *
 * What a former seal protects stays protected: the line of a param, or of a metric file whose sealed prefix no longer
 * holds, is kept as it was, so that sealing anew never turns damage into truth.
 */
import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import {
  type ArtifactContent,
  encodeText,
  isRunstoneError,
  MAX_MANIFEST_BYTES,
  type Manifest,
  type ManifestFile,
  parseManifest,
  type SealedManifest,
  serializeManifest,
} from "../../../store-format/index.js";
import {
  type FileStat,
  type HashedFile,
  hashFile,
  hashPrefix,
  moveAside,
  putObjectFile,
  putObjectLink,
  readBytesIfExists,
  replaceFile,
  statIfExists,
  syncDirectory,
  syncFile,
  writeNewFile,
} from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { MANIFEST, objectsPath, TORN } from "../layout.js";
import type { RunLocation } from "../read/index.js";
import { assertWritableRun } from "../writable.js";
import { foldWriters } from "./fold-writers.js";
import { recordDigest } from "./record-digest.js";
import { writeRunIgnore } from "./run-ignore.js";
import { listSealedFiles, type SealedFile } from "./sealed-files.js";

/** SHA-256 as lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return hash("sha256", bytes);
}

/** The manifest of a run, null when it has none. Throws DAMAGED, FORMAT_TOO_NEW. */
export function readManifest(directory: string): SealedManifest | null {
  const bytes = readBytesIfExists(join(directory, MANIFEST), MAX_MANIFEST_BYTES);
  return bytes === null ? null : parseManifest(bytes, sha256);
}

/**
 * What was hashed while it was written: not read again at the seal if it is untouched since. Keys: path relative to the run.
 * With `content`, its object has been put.
 */
export type KnownHashes = ReadonlyMap<string, KnownFile>;

export interface KnownFile extends HashedFile {
  readonly mtimeNs: bigint;
  readonly content?: ArtifactContent;
}

const NOTHING_KNOWN: KnownHashes = new Map();

export interface SealOptions {
  readonly known?: KnownHashes;
  /** Artifacts of the record whose bytes are not here; their lines stand until a file of that path is there. */
  readonly absent?: readonly HashedArtifact[];
}

/** An artifact by its path below `artifacts/`. */
export interface HashedArtifact extends HashedFile {
  readonly path: string;
}

/** Seals a run. Returns false, with nothing changed, while somebody else writes into it. */
export function sealRun(context: StoreContext, location: RunLocation, options: SealOptions = {}): boolean {
  const { directory } = location;
  assertWritableRun(location);
  if (!foldWriters(directory)) return false;
  const sealer = new Sealer(context, location, options);
  const { files, complete } = sealer.sealAll();
  const digest = sealer.formerRecordDigest(files) ?? recordDigest(location, files);
  const manifest = { sealedTime: context.now(), recordDigest: digest, complete, files };
  replaceManifest(directory, manifest);
  // Last: until here the run's .gitignore says that it is ours and not sealed yet.
  writeRunIgnore(context, directory, files);
  return true;
}

export interface DraftSealOptions extends SealOptions {
  readonly recordDigest: string;
  /** Files of the record as the builder hashed them when it wrote them, by path relative to the run: not read again. */
  readonly written: ReadonlyMap<string, HashedFile>;
}

/**
 * Seals a run that is still being built, where nobody else sees it. Nothing of it is made durable here but the objects: the
 * builder does that, and knows the digest of what it wrote.
 */
export function sealDraft(context: StoreContext, draft: RunLocation, options: DraftSealOptions): void {
  const sealer = new Sealer(context, draft, options, options.written);
  const { files, complete } = sealer.sealAll();
  const { recordDigest: digest } = options;
  const manifest = { sealedTime: context.now(), recordDigest: digest, complete, files };
  writeNewFile(join(draft.directory, MANIFEST), manifestBytes(manifest), false);
  writeRunIgnore(context, draft.directory, files);
}

/** The seal of a run that goes on running: it protects nothing, and names the artifacts whose bytes are not here. */
export function absentManifest(
  context: StoreContext,
  absent: readonly HashedArtifact[],
  digest: string,
): Uint8Array {
  const files = absent.map(absentLine);
  return manifestBytes({ sealedTime: context.now(), recordDigest: digest, complete: false, files });
}

/** Adds artifacts whose bytes are not here to the seal of a run that goes on running, if it has one. */
export function addAbsent(
  context: StoreContext,
  { directory }: RunLocation,
  added: { readonly absent: readonly HashedArtifact[]; readonly recordDigest: string },
): void {
  const lines = added.absent.map(absentLine);
  const paths = new Set(lines.map(({ path }) => path));
  const former = readManifest(directory);
  const files = [...(former?.files ?? []).filter(({ path }) => !paths.has(path)), ...lines];
  const base = former ?? { ...added, sealedTime: context.now(), complete: false };
  replaceManifest(directory, { ...base, files });
}

/**
 * Takes a file out of the seal, so that another content of it may be sealed next: for what the user decided to change though
 * the seal protects it. The run is sealed anew by the caller.
 */
export function forgetSealed({ directory }: RunLocation, path: string): void {
  const former = readManifest(directory);
  if (former === null || !former.files.some((file) => file.path === path)) return;
  replaceManifest(directory, { ...former, files: former.files.filter((file) => file.path !== path) });
}

/** Without sealing: the caller does that next. */
export function replaceManifest(directory: string, manifest: Manifest): void {
  replaceFile(join(directory, MANIFEST), manifestBytes(manifest), { temporaryIn: directory, sync: true });
}

function manifestBytes(manifest: Manifest): Uint8Array {
  return encodeText(serializeManifest(manifest, sha256).text);
}

function absentLine({ path, sha256: hash, size }: HashedArtifact): ManifestFile {
  return {
    path: `artifacts/${path}`,
    kind: "artifact",
    sha256: hash,
    size,
    mtimeNs: 0n,
    content: "absent",
  };
}

/** Call before an edit: throws FORMAT_TOO_NEW when a newer release sealed the run, so that it is not left half-edited. */
export function assertSealable(location: RunLocation): void {
  try {
    readManifest(location.directory);
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
  }
}

/** After an edit of ours: a run that was sealed is sealed anew, one that was not is left alone. */
export function resealAfterEdit(context: StoreContext, location: RunLocation): void {
  if (statIfExists(join(location.directory, MANIFEST)) !== null) sealRun(context, location);
}

/** Whether there is a manifest that cannot be read. */
export function isManifestDamaged(directory: string): boolean {
  try {
    readManifest(directory);
    return false;
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return true;
  }
}

/** Moves a manifest that cannot be read to `torn/` and returns its name there; null when there is nothing to move. */
export function quarantineManifest(directory: string): string | null {
  if (!isManifestDamaged(directory)) return null;
  return moveAside(join(directory, MANIFEST), join(directory, TORN));
}

interface SealedContent extends HashedFile {
  readonly content?: ArtifactContent;
}

class Sealer {
  readonly #context: StoreContext;
  readonly #directory: string;
  readonly #known: KnownHashes;
  readonly #former: SealedManifest | null;
  readonly #before: ReadonlyMap<string, ManifestFile>;
  readonly #absent: ReadonlyMap<string, ManifestFile>;
  /** Null: a run that others may write to; then everything is read, and made durable. */
  readonly #written: ReadonlyMap<string, HashedFile> | null;
  readonly #touched = new Set<string>();

  constructor(
    context: StoreContext,
    { directory, path }: RunLocation,
    { known = NOTHING_KNOWN, absent = [] }: SealOptions,
    written: ReadonlyMap<string, HashedFile> | null = null,
  ) {
    const kept = quarantineManifest(directory);
    if (kept !== null) context.warn(`${path}/${MANIFEST} was damaged and has been moved to ${TORN}/${kept}`);
    this.#context = context;
    this.#directory = directory;
    this.#known = known;
    this.#former = readManifest(directory);
    this.#before = new Map(this.#former?.files.map((file) => [file.path, file]));
    this.#absent = new Map(absent.map(absentLine).map((file) => [file.path, file]));
    this.#written = written;
  }

  sealAll(): { readonly files: readonly ManifestFile[]; readonly complete: boolean } {
    const lines = listSealedFiles(this.#directory).map((file) => this.#seal(file));
    for (const directory of this.#touched) syncDirectory(directory);
    const files = lines.filter((line) => line !== null);
    return { files: [...files, ...this.#missing(files)], complete: files.length === lines.length };
  }

  /** The digest stays when nothing it covers changed: names, status and life cycle are no part of it. */
  formerRecordDigest(files: readonly ManifestFile[]): string | null {
    const covered = files.filter((file) => file.kind !== "meta");
    const before = [...this.#before.values()].filter((file) => file.kind !== "meta");
    const same =
      covered.length === before.length && covered.every((file) => this.#before.get(file.path) === file);
    // That of an incomplete seal is of something else: an earlier state, or one side of a merge.
    return same && this.#former?.complete === true ? this.#former.recordDigest : null;
  }

  /** Lines of sealed files that are gone. Only tags are removed by us; everything else stays missed. */
  #missing(found: readonly ManifestFile[]): ManifestFile[] {
    const there = new Set(found.map((file) => file.path));
    const missing = new Map([...this.#before, ...this.#absent]);
    return [...missing.values()].filter((file) => file.kind !== "tag" && !there.has(file.path));
  }

  /** The manifest line of one file; null when it is gone, or kept changing while it was read. */
  #seal(file: SealedFile): ManifestFile | null {
    const path = join(this.#directory, file.path);
    const before = this.#before.get(file.path);
    if (before !== undefined && isStillSealed(path, file, before)) return before;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const start = statIfExists(path);
      if (start === null) return null;
      const written = this.#written?.get(file.path);
      if (written?.size === start.size)
        return { path: file.path, kind: file.kind, mtimeNs: start.mtimeNs, ...written };
      const content = file.kind === "artifact" ? this.#sealArtifact(file, start) : hashFile(path);
      const end = statIfExists(path);
      if (end?.mtimeNs !== start.mtimeNs || end.size !== content.size) continue;
      this.#makeDurable(path);
      return { path: file.path, kind: file.kind, mtimeNs: end.mtimeNs, ...content };
    }
    this.#context.warn(`${path} kept changing while the run was sealed`);
    return null;
  }

  /** Whoever wrote the file (another rank, MLflow, a shell's `log`): at the end of the run it is on the disk. */
  #makeDurable(path: string): void {
    if (this.#written !== null) return;
    syncFile(path);
    for (let at = dirname(path); at.length >= this.#directory.length; at = dirname(at)) this.#touched.add(at);
  }

  /** Brings an artifact's bytes into the objects: cloned, or copied up to the limit; a larger file is the home of its object. */
  #sealArtifact(file: SealedFile, found: FileStat): SealedContent {
    const objects = objectsPath(this.#context);
    const path = join(this.#directory, file.path);
    const known = this.#knownOf(file, found);
    if (known?.content !== undefined)
      return { sha256: known.sha256, size: known.size, content: known.content };
    if (objects === null) return { ...this.#hash(file, found), content: "none" };
    const { objectCopyMaxBytes, hardLinks } = this.#context.artifactPolicy;
    const linked = hardLinks ? putObjectLink(objects, path) : null;
    const put = linked ?? putObjectFile(objects, path, { copy: found.size <= objectCopyMaxBytes });
    if (put === null) return { ...this.#hash(file, found), content: "home" };
    if (put.repaired) this.#context.warn(`object ${put.sha256} was damaged and has been replaced`);
    return { sha256: put.sha256, size: put.size, content: "object" };
  }

  #hash(file: SealedFile, found: FileStat): HashedFile {
    const known = this.#knownOf(file, found);
    if (known === null) return hashFile(join(this.#directory, file.path));
    return { sha256: known.sha256, size: known.size };
  }

  #knownOf(file: SealedFile, found: FileStat): KnownFile | null {
    const known = this.#known.get(file.path);
    const isUntouched = known?.mtimeNs === found.mtimeNs && known.size === found.size;
    return known !== undefined && isUntouched ? known : null;
  }
}

/** Whether the former line stays: the file looks untouched, or it may not change and did. */
function isStillSealed(path: string, file: SealedFile, before: ManifestFile): boolean {
  const now = statIfExists(path);
  if (now === null || before.kind !== file.kind) return false;
  if (now.size === before.size && now.mtimeNs === before.mtimeNs) return true;
  if (file.kind === "param") return true;
  return (file.kind === "metric" || file.kind === "link") && hashPrefix(path, before.size) !== before.sha256;
}
