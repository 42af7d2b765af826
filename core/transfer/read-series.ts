/** The points of a series on their way out: in file order, in flat memory, from where an earlier sending ended. */
import { createHash, type Hash } from "node:crypto";
import { POINT_RECORD_BYTES, type Point, writePointRecord } from "../../store-format/index.js";
import { type OnDamage, THROW_UNREADABLE } from "../store/read/damages.js";
import type { RunLocation } from "../store/read/located.js";
import { readPointChunks } from "../store/read/metric-points.js";

/**
 * So many points in file order, and a hash of them: SHA-256 over their records of 24 bytes (SPEC.md, Record digest), each
 * one that is linked followed by the JSON text `[dataset name, dataset digest, model id]` with null for what it lacks.
 */
export interface SeriesMark {
  readonly count: number;
  readonly sha256: string;
}

export interface SeriesChunk {
  readonly points: readonly Point[];
  /** The mark behind these points: go on from here. */
  readonly mark: SeriesMark;
}

export interface SeriesReading {
  /**
   * How many points are passed over: those of the mark to go on from, or 0 when the first points are no longer those (other
   * writers' points came before them, or something else changed the files).
   */
  readonly start: number;
  /** Can be read once. The files stay open until it is read to its end or left. */
  readonly chunks: Iterable<SeriesChunk>;
}

export interface ReadSeriesOptions {
  readonly from?: SeriesMark;
  /** Default: a file that cannot be read is IO_ERROR; lines that are no points are passed over (the document names them). */
  readonly onDamage?: OnDamage;
}

/** All points of a key, of every dataset. Empty for an unknown key. Throws typed I/O errors. */
export function readSeries(
  location: RunLocation,
  key: string,
  { from, onDamage = THROW_UNREADABLE }: ReadSeriesOptions = {},
): SeriesReading {
  const open = (): SeriesRun => new SeriesRun(readPointChunks(location, key, onDamage));
  if (from === undefined) return { start: 0, chunks: open().chunks() };
  const series = open();
  if (series.passOver(from)) return { start: from.count, chunks: series.chunks() };
  series.leave();
  return { start: 0, chunks: open().chunks() };
}

/** Hashes points in file order. */
export class SeriesMarker {
  readonly #hash: Hash = createHash("sha256");
  readonly #records = new Uint8Array(POINT_RECORD_BYTES * 256);
  readonly #view = new DataView(this.#records.buffer);
  #filled = 0;
  #count = 0;

  add(point: Point): void {
    if (this.#filled === this.#records.length) this.#flush();
    writePointRecord(point, this.#view, this.#filled);
    this.#filled += POINT_RECORD_BYTES;
    this.#count += 1;
    if (point.dataset === undefined && point.modelId === undefined) return;
    this.#flush();
    this.#hash.update(linkText(point));
  }

  mark(): SeriesMark {
    this.#flush();
    return { count: this.#count, sha256: this.#hash.copy().digest("hex") };
  }

  #flush(): void {
    if (this.#filled > 0) this.#hash.update(this.#records.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

function linkText({ dataset, modelId }: Point): string {
  return JSON.stringify([dataset?.name ?? null, dataset?.digest ?? null, modelId ?? null]);
}

class SeriesRun {
  readonly #source: Generator<readonly Point[]>;
  readonly #marker = new SeriesMarker();
  #rest: readonly Point[] = [];

  constructor(source: Generator<readonly Point[]>) {
    this.#source = source;
  }

  /** Reads the points of a mark; whether they are those that it was taken of. */
  passOver({ count, sha256 }: SeriesMark): boolean {
    for (let left = count; left > 0; ) {
      const next = this.#source.next();
      if (next.done === true) return false;
      const passed = next.value.slice(0, left);
      for (const point of passed) this.#marker.add(point);
      left -= passed.length;
      this.#rest = next.value.slice(passed.length);
    }
    return this.#marker.mark().sha256 === sha256;
  }

  *chunks(): Generator<SeriesChunk> {
    try {
      if (this.#rest.length > 0) yield this.#chunk(this.#rest);
      for (const points of this.#source) if (points.length > 0) yield this.#chunk(points);
    } finally {
      this.leave();
    }
  }

  leave(): void {
    this.#source.return(undefined);
  }

  #chunk(points: readonly Point[]): SeriesChunk {
    for (const point of points) this.#marker.add(point);
    return { points, mark: this.#marker.mark() };
  }
}
