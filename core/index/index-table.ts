/** The runs of segments as one table: what a search with an index is evaluated over. */
import { join } from "node:path";
import { compareCodePoints } from "../../store-format/index.js";
import type { StateOf } from "../search/memory-run-table.js";
import type { RunRecord } from "../search/run-record.js";
import type { RunTable } from "../search/run-table.js";
import type { Column, Field, TextColumn } from "../search/table.js";
import { ColumnCache } from "./column-cache.js";
import { mergeColumns } from "./merge-columns.js";
import type { Segment } from "./segment.js";
import { SegmentDamage } from "./segment-damage.js";

/** Rows of one segment. */
export interface SegmentPart {
  readonly segment: Segment;
  /** The rows that count, ascending; null: all of them. The others are superseded or gone. */
  readonly rows: Uint32Array | null;
  /** Absolute; the directory of a run is the one of its id in there. */
  readonly experimentDirectory: string;
}

/**
 * Gives a segment with the same rows in the same order, made anew from the files of the runs. It is asked for when damage
 * is found while the table is in use.
 */
export type Recover = (part: SegmentPart, damage: SegmentDamage) => Segment;

export interface IndexTableOptions {
  readonly asOf: number;
  readonly stateOf: StateOf;
  /** Default: the {@link SegmentDamage} is thrown. */
  readonly recover?: Recover;
}

/** So many rows are found by looking through all; for more, a map is made. */
const FEW_LOOKUPS = 8;

type Entity = "metric" | "param" | "tag";

/** Columns are read when they are asked for, and put together when there is more than one segment. */
export class IndexTable implements RunTable {
  readonly asOf: number;
  readonly rowCount: number;
  readonly #parts: SegmentPart[];
  /** The first row of each part, and the number of all rows. */
  readonly #starts: readonly number[];
  readonly #options: IndexTableOptions;
  readonly #columns = new ColumnCache();
  readonly #keys = new Map<Entity, readonly string[]>();
  #lookups = 0;
  #rows: ReadonlyMap<string, number> | undefined;

  constructor(parts: readonly SegmentPart[], options: IndexTableOptions) {
    this.#parts = [...parts];
    this.#starts = startsOf(parts);
    this.rowCount = this.#starts.at(-1)!;
    this.#options = options;
    this.asOf = options.asOf;
  }

  runAt(row: number): RunRecord {
    if (!(row >= 0 && row < this.rowCount)) throw new RangeError(`there is no row ${row}`);
    const index = this.#partOf(row);
    const { rows, experimentDirectory } = this.#parts[index]!;
    const at = row - this.#starts[index]!;
    const record = this.#read(index, (segment) => segment.recordAt(rows === null ? at : rows[at]!));
    return { ...record, directory: join(experimentDirectory, record.runId) };
  }

  rowOf(runId: string): number | null {
    this.#lookups += 1;
    if (this.#lookups <= FEW_LOOKUPS) return this.#findRow(runId);
    this.#rows ??= this.#rowsById();
    return this.#rows.get(runId) ?? null;
  }

  column(field: Field): Column | null {
    return this.#columns.get(JSON.stringify(field), () =>
      field.entity === "attribute" && field.key === "state" ? this.#states() : this.#column(field),
    );
  }

  keys(entity: Entity): readonly string[] {
    let keys = this.#keys.get(entity);
    if (keys === undefined) {
      const lists = this.#parts.map(({ rows }, index) =>
        this.#read(index, (segment) =>
          rows === null ? segment.keys(entity) : segment.keysOfRows(entity, rows),
        ),
      );
      keys = unionOf(lists);
      this.#keys.set(entity, keys);
    }
    return keys;
  }

  #column(field: Field): Column | null {
    const columns = this.#parts.map(({ rows }, index) => ({
      column: this.#read(index, (segment) => segment.column(field)),
      rows,
      rowCount: this.#starts[index + 1]! - this.#starts[index]!,
    }));
    return mergeColumns(columns);
  }

  /** The status, or what is derived of it where it is RUNNING. */
  #states(): Column | null {
    const status = this.column({ entity: "attribute", key: "status" }) as TextColumn | null;
    const states = new Map(status?.texts.map((text, index) => [text, index + 1]));
    const codes = status === null ? new Uint32Array(this.rowCount) : Uint32Array.from(status.codes);
    const running = states.get("RUNNING");
    for (let row = 0; row < codes.length; row += 1) {
      if (codes[row] === 0) codes[row] = codeOf(states, "DAMAGED");
      else if (codes[row] === running) codes[row] = codeOf(states, this.#options.stateOf(this.runAt(row)));
    }
    return codes.length === 0 ? null : { kind: "text", codes, texts: [...states.keys()] };
  }

  #rowsById(): ReadonlyMap<string, number> {
    const rows = new Map<string, number>();
    const ids = this.#text("run_id");
    const isInTrash = this.#inTrash();
    ids?.codes.forEach((code, row) => {
      const runId = ids.texts[code - 1]!;
      const before = rows.get(runId);
      if (before === undefined || (isInTrash(before) && !isInTrash(row))) rows.set(runId, row);
    });
    return rows;
  }

  #findRow(runId: string): number | null {
    const ids = this.#text("run_id");
    const code = (ids?.texts.indexOf(runId) ?? -1) + 1;
    if (ids === null || code === 0) return null;
    const isInTrash = this.#inTrash();
    const first = ids.codes.indexOf(code);
    let row = first;
    while (row >= 0 && isInTrash(row)) row = ids.codes.indexOf(code, row + 1);
    return row >= 0 ? row : first < 0 ? null : first;
  }

  #inTrash(): (row: number) => boolean {
    const places = this.#text("place");
    const code = (places?.texts.indexOf("trash") ?? -1) + 1;
    return (row) => code > 0 && places?.codes[row] === code;
  }

  #text(key: string): TextColumn | null {
    return this.column({ entity: "attribute", key }) as TextColumn | null;
  }

  #partOf(row: number): number {
    let low = 0;
    let high = this.#parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#starts[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Reads from a segment; where it is damaged, from what {@link IndexTableOptions.recover} puts in its place. */
  #read<T>(index: number, read: (segment: Segment) => T): T {
    const part = this.#parts[index]!;
    try {
      return read(part.segment);
    } catch (error) {
      if (!(error instanceof SegmentDamage) || this.#options.recover === undefined) throw error;
      const segment = this.#options.recover(part, error);
      if (segment.rowCount !== part.segment.rowCount) throw error;
      this.#parts[index] = { ...part, segment };
      return read(segment);
    }
  }
}

function startsOf(parts: readonly SegmentPart[]): number[] {
  const starts = [0];
  for (const { segment, rows } of parts) starts.push(starts.at(-1)! + (rows?.length ?? segment.rowCount));
  return starts;
}

function unionOf(lists: readonly (readonly string[])[]): readonly string[] {
  if (lists.length === 1) return lists[0]!;
  return [...new Set(lists.flat())].sort(compareCodePoints);
}

/** The code of a text, which is added when it is new. */
function codeOf(codes: Map<string, number>, text: string): number {
  let code = codes.get(text);
  if (code === undefined) {
    code = codes.size + 1;
    codes.set(text, code);
  }
  return code;
}
