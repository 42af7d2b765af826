/** Small writes inside a run directory: params, tags, meta. Temporary files lie in the run directory, where MLflow never looks. */
import { basename, dirname, join } from "node:path";
import {
  checkKey,
  encodeText,
  keyToPath,
  MAX_PARAM_VALUE_BYTES,
  MAX_TAG_VALUE_BYTES,
  type RunMeta,
  RunstoneError,
  type StringMap,
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

/** A record that was checked and can be written. */
interface ReadyRecord {
  readonly key: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes params once each. The same value again is fine, another one is PARAM_CONFLICT; two writers at once cannot both
 * win. All are checked before the first is written. Returns the paths written now.
 */
export function createParams(directory: string, params: StringMap, sync: boolean): string[] {
  const ready = checkRecords(directory, "param", params);
  const missing = ready.filter(({ key, path, bytes }) => {
    const before = readRecord(path, "param", key);
    return before === null || !isSameParam(key, before, bytes);
  });
  return missing.filter((record) => createParam(directory, record, sync)).map(({ path }) => path);
}

function createParam(directory: string, { key, path, bytes }: ReadyRecord, sync: boolean): boolean {
  if (createFile(path, bytes, { temporaryIn: directory, sync })) return true;
  return !isSameParam(key, readBytesIfExists(path) ?? new Uint8Array(), bytes);
}

/** Checks keys, values and clashes, with what is there and among themselves. */
function checkRecords(directory: string, kind: "param" | "tag", records: StringMap): ReadyRecord[] {
  const keys = Object.keys(records);
  const ready = keys.map((key) => ({
    key,
    path: recordPath(directory, kind, key),
    bytes: valueBytes(kind, key, records[key] as string),
  }));
  assertNoClashAmong(kind, keys);
  for (const { key, path } of ready)
    if (readRecord(path, kind, key) === null) assertNoClash(directory, kind, key);
  return ready;
}

/** Refuses keys of one call that cannot lie beside each other (`loss` and `loss/train`). */
export function assertNoClashAmong(kind: RecordKind, keys: readonly string[]): void {
  if (keys.length < 2) return;
  const all = new Set(keys);
  for (const key of keys)
    for (let at = key.indexOf("/"); at > 0; at = key.indexOf("/", at + 1))
      if (all.has(key.slice(0, at))) throw clash(kind, key, key.slice(0, at));
}

/** True for the same value; throws for another one. */
function isSameParam(key: string, before: Uint8Array, bytes: Uint8Array): true {
  if (Buffer.compare(before, bytes) === 0) return true;
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

/** Writes or replaces tags; all are checked before the first is written. Returns their paths. */
export function writeTags(directory: string, tags: StringMap, sync: boolean): string[] {
  const ready = checkRecords(directory, "tag", tags);
  for (const { path, bytes } of ready) replaceFile(path, bytes, { temporaryIn: directory, sync });
  return ready.map(({ path }) => path);
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
  assertSpelling(path, kind, key);
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
  assertSpelling(path, kind, key);
}

/** Throws when the file at `path` has another spelling: the file system folds names, and the key's twin is there. */
export function assertSpelling(path: string, kind: RecordKind, key: string): void {
  const name = basename(path);
  const entries = listDirectory(dirname(path)) ?? [];
  if (entries.some((entry) => entry.name === name)) return;
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
