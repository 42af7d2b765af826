/**
 * The points of one series as a set: packed records (SPEC.md, R-record-3) in order, none twice. 24 bytes a point, so that
 * ten million points take 240 MB and a usual series a few kilobytes.
 */
import { createHash } from "node:crypto";
import {
  comparePointRecords,
  type Integer,
  POINT_RECORD_BYTES,
  type Point,
  pointRecord,
  sortPointRecords,
  writePointRecord,
} from "../../store-format/index.js";

export type BarePoint = Pick<Point, "timestamp" | "value" | "step">;

const SIGN_BIT = 2n ** 63n;

export class PointSet {
  readonly #records: Uint8Array;

  private constructor(records: Uint8Array) {
    this.#records = records;
  }

  static of(points: Iterable<BarePoint>): PointSet {
    const collector = new PointCollector();
    for (const point of points) collector.add(point);
    return collector.finish();
  }

  /** Takes records in any order. */
  static ofRecords(records: Uint8Array): PointSet {
    return new PointSet(withoutRepeats(sortPointRecords(records)));
  }

  get size(): number {
    return this.#records.length / POINT_RECORD_BYTES;
  }

  /** As `SeriesHead.sha256`. */
  sha256(): string {
    return createHash("sha256").update(this.#records).digest("hex");
  }

  equals(other: PointSet): boolean {
    return Buffer.compare(this.#records, other.#records) === 0;
  }

  has(point: BarePoint): boolean {
    const record = pointRecord(point);
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePointRecords(this.#record(middle), record) < 0) low = middle + 1;
      else high = middle;
    }
    return low < this.size && comparePointRecords(this.#record(low), record) === 0;
  }

  /** The points of this set that the other one has not. */
  without(other: PointSet): PointSet {
    const kept = new Uint8Array(this.#records.length);
    let filled = 0;
    let at = 0;
    for (let own = 0; own < this.size; own += 1) {
      const record = this.#record(own);
      while (at < other.size && comparePointRecords(other.#record(at), record) < 0) at += 1;
      if (at < other.size && comparePointRecords(other.#record(at), record) === 0) continue;
      kept.set(record, filled);
      filled += POINT_RECORD_BYTES;
    }
    return new PointSet(kept.subarray(0, filled));
  }

  /** In the order of (step, timestamp, bits of the value). */
  *points(): Generator<BarePoint> {
    const { buffer, byteOffset, byteLength } = this.#records;
    const view = new DataView(buffer, byteOffset, byteLength);
    for (let at = 0; at < byteLength; at += POINT_RECORD_BYTES) {
      yield {
        step: readInteger(view, at),
        timestamp: readInteger(view, at + 8),
        value: view.getFloat64(at + 16),
      };
    }
  }

  #record(index: number): Uint8Array {
    return this.#records.subarray(index * POINT_RECORD_BYTES, (index + 1) * POINT_RECORD_BYTES);
  }
}

/** Gathers the points of a set, whose number nobody knows before. */
export class PointCollector {
  #records = new Uint8Array(64 * POINT_RECORD_BYTES);
  #view = new DataView(this.#records.buffer);
  #filled = 0;

  add(point: BarePoint): void {
    if (this.#filled === this.#records.length) this.#grow();
    writePointRecord(point, this.#view, this.#filled);
    this.#filled += POINT_RECORD_BYTES;
  }

  finish(): PointSet {
    return PointSet.ofRecords(this.#records.subarray(0, this.#filled));
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#records.length);
    larger.set(this.#records);
    this.#records = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function withoutRepeats(sorted: Uint8Array): Uint8Array {
  let filled = 0;
  for (let at = 0; at < sorted.length; at += POINT_RECORD_BYTES) {
    const record = sorted.subarray(at, at + POINT_RECORD_BYTES);
    if (filled > 0 && comparePointRecords(sorted.subarray(filled - POINT_RECORD_BYTES), record) === 0)
      continue;
    if (filled !== at) sorted.copyWithin(filled, at, at + POINT_RECORD_BYTES);
    filled += POINT_RECORD_BYTES;
  }
  return sorted.subarray(0, filled);
}

function readInteger(view: DataView, at: number): Integer {
  const value = view.getBigUint64(at) - SIGN_BIT;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
