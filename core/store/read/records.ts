/** Params, tags and the keys of metrics: one file a key, at any depth; the key is the relative path. */
import {
  compareCodePoints,
  decodeText,
  isReadableKey,
  isStrayEntry,
  type StringMap,
} from "../../../store-format/index.js";
import { readBytesIfExists } from "../../fs/index.js";
import { type OnDamage, readable, report } from "./damages.js";
import { entriesOf } from "./entries.js";
import { fileIn, inside, type Located } from "./located.js";

/** A param or tag, with its bytes as they lie on disk. */
export interface RecordBytes {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Params of a run or logged model, by key in code-point order. Unreadable ones are reported and left out. */
export function readParams(owner: Located, onDamage: OnDamage): RecordBytes[] {
  return readRecords(owner, "params", onDamage);
}

/** Tags of a run, experiment, logged model, registered model, model version or trace; as {@link readParams}. */
export function readTags(owner: Located, onDamage: OnDamage): RecordBytes[] {
  return readRecords(owner, "tags", onDamage);
}

/** The files of `folder` (`params`, `tags`, `aliases`, `request_metadata`) as records. */
export function readRecords(owner: Located, folder: string, onDamage: OnDamage): RecordBytes[] {
  const records: RecordBytes[] = [];
  for (const key of readKeys(inside(owner, folder), onDamage)) {
    const name = `${folder}/${key}`;
    const bytes = readable(onDamage, owner, name, () => readBytesIfExists(fileIn(owner, name)));
    if (bytes !== null) records.push({ key, bytes });
  }
  return records;
}

/** One record's bytes; null when it is not there. The key must come from a listing or from `keyToPath`. Throws typed errors. */
export function readRecord(owner: Located, folder: string, key: string): Uint8Array | null {
  return readBytesIfExists(fileIn(owner, `${folder}/${key}`));
}

/** Records as text. Bytes that are no UTF-8 become U+FFFD: for showing, not for writing back. */
export function toStringMap(records: readonly RecordBytes[]): StringMap {
  const map: Record<string, string> = Object.create(null);
  for (const { key, bytes } of records) map[key] = decodeText(bytes).value;
  return map;
}

/**
 * The keys that a directory of records holds, in code-point order: every regular file at any depth whose relative path
 * is a key by MLflow's rule. Stray files (placeholders, of the OS, of editors) are no keys; they, names that are no
 * keys, and links (never followed) are reported.
 */
export function readKeys(folder: Located, onDamage: OnDamage): string[] {
  const keys: string[] = [];
  collectKeys(folder, "", keys, onDamage);
  return keys.sort(compareCodePoints);
}

function collectKeys(directory: Located, prefix: string, keys: string[], onDamage: OnDamage): void {
  for (const entry of entriesOf(directory, onDamage)) {
    const { name } = entry;
    const key = prefix + name;
    if (isStrayEntry(name)) report(onDamage, directory, "stray_entry", { name });
    else if (entry.isDirectory()) collectKeys(inside(directory, name), `${key}/`, keys, onDamage);
    else if (!entry.isFile()) report(onDamage, directory, "not_a_regular_file", { name });
    else if (isReadableKey(key)) keys.push(key);
    else report(onDamage, directory, "key_illegal", { name });
  }
}
