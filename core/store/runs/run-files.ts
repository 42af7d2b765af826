/** Small writes inside a run directory: params, tags, meta. Temporary files lie in the run directory, where MLflow never looks. */
import { dirname, join } from "node:path";
import {
  checkKey,
  encodeText,
  keyToPath,
  MAX_PARAM_VALUE_BYTES,
  MAX_TAG_VALUE_BYTES,
  type RunMeta,
  RunstoneError,
  serializeRunMeta,
} from "../../../store-format/index.js";
import {
  createFile,
  listDirectory,
  readBytesIfExists,
  removeFile,
  replaceFile,
  statIfExists,
} from "../../fs/index.js";
import { META } from "../layout.js";

export type RecordKind = "metric" | "param" | "tag";
const FOLDERS: Readonly<Record<RecordKind, string>> = { metric: "metrics", param: "params", tag: "tags" };

/** The file of a key below a run (or model) directory; throws INVALID_PARAMETER_VALUE for a key that breaks the layout. */
export function recordPath(directory: string, kind: RecordKind, key: string): string {
  checkKey(key, kind);
  return join(directory, FOLDERS[kind], keyToPath(key));
}

/** Replaces a run's meta.yaml; durable when it returns. */
export function writeRunMeta(directory: string, meta: RunMeta): void {
  replaceFile(join(directory, META), encodeText(serializeRunMeta(meta)), {
    temporaryIn: directory,
    sync: true,
  });
}

/** The bytes of a param or tag value; throws when they are over the limit or no text. */
export function valueBytes(kind: "param" | "tag", key: string, value: string): Uint8Array {
  if (typeof value !== "string")
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `the value of ${kind} ${JSON.stringify(key)} is no text`,
      {
        hint: "Convert it to a string first.",
        data: { key },
      },
    );
  const bytes = encodeText(value);
  const limit = kind === "param" ? MAX_PARAM_VALUE_BYTES : MAX_TAG_VALUE_BYTES;
  if (bytes.length > limit)
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `the value of ${kind} ${JSON.stringify(key)} has ${bytes.length} bytes, more than ${limit}`,
      { hint: "Log large texts as artifacts.", data: { key, bytes: bytes.length, limit } },
    );
  return bytes;
}

/**
 * Writes a param once. The same value again is fine, another one is PARAM_CONFLICT; two writers at once cannot both win.
 * Returns the path when it was written now, null when it was there.
 */
export function createParam(directory: string, key: string, value: string, sync: boolean): string | null {
  const path = recordPath(directory, "param", key);
  const bytes = valueBytes("param", key, value);
  const before = readRecord(path, "param", key);
  if (before !== null) return sameParam(key, before, bytes);
  assertNoClash(directory, "param", key);
  if (createFile(path, bytes, { temporaryIn: directory, sync })) return path;
  return sameParam(key, readBytesIfExists(path) ?? new Uint8Array(), bytes);
}

function sameParam(key: string, before: Uint8Array, bytes: Uint8Array): null {
  if (Buffer.compare(before, bytes) === 0) return null;
  throw new RunstoneError(
    "PARAM_CONFLICT",
    `param ${JSON.stringify(key)} was logged before with another value`,
    {
      hint: "Params are immutable; use another key, a tag, or a new run.",
      data: { key, before: preview(before), now: preview(bytes) },
    },
  );
}

function preview(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 200));
}

/** Writes or replaces a tag; returns its path. */
export function writeTag(directory: string, key: string, value: string, sync: boolean): string {
  const path = recordPath(directory, "tag", key);
  const bytes = valueBytes("tag", key, value);
  if (readRecord(path, "tag", key) === null) assertNoClash(directory, "tag", key);
  replaceFile(path, bytes, { temporaryIn: directory, sync });
  return path;
}

/** Removes a tag; RESOURCE_DOES_NOT_EXIST when there is none. */
export function removeTag(directory: string, key: string): string {
  const path = recordPath(directory, "tag", key);
  if (removeFile(path)) return path;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no tag ${JSON.stringify(key)}`, {
    data: { key },
  });
}

/** The bytes of a record file, null when it is absent; a directory in its place is a clash of keys. */
function readRecord(path: string, kind: RecordKind, key: string): Uint8Array | null {
  const found = statIfExists(path);
  if (found === null) return null;
  if (found.kind === "directory") throw clash(kind, key, `${key}/...`);
  return readBytesIfExists(path);
}

/**
 * Refuses a new key that cannot lie beside those there: a component that is already a key (`loss`, `loss/train`), or,
 * where the file system folds names, a spelling twin. Called only for keys that have no file yet.
 */
export function assertNoClash(directory: string, kind: RecordKind, key: string): void {
  const top = join(directory, FOLDERS[kind]);
  const parts = key.split("/");
  for (let count = 1; count < parts.length; count += 1) {
    const above = statIfExists(join(top, keyToPath(parts.slice(0, count).join("/"))));
    if (above === null) return;
    if (above.kind !== "directory") throw clash(kind, key, parts.slice(0, count).join("/"));
  }
  const path = join(top, keyToPath(key));
  const found = statIfExists(path);
  if (found === null) return;
  if (found.kind === "directory") throw clash(kind, key, `${key}/...`);
}

/** Throws when `path` exists under another spelling only (a case- or normalisation-folding file system). */
export function assertSpelling(directory: string, kind: RecordKind, key: string): void {
  const path = join(directory, FOLDERS[kind], keyToPath(key));
  const name = path.slice(dirname(path).length + 1);
  const entries = listDirectory(dirname(path)) ?? [];
  if (entries.length === 0 || entries.some((entry) => entry.name === name)) return;
  const twin = entries.find((entry) => fold(entry.name) === fold(name));
  if (twin !== undefined) throw clash(kind, key, twin.name);
}

function fold(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function clash(kind: RecordKind, key: string, other: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${kind} ${JSON.stringify(key)} cannot be kept beside ${kind} ${JSON.stringify(other)}: one file cannot be both`,
    { hint: "Choose another key, such as loss/all beside loss/train.", data: { key, other } },
  );
}
