/** A shard in memory: the segments of one experiment, and which of their rows count. */
import { randomBytes } from "node:crypto";
import type { IndexedRun, SignatureColumns } from "./indexed-run.js";
import { Segment } from "./segment.js";
import { SegmentBuilder } from "./segment-builder.js";
import type { SegmentEntry, ShardState } from "./shard-state.js";

export interface ShardPart {
  /** Of its file, without the name of the shard. */
  readonly name: string;
  readonly segment: Segment;
  readonly runIds: readonly string[];
  readonly signatures: SignatureColumns;
  /** The rows that count, ascending. */
  readonly rows: Uint32Array;
  /** Set until the file is written. */
  readonly unwritten: Uint8Array | null;
}

export interface Shard {
  readonly state: Omit<ShardState, "segments">;
  readonly parts: readonly ShardPart[];
}

/** As many rows, and about as many bytes of params and tags, a segment gets at most: what is read of it at once stays within bounds. */
const MAX_ROWS = 1 << 17;
export const MAX_TEXT_BYTES = 1 << 27;
/** Segments below are always merged. */
const MIN_ROWS = 64;

/** Throws `SegmentDamage`. */
export function partOf(segment: Segment, entry: SegmentEntry): ShardPart {
  return {
    name: entry.name,
    segment,
    runIds: segment.runIds(),
    signatures: segment.signatures(),
    rows: liveRows(entry),
    unwritten: null,
  };
}

/** The same segment, of which other rows count. */
export function withDead(part: ShardPart, entry: SegmentEntry): ShardPart {
  return { ...part, rows: liveRows(entry) };
}

function liveRows({ rows, dead }: SegmentEntry): Uint32Array {
  const live = new Uint32Array(rows - dead.length);
  let count = 0;
  let next = 0;
  for (let row = 0; row < rows; row += 1) {
    if (dead[next] === row) next += 1;
    else {
      live[count] = row;
      count += 1;
    }
  }
  return live;
}

export function entryOf({ name, segment, rows }: ShardPart): SegmentEntry {
  const live = new Uint8Array(segment.rowCount);
  for (const row of rows) live[row] = 1;
  const dead: number[] = [];
  for (let row = 0; row < live.length; row += 1) if (live[row] === 0) dead.push(row);
  return { name, rows: segment.rowCount, dead };
}

/**
 * The parts with further runs. Small segments, and those of which most is gone, are merged with the new one, so that
 * there are few segments and each row is written a number of times that grows with the logarithm of the number of rows.
 */
export class PartsBuilder {
  readonly #made: ShardPart[] = [];
  readonly #maxTextBytes: number;
  #builder = new SegmentBuilder();
  #textBytes = 0;

  constructor(maxTextBytes = MAX_TEXT_BYTES) {
    this.#maxTextBytes = maxTextBytes;
  }

  add(run: IndexedRun): void {
    this.#builder.add(run);
    this.#textBytes += textBytesOf(run);
    if (this.#builder.rowCount >= MAX_ROWS || this.#textBytes >= this.#maxTextBytes) this.#finish();
  }

  /** `parts` with the rows that still count. */
  finish(parts: readonly ShardPart[]): ShardPart[] {
    const kept: ShardPart[] = [];
    let added = this.#builder.rowCount;
    for (const part of [...parts].sort((a, b) => a.rows.length - b.rows.length)) {
      if (part.rows.length === 0) continue;
      const isFull = part.segment.size >= this.#maxTextBytes / 2;
      if (!isWorthMerging(part, isFull ? 0 : added)) kept.push(part);
      else {
        added += part.rows.length;
        for (const row of part.rows) this.add(part.segment.indexedRunAt(row));
      }
    }
    if (this.#builder.rowCount > 0) this.#finish();
    return [...kept, ...this.#made];
  }

  #finish(): void {
    const bytes = this.#builder.finish();
    this.#builder = new SegmentBuilder();
    this.#textBytes = 0;
    const name = randomBytes(8).toString("hex");
    const segment = Segment.from(bytes, name);
    this.#made.push({ ...partOf(segment, { name, rows: segment.rowCount, dead: [] }), unwritten: bytes });
  }
}

/** Two bytes a character, as it is kept where not all are Latin. */
function textBytesOf({ record: { params, tags } }: IndexedRun): number {
  let characters = 0;
  for (const key in params) characters += params[key]!.length;
  for (const key in tags) characters += tags[key]!.length;
  return characters * 2;
}

function isWorthMerging({ segment, rows }: ShardPart, added: number): boolean {
  if (rows.length * 2 < segment.rowCount) return true;
  return added > 0 && rows.length < Math.min(MAX_ROWS / 2, Math.max(MIN_ROWS, 2 * added));
}
