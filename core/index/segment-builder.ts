/** Makes an index file of runs that come one by one, without keeping their records. */
import type { IndexedRun } from "./indexed-run.js";
import { serializeSegment } from "./segment-format.js";

export class SegmentBuilder {
  readonly #rows: IndexedRun[] = [];

  get rowCount(): number {
    return this.#rows.length;
  }

  add(run: IndexedRun): void {
    this.#rows.push(run);
  }

  /** The bytes of the file. Nothing may be added afterwards. */
  finish(): Uint8Array {
    return serializeSegment(this.#rows);
  }
}
