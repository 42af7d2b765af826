/** Points as a set that grows while it is asked: those of one series, as they arrive. */
import { Buffer } from "node:buffer";
import { POINT_RECORD_BYTES, type Point, writePointRecord } from "../../store-format/index.js";
import { PointSet } from "../store/runs/point-set.js";

/** Points that are kept as texts until they are sorted into the others, and the share of all that they may be. */
const RECENT_LEAST = 10_000;
const RECENT_SHARE = 4;

export class GrowingPointSet {
  readonly #sorted = new PointSet();
  /** Adding to the sorted ones sorts them anew at the next question: the latest wait here. */
  readonly #recent = new Map<string, Point>();
  readonly #record = Buffer.alloc(POINT_RECORD_BYTES);
  readonly #view = new DataView(this.#record.buffer, this.#record.byteOffset, POINT_RECORD_BYTES);

  /** For points that nobody asks about one by one. */
  add(point: Point): void {
    this.#sorted.add(point);
  }

  /** False: it was there. */
  addIfNew(point: Point): boolean {
    writePointRecord(point, this.#view, 0);
    const name = this.#record.toString("latin1");
    if (this.#recent.has(name) || this.#sorted.has(point)) return false;
    this.#recent.set(name, point);
    if (this.#recent.size >= Math.max(RECENT_LEAST, this.#sorted.size / RECENT_SHARE)) this.#sortRecent();
    return true;
  }

  #sortRecent(): void {
    for (const point of this.#recent.values()) this.#sorted.add(point);
    this.#recent.clear();
  }
}
