import type { Dataset, DatasetRef, Point, StringMap } from "./entities.js";
import { compareCodePoints, encodeUtf8, jsonText } from "./text.js";

/** What the digests need of a hash function (SHA-256): `node:crypto`'s Hash with one method renamed. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digestHex(): string;
}

/** Bytes of a {@link pointRecord}. */
export const POINT_RECORD_BYTES = 24;

const SIGN_BIT = 2n ** 63n;
const CANONICAL_NAN_HIGH = 0x7ff80000;

/**
 * A point as 24 bytes: step, timestamp (both 64 bits, big-endian, plus 2^63), bits of the value (big-endian, every NaN
 * as 7ff8000000000000). Their byte order is the order of (step, timestamp, bits).
 */
export function pointRecord(point: Pick<Point, "timestamp" | "value" | "step">): Uint8Array {
  const record = new Uint8Array(POINT_RECORD_BYTES);
  writePointRecord(point, new DataView(record.buffer), 0);
  return record;
}

/** As {@link pointRecord}, into a larger buffer. */
export function writePointRecord(
  point: Pick<Point, "timestamp" | "value" | "step">,
  target: DataView,
  offset: number,
): void {
  writeInt64(point.step, target, offset);
  writeInt64(point.timestamp, target, offset + 8);
  if (Number.isNaN(point.value)) {
    target.setUint32(offset + 16, CANONICAL_NAN_HIGH);
    target.setUint32(offset + 20, 0);
  } else target.setFloat64(offset + 16, point.value);
}

function writeInt64(value: number | bigint, target: DataView, offset: number): void {
  if (typeof value === "bigint") {
    target.setBigUint64(offset, value + SIGN_BIT);
    return;
  }
  const high = Math.floor(value / 0x1_0000_0000);
  target.setUint32(offset, high + 0x8000_0000);
  target.setUint32(offset + 4, value - high * 0x1_0000_0000);
}

/** Order of two point records. */
export function comparePointRecords(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < POINT_RECORD_BYTES; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return 0;
}

/** Packed records, sorted. Records that are in order already (the usual case) are returned as they are. */
export function sortPointRecords(records: Uint8Array): Uint8Array {
  const count = records.length / POINT_RECORD_BYTES;
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  if (isSorted(view, count)) return records;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  order.sort((a, b) => compareAt(view, a, b));
  const sorted = new Uint8Array(records.length);
  for (let i = 0; i < count; i++) {
    const start = order[i]! * POINT_RECORD_BYTES;
    sorted.set(records.subarray(start, start + POINT_RECORD_BYTES), i * POINT_RECORD_BYTES);
  }
  return sorted;
}

function isSorted(view: DataView, count: number): boolean {
  for (let i = 1; i < count; i++) {
    if (compareAt(view, i - 1, i) > 0) return false;
  }
  return true;
}

function compareAt(view: DataView, a: number, b: number): number {
  for (let word = 0; word < POINT_RECORD_BYTES; word += 4) {
    const x = view.getUint32(a * POINT_RECORD_BYTES + word);
    const y = view.getUint32(b * POINT_RECORD_BYTES + word);
    if (x !== y) return x - y;
  }
  return 0;
}

/** The points of one series (a metric key, and the dataset its points are linked to, if any) as a set. */
export interface SeriesDigest {
  /** Different points. */
  readonly count: number;
  /** SHA-256 over their records in order. */
  readonly sha256: string;
}

/** Digests one series of any length from records given in order; equal records count once. */
export class SeriesHasher {
  readonly #hasher: Hasher;
  readonly #last = new Uint8Array(POINT_RECORD_BYTES);
  readonly #pending = new Uint8Array(POINT_RECORD_BYTES * 1024);
  #filled = 0;
  #count = 0;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** One record, not smaller than the one before; throws RangeError for one that is. */
  add(record: Uint8Array): void {
    if (!this.addIfInOrder(record)) throw new RangeError("point records must be added in order");
  }

  /** As {@link add}; false, with nothing added, for a record that is smaller than the one before. */
  addIfInOrder(record: Uint8Array): boolean {
    if (this.#count > 0) {
      const order = comparePointRecords(this.#last, record);
      if (order === 0) return true;
      if (order > 0) return false;
    }
    this.#last.set(record);
    this.#count += 1;
    this.#pending.set(record, this.#filled);
    this.#filled += POINT_RECORD_BYTES;
    if (this.#filled === this.#pending.length) this.#flush();
    return true;
  }

  /** Packed records in order. */
  addAll(records: Uint8Array): void {
    for (let i = 0; i < records.length; i += POINT_RECORD_BYTES)
      this.add(records.subarray(i, i + POINT_RECORD_BYTES));
  }

  finish(): SeriesDigest {
    this.#flush();
    return { count: this.#count, sha256: this.#hasher.digestHex() };
  }

  #flush(): void {
    this.#hasher.update(this.#pending.slice(0, this.#filled));
    this.#filled = 0;
  }
}

/** Tags below this prefix are Runstone's own notes about a run and no part of its record. */
export const OWN_TAG_PREFIX = "runstone.";

/**
 * The record digest of a run: what makes it equal to a run in another store. The preimage is the line
 * `runstone-record 1`, then one line per thing, sorted by code points, each ended by LF (texts as JSON strings with only
 * `"`, `\` and U+0000..U+001F escaped, hashes as 64 hex digits):
 *
 * ```
 * artifact <path> <sha256 of the content>
 * input ["DATASET",name,digest,source type,source,schema or null,profile or null,[[tag key,tag value],...]]
 * input ["MODEL",model id]
 * metric <key> <points> <sha256 of the series> [<dataset name> <dataset digest>]
 * output [model id,"<step>"]
 * param <key> <sha256 of the value>
 * tag <key> <sha256 of the value>
 * ```
 *
 * Things may be added in any order; equal lines count once, and a series without points has none.
 */
export class RecordDigestBuilder {
  readonly #newHasher: () => Hasher;
  readonly #lines = new Set<string>();

  constructor(newHasher: () => Hasher) {
    this.#newHasher = newHasher;
  }

  param(key: string, value: Uint8Array): void {
    this.#lines.add(`param ${jsonText(key)} ${this.#hash(value)}`);
  }

  /** Tags below `runstone.` are passed over. */
  tag(key: string, value: Uint8Array): void {
    if (!key.startsWith(OWN_TAG_PREFIX)) this.#lines.add(`tag ${jsonText(key)} ${this.#hash(value)}`);
  }

  /** A hasher for the series of a key; hand its result to {@link series}. */
  newSeries(): SeriesHasher {
    return new SeriesHasher(this.#newHasher());
  }

  series(key: string, digest: SeriesDigest, dataset?: DatasetRef): void {
    if (digest.count === 0) return;
    const link = dataset === undefined ? "" : ` ${jsonText(dataset.name)} ${jsonText(dataset.digest)}`;
    this.#lines.add(`metric ${jsonText(key)} ${digest.count} ${digest.sha256}${link}`);
  }

  datasetInput(dataset: Omit<Dataset, "datasetId">, tags: StringMap): void {
    const { name, digest, sourceType, source, schema, profile } = dataset;
    const pairs = Object.keys(tags).sort(compareCodePoints);
    const list = jsonList(pairs.map((key) => jsonList([jsonText(key), jsonText(tags[key]!)])));
    const members = ["DATASET", name, digest, sourceType, source, schema, profile].map(jsonTextOrNull);
    this.#lines.add(`input ${jsonList([...members, list])}`);
  }

  modelInput(modelId: string): void {
    this.#lines.add(`input ${jsonList([jsonText("MODEL"), jsonText(modelId)])}`);
  }

  output(modelId: string, step: number | bigint): void {
    this.#lines.add(`output ${jsonList([jsonText(modelId), jsonText(String(step))])}`);
  }

  /** `sha256` in lower-case hex. */
  artifact(path: string, sha256: string): void {
    this.#lines.add(`artifact ${jsonText(path)} ${sha256}`);
  }

  digestHex(): string {
    const hasher = this.#newHasher();
    hasher.update(encodeUtf8("runstone-record 1\n"));
    for (const line of [...this.#lines].sort(compareCodePoints)) hasher.update(encodeUtf8(`${line}\n`));
    return hasher.digestHex();
  }

  #hash(bytes: Uint8Array): string {
    const hasher = this.#newHasher();
    hasher.update(bytes);
    return hasher.digestHex();
  }
}

function jsonTextOrNull(text: string | null): string {
  return text === null ? "null" : jsonText(text);
}

function jsonList(items: readonly string[]): string {
  return `[${items.join(",")}]`;
}
