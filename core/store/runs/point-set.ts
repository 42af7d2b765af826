/** The points of a series as a set: 24 bytes a point in memory, in a buffer that doubles. */
import { createHash } from "node:crypto";
import {
  comparePointRecords,
  type DatasetRef,
  type Hasher,
  POINT_RECORD_BYTES,
  type Point,
  type SeriesDigest,
  SeriesHasher,
  sortPointRecords,
  writePointRecord,
} from "../../../store-format/index.js";

/** SHA-256. */
export function newHasher(): Hasher {
  const hash = createHash("sha256");
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digestHex: () => hash.digest("hex"),
  };
}

export class PointSet {
  readonly dataset: DatasetRef | undefined;
  #bytes = new Uint8Array(POINT_RECORD_BYTES * 1024);
  #view = new DataView(this.#bytes.buffer);
  readonly #wanted = new Uint8Array(POINT_RECORD_BYTES);
  #length = 0;
  #isSorted = true;

  constructor(dataset?: DatasetRef) {
    this.dataset = dataset;
  }

  /** Points that were added, those that are there twice counted twice. */
  get size(): number {
    return this.#length / POINT_RECORD_BYTES;
  }

  add(point: Point): void {
    if (this.#length === this.#bytes.length) this.#grow();
    writePointRecord(point, this.#view, this.#length);
    this.#length += POINT_RECORD_BYTES;
    this.#isSorted = false;
  }

  /** Sorts what was added since the last call. */
  digest(): SeriesDigest {
    const hasher = new SeriesHasher(newHasher());
    hasher.addAll(this.#sorted());
    return hasher.finish();
  }

  /** Whether the point is in the set. Adding and asking in turns sorts each time: add all first. */
  has(point: Point): boolean {
    writePointRecord(point, new DataView(this.#wanted.buffer), 0);
    const sorted = this.#sorted();
    let low = 0;
    let high = sorted.length / POINT_RECORD_BYTES;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * POINT_RECORD_BYTES;
      const order = comparePointRecords(sorted.subarray(at, at + POINT_RECORD_BYTES), this.#wanted);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }

  #sorted(): Uint8Array {
    if (!this.#isSorted) {
      const records = this.#bytes.subarray(0, this.#length);
      const sorted = sortPointRecords(records);
      if (sorted !== records) records.set(sorted);
      this.#isSorted = true;
    }
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
