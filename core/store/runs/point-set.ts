/** The points of a series as a set: 24 bytes a point in memory, in a buffer that doubles. */
import { createHash } from "node:crypto";
import {
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
  #length = 0;

  constructor(dataset?: DatasetRef) {
    this.dataset = dataset;
  }

  add(point: Point): void {
    if (this.#length === this.#bytes.length) this.#grow();
    writePointRecord(point, this.#view, this.#length);
    this.#length += POINT_RECORD_BYTES;
  }

  digest(): SeriesDigest {
    const hasher = new SeriesHasher(newHasher());
    hasher.addAll(sortPointRecords(this.#bytes.subarray(0, this.#length)));
    return hasher.finish();
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
