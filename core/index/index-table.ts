/** The runs of segments as one table: what a search with an index is evaluated over. */
import { join } from "node:path";
import { MemoryRunTable, type StateOf } from "../search/memory-run-table.js";
import type { RunRecord } from "../search/run-record.js";
import type { RunTable } from "../search/run-table.js";
import type { Column, Field } from "../search/table.js";
import type { Segment } from "./segment.js";
import type { SegmentDamage } from "./segment-damage.js";

/** Rows of one segment. */
export interface SegmentPart {
  readonly segment: Segment;
  /** The rows that count, ascending; null: all of them. The others are superseded or gone. */
  readonly rows: Uint32Array | null;
  /** Absolute; the directory of a run is the one of its id in there. */
  readonly experimentDirectory: string;
}

export interface IndexTableOptions {
  readonly asOf: number;
  readonly stateOf: StateOf;
  /**
   * Gives a segment with the same rows in the same order, made anew from the files of the runs; asked for when damage is
   * found while the table is in use. Default: the {@link SegmentDamage} is thrown.
   */
  readonly recover?: (part: SegmentPart, damage: SegmentDamage) => Segment;
}

export class IndexTable implements RunTable {
  readonly asOf: number;
  readonly #table: MemoryRunTable;

  constructor(parts: readonly SegmentPart[], options: IndexTableOptions) {
    this.asOf = options.asOf;
    this.#table = new MemoryRunTable(parts.flatMap(runsOf), options);
  }

  get rowCount(): number {
    return this.#table.rowCount;
  }

  runAt(row: number): RunRecord {
    return this.#table.runAt(row);
  }

  rowOf(runId: string): number | null {
    return this.#table.rowOf(runId);
  }

  column(field: Field): Column | null {
    return this.#table.column(field);
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    return this.#table.keys(entity);
  }
}

function runsOf({ segment, rows, experimentDirectory }: SegmentPart): RunRecord[] {
  return [...(rows ?? Array(segment.rowCount).keys())].map((row) => {
    const record = segment.recordAt(row);
    return { ...record, directory: join(experimentDirectory, record.runId) };
  });
}
