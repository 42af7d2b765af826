/**
 * Merging the seals of a run. The run has to be sealed anew after a merge; until then the merged manifest protects what both
 * sides sealed, and names the artifacts of both, whose lines may be all that a clone has of them.
 */
import { DEFAULT_CONFIG } from "../config.js";
import { isRunstoneError } from "../errors.js";
import {
  type ManifestFile,
  parseManifest,
  type SealedManifest,
  type Sha256,
  serializeManifest,
} from "../manifest.js";
import { encodeUtf8 } from "../text.js";
import type { MergedFile, RecordFileConflict } from "./merge-record-file.js";
import { mergeValue } from "./merge-value.js";

export interface ManifestSides {
  readonly base: Uint8Array | null;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
  readonly sha256: Sha256;
}

/**
 * Line by line; where both sides sealed a file differently, ours stands: what differs in the files themselves is merged or told
 * with them. Only of an artifact too large for Git the line is all there is: that is a conflict. The result says `complete:
 * false`, so that its record digest counts for nothing. Of a damaged manifest and an intact one, the intact one is taken.
 */
export function mergeManifest({ base, ours, theirs, sha256 }: ManifestSides): MergedFile {
  const read = (bytes: Uint8Array): SealedManifest | undefined => readable(bytes, sha256);
  const [mine, other] = [read(ours), read(theirs)];
  if (mine === undefined || other === undefined)
    return { bytes: mine === undefined && other !== undefined ? theirs : ours, conflicts: [] };
  const before = base === null ? undefined : read(base);
  const { files, conflicts } = mergeFiles(before?.files, mine.files, other.files);
  const sealedTime = mine.sealedTime >= other.sealedTime ? mine.sealedTime : other.sealedTime;
  const manifest = { sealedTime, recordDigest: mine.recordDigest, complete: false, files };
  return { bytes: encodeUtf8(serializeManifest(manifest, sha256).text), conflicts };
}

function readable(bytes: Uint8Array, sha256: Sha256): SealedManifest | undefined {
  try {
    return parseManifest(bytes, sha256);
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED") && !isRunstoneError(error, "FORMAT_TOO_NEW")) throw error;
    return undefined;
  }
}

type Files = readonly ManifestFile[];

function mergeFiles(
  base: Files | undefined,
  ours: Files,
  theirs: Files,
): { readonly files: Files; readonly conflicts: readonly RecordFileConflict[] } {
  const [before, mine, other] = [base ?? [], ours, theirs].map(byPath) as [ByPath, ByPath, ByPath];
  const files: ManifestFile[] = [];
  const conflicts: RecordFileConflict[] = [];
  for (const path of new Set([...mine.keys(), ...other.keys()])) {
    const sides = [before.get(path), mine.get(path), other.get(path)] as const;
    const [was, is, comes] = sides.map((file) => (file === undefined ? null : contentOf(file))) as Contents;
    const taken = mergeValue(base === undefined ? undefined : was, is, comes);
    const [, own, their] = sides;
    const file = (taken === "theirs" ? their : own) ?? (taken === "conflict" ? their : undefined);
    if (file !== undefined) files.push(file);
    if (taken === "conflict" && own !== undefined && their !== undefined && isOnlyHere(own, their))
      conflicts.push({ field: path, base: was, ours: is, theirs: comes });
  }
  return { files, conflicts };
}

type ByPath = ReadonlyMap<string, ManifestFile>;
type Contents = [string | null, string | null, string | null];

function byPath(files: Files): ByPath {
  return new Map(files.map((file) => [file.path, file]));
}

function contentOf({ sha256, size }: ManifestFile): string {
  return `${sha256} ${size}`;
}

function isOnlyHere(ours: ManifestFile, theirs: ManifestFile): boolean {
  return ours.kind === "artifact" && Math.max(ours.size, theirs.size) > DEFAULT_CONFIG.artifacts.gitMaxBytes;
}
