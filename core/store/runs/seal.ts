/**
 * The seal of a run: `manifest.yaml`, written when the run ends and after each edit of ours. Order: fold the writers,
 * put the objects, write the manifest (object before manifest, manifest before the run is told to be sealed).
 *
 * What a former seal protects stays protected: the line of a param, or of a metric file whose sealed prefix no longer
 * holds, is kept as it was, so that sealing anew never turns damage into truth.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  type ArtifactContent,
  encodeText,
  type Manifest,
  type ManifestFile,
  parseManifest,
  type SealedManifest,
  serializeManifest,
} from "../../../store-format/index.js";
import {
  type FileStat,
  hashFile,
  hashPrefix,
  putObjectFile,
  readBytesIfExists,
  replaceFile,
  statIfExists,
} from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { MANIFEST, objectsPath } from "../layout.js";
import type { RunLocation } from "../read/index.js";
import { foldWriters } from "./fold-writers.js";
import { recordDigest } from "./record-digest.js";
import { writeRunIgnore } from "./run-ignore.js";
import { listSealedFiles, type SealedFile } from "./sealed-files.js";

/** SHA-256 as lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The manifest of a run, null when it has none. Throws DAMAGED, FORMAT_TOO_NEW. */
export function readManifest(directory: string): SealedManifest | null {
  const bytes = readBytesIfExists(join(directory, MANIFEST));
  return bytes === null ? null : parseManifest(bytes, sha256);
}

/** Seals a run. Returns false, with nothing changed, while somebody else writes into it. */
export function sealRun(context: StoreContext, location: RunLocation): boolean {
  const { directory } = location;
  if (!foldWriters(directory)) return false;
  const before = new Map(readManifest(directory)?.files.map((file) => [file.path, file]));
  const files: ManifestFile[] = [];
  let complete = true;
  for (const file of listSealedFiles(directory)) {
    const line = sealFile(context, directory, file, before.get(file.path));
    if (line === null) complete = false;
    else files.push(line);
  }
  writeRunIgnore(context, directory, files);
  const manifest: Manifest = {
    sealedTime: context.now(),
    recordDigest: recordDigest(location, files),
    complete,
    files,
  };
  const { text } = serializeManifest(manifest, sha256);
  replaceFile(join(directory, MANIFEST), encodeText(text), { temporaryIn: directory, sync: true });
  return true;
}

/** After an edit of ours: a run that was sealed is sealed anew, one that was not is left alone. */
export function resealAfterEdit(context: StoreContext, location: RunLocation): void {
  if (statIfExists(join(location.directory, MANIFEST)) !== null) sealRun(context, location);
}

/** The manifest line of one file; null when it kept changing while it was read. */
function sealFile(
  context: StoreContext,
  directory: string,
  file: SealedFile,
  before: ManifestFile | undefined,
): ManifestFile | null {
  const path = join(directory, file.path);
  if (before !== undefined && isStillSealed(path, file, before)) return before;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const start = statIfExists(path);
    if (start === null) return null;
    const content = file.kind === "artifact" ? sealArtifact(context, path, start) : hashFile(path);
    const end = statIfExists(path);
    if (end?.mtimeNs === start.mtimeNs && end.size === content.size)
      return { path: file.path, kind: file.kind, mtimeNs: end.mtimeNs, ...content };
  }
  context.warn(`${path} kept changing while the run was sealed`);
  return null;
}

/** Whether the former line stays: the file looks untouched, or it may not change and did. */
function isStillSealed(path: string, file: SealedFile, before: ManifestFile): boolean {
  const now = statIfExists(path);
  if (now === null || before.kind !== file.kind) return false;
  if (now.size === before.size && now.mtimeNs === before.mtimeNs) return true;
  if (file.kind === "param") return true;
  return (file.kind === "metric" || file.kind === "link") && hashPrefix(path, before.size) !== before.sha256;
}

interface SealedContent {
  readonly sha256: string;
  readonly size: number;
  readonly content?: ArtifactContent;
}

/** Brings an artifact's bytes into the objects: cloned, or copied up to the limit; a larger file is the home of its object. */
function sealArtifact(context: StoreContext, path: string, found: FileStat): SealedContent {
  const objects = objectsPath(context);
  if (objects === null) return { ...hashFile(path), content: "none" };
  const copy = found.size <= context.artifactPolicy.objectCopyMaxBytes;
  const put = putObjectFile(objects, path, { copy });
  if (put === null) return { ...hashFile(path), content: "home" };
  if (put.repaired) context.warn(`object ${put.sha256} was damaged and has been replaced`);
  return { sha256: put.sha256, size: put.size, content: "object" };
}
