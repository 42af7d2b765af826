/** Merging one record file of a store from its three versions. */

import { isRunstoneError } from "../errors.js";
import type { Sha256 } from "../manifest.js";
import { parsePythonInt } from "../python-float.js";
import { parseSyncReceipt } from "../sync-receipt.js";
import { decodeUtf8, decodeUtf8Lossy } from "../text.js";
import { ignoreIdentity, linkIdentity, mergeLines, pointIdentity } from "./merge-lines.js";
import { mergeManifest } from "./merge-manifest.js";
import { mergeValue } from "./merge-value.js";
import { mergeYaml } from "./merge-yaml.js";
import type { RecordFileKind } from "./record-file-kind.js";

export interface MergeRecordFileOptions {
  readonly kind: RecordFileKind;
  /** The last component decides what a tag means to Runstone. */
  readonly path: string;
  /** Null: not known, as when both sides made the file. */
  readonly base: Uint8Array | null;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
  readonly sha256: Sha256;
}

/** What both sides changed differently; ours stands in the result. Null texts: absent, or nothing to show. */
export interface RecordFileConflict {
  /** Of a YAML file; the path of an artifact in a manifest; null: the value of the file itself. */
  readonly field: string | null;
  readonly base: string | null;
  readonly ours: string | null;
  readonly theirs: string | null;
}

export interface MergedFile {
  /** A valid file of its kind, in conflicts too, if ours or theirs is one. */
  readonly bytes: Uint8Array;
  readonly conflicts: readonly RecordFileConflict[];
}

/** Points, links and lines of ignored artifacts are united; fields and values are merged three-way. Never throws for content. */
export function mergeRecordFile(options: MergeRecordFileOptions): MergedFile {
  const { kind, ours, theirs, base } = options;
  if (isEqual(ours, theirs)) return { bytes: ours, conflicts: [] };
  switch (kind) {
    case "metric-run":
      return united(mergeLines(ours, theirs, pointIdentity("run")));
    case "metric-model":
      return united(mergeLines(ours, theirs, pointIdentity("model")));
    case "links":
      return united(mergeLines(ours, theirs, linkIdentity));
    case "run-ignore":
      return united(mergeLines(ours, theirs, ignoreIdentity));
    case "manifest":
      return mergeManifest(options);
    case "param":
      return told(options);
    case "receipt":
      return laterReceipt(options);
    case "tag":
    case "alias":
    case "trace":
      return mergeText(options);
    default:
      return mergeYaml({ kind, base, ours, theirs });
  }
}

function united(bytes: Uint8Array): MergedFile {
  return { bytes, conflicts: [] };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** A param is never changed: two values are a conflict, whoever had which before. */
function told({ base, ours, theirs }: MergeRecordFileOptions): MergedFile {
  const conflict = {
    field: null,
    base: base === null ? null : decodeUtf8Lossy(base),
    ours: decodeUtf8Lossy(ours),
    theirs: decodeUtf8Lossy(theirs),
  };
  return { bytes: ours, conflicts: [conflict] };
}

function mergeText(options: MergeRecordFileOptions): MergedFile {
  const { base, ours, theirs, path } = options;
  // One character a byte: equal texts are equal bytes.
  const texts = [ours, theirs].map(byteText) as [string, string];
  const taken = mergeValue(base === null ? undefined : byteText(base), ...texts);
  if (taken !== "conflict") return united(taken === "mine" ? ours : theirs);
  return path.endsWith("/tags/runstone.attempts") ? moreAttempts(options) : told(options);
}

function byteText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** How often the run was started: at least as often as either side says. */
function moreAttempts(options: MergeRecordFileOptions): MergedFile {
  const [mine, theirs] = [options.ours, options.theirs].map((bytes) =>
    parsePythonInt(decodeUtf8(bytes) ?? ""),
  );
  if (mine === undefined || theirs === undefined) return told(options);
  return united(mine >= theirs ? options.ours : options.theirs);
}

/** Both remotes held what they were seen to hold: the later look counts. */
function laterReceipt(options: MergeRecordFileOptions): MergedFile {
  const [mine, theirs] = [options.ours, options.theirs].map(verifiedTime);
  if (mine === undefined && theirs === undefined) return told(options);
  const isOurs = theirs === undefined || (mine !== undefined && mine >= theirs);
  return united(isOurs ? options.ours : options.theirs);
}

function verifiedTime(bytes: Uint8Array): number | bigint | undefined {
  try {
    return parseSyncReceipt(bytes).verifiedTime;
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return undefined;
  }
}
