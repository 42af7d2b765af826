/** An index file, open for reading. */
import { deserialize } from "node:v8";
import { crc32 } from "node:zlib";
import { OpenFile } from "../fs/index.js";
import { MemoryRunTable } from "../search/memory-run-table.js";
import type { Column, Field } from "../search/table.js";
import type { IndexedRun, IndexRecord, SignatureColumns } from "./indexed-run.js";
import { SegmentDamage } from "./segment-damage.js";

export class Segment {
  readonly rowCount: number;
  readonly #rows: readonly IndexedRun[];
  readonly #table: MemoryRunTable;

  private constructor(rows: readonly IndexedRun[]) {
    this.#rows = rows;
    this.rowCount = rows.length;
    const runs = rows.map(({ record }) => ({ ...record, directory: "" }));
    this.#table = new MemoryRunTable(runs, { asOf: 0, stateOf: () => "RUNNING" });
  }

  /** Null when there is no such file. Throws {@link SegmentDamage} and typed I/O errors; so does every other method. */
  static open(path: string): Segment | null {
    const file = OpenFile.openIfExists(path);
    if (file === null) return null;
    try {
      return Segment.from(Buffer.concat([...file.blocks()].map((block) => Uint8Array.from(block))), path);
    } finally {
      file.close();
    }
  }

  /** A segment held in memory. `path` names it in messages. */
  static from(bytes: Uint8Array, path = "in memory"): Segment {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (buffer.length < 8 || crc32(buffer.subarray(8)) !== buffer.readUInt32LE(0))
      throw new SegmentDamage(path, "the checksum differs");
    return new Segment(deserialize(buffer.subarray(8)));
  }

  /** The rows with what tells whether they are current. */
  signatures(): SignatureColumns {
    return {
      structure: BigUint64Array.from(this.#rows, ({ signature }) => signature.structure),
      content: BigUint64Array.from(this.#rows, ({ signature }) => signature.content),
      readAtMs: Float64Array.from(this.#rows, ({ signature }) => signature.readAtMs),
      flags: Uint8Array.from(this.#rows, ({ signature }) => signature.flags),
    };
  }

  /** The run id of each row. */
  runIds(): readonly string[] {
    return this.#rows.map(({ record }) => record.runId);
  }

  recordAt(row: number): IndexRecord {
    return this.indexedRunAt(row).record;
  }

  indexedRunAt(row: number): IndexedRun {
    const found = this.#rows[row];
    if (found === undefined) throw new RangeError(`there is no row ${row}`);
    return found;
  }

  /** As that of a search table; the attribute `state` is none of a segment's. */
  column(field: Field): Column | null {
    return this.#table.column(field);
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    return this.#table.keys(entity);
  }

  /** Reading on fails. */
  close(): void {}
}
