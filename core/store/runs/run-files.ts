/** Small writes inside a run directory: params, tags, meta. Temporary files lie in the run directory, where MLflow never looks. */
import { join } from "node:path";
import {
  checkKey,
  encodeText,
  MAX_PARAM_VALUE_BYTES,
  MAX_TAG_VALUE_BYTES,
  type RunMeta,
  RunstoneError,
  type StringMap,
  serializeRunMeta,
} from "../../../store-format/index.js";
import { createFile, readBytesIfExists, replaceFile } from "../../fs/index.js";
import { assertNoClashAmong, deleteKeyFile, freePath, type KeyFolder } from "../key-files.js";
import { META } from "../layout.js";

type RecordKind = "param" | "tag";
const FOLDERS: Readonly<Record<RecordKind, KeyFolder>> = { param: "params", tag: "tags" };

/** Replaces a run's meta.yaml; durable when it returns. */
export function writeRunMeta(directory: string, meta: RunMeta): void {
  replaceFile(join(directory, META), encodeText(serializeRunMeta(meta)), {
    temporaryIn: directory,
    sync: true,
  });
}

/** The bytes of a param or tag value; throws when they are over the limit or no text. */
export function valueBytes(kind: RecordKind, key: string, value: string): Uint8Array {
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

/** Checks keys, values and clashes, with what is there and among themselves; nothing is written. */
function checkRecords(directory: string, kind: RecordKind, records: StringMap): ReadyRecord[] {
  const entries = Object.entries(records);
  for (const [key] of entries) checkKey(key, kind);
  assertNoClashAmong(
    FOLDERS[kind],
    entries.map(([key]) => key),
  );
  return entries.map(([key, value]) => ({
    key,
    path: freePath({ owner: directory, folder: FOLDERS[kind] }, key),
    bytes: valueBytes(kind, key, value),
  }));
}

/**
 * Writes params once each. The same value again is fine, another one is PARAM_CONFLICT; two writers at once cannot both
 * win. All are checked before the first is written. Returns the paths written now.
 */
export function createParams(directory: string, params: StringMap, sync: boolean): string[] {
  const missing = checkRecords(directory, "param", params).filter(({ key, path, bytes }) => {
    const before = readBytesIfExists(path);
    return before === null || !isSameParam(key, before, bytes);
  });
  return missing.filter((record) => createParam(directory, record, sync)).map(({ path }) => path);
}

function createParam(directory: string, { key, path, bytes }: ReadyRecord, sync: boolean): boolean {
  if (createFile(path, bytes, { temporaryIn: directory, sync })) return true;
  return !isSameParam(key, readBytesIfExists(path) ?? new Uint8Array(), bytes);
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

/** Removes a tag, durably; RESOURCE_DOES_NOT_EXIST when there is none. */
export function removeTag(directory: string, key: string): void {
  checkKey(key, "tag");
  if (deleteKeyFile({ owner: directory, folder: "tags" }, key)) return;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no tag ${JSON.stringify(key)}`, {
    hint: "See the run's tags with `runstone show`.",
    data: { key },
  });
}
