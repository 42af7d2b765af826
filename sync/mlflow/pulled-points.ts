/** Points there against those here: which are new, in flat memory over runs. */
import type { RunLocation } from "../../core/index.js";
import {
  type PointSource,
  type RunDocument,
  readSeries,
  type SeriesHead,
} from "../../core/transfer/index.js";
import type { Point } from "../../store-format/index.js";
import { PointCollector, PointSet } from "../engine/point-set.js";
import type { PulledHistories } from "./pull-histories.js";
import { storedPoint } from "./stored-value.js";

/** Points of one run that are kept between reading them and writing them; those beyond are asked for again. */
const MOST_KEPT = 2_000_000;
/** Points of one chunk. */
const CHUNK = 10_000;

export interface RunHere {
  readonly location: RunLocation;
  readonly document: RunDocument;
}

export class PulledPoints {
  readonly #histories: PulledHistories;
  readonly #remoteRunId: string;
  readonly #mine: RunHere | null;
  readonly #kept = new Map<string, PointSet>();
  #keptPoints = 0;
  readonly series: SeriesHead[] = [];
  /** Points there, by key. */
  readonly counts = new Map<string, number>();
  /** Points that are not here. */
  added = 0;
  /** Some that are here are not there. */
  lacks = false;

  constructor(histories: PulledHistories, remoteRunId: string, mine: RunHere | null) {
    this.#histories = histories;
    this.#remoteRunId = remoteRunId;
    this.#mine = mine;
  }

  async read(key: string): Promise<void> {
    const theirs = await this.#histories.of(this.#remoteRunId, key);
    if (theirs.size === 0) return;
    this.counts.set(key, theirs.size);
    const heads = this.#mine?.document.series.filter((head) => head.key === key) ?? [];
    const missing = this.#without(key, theirs, heads);
    if (missing === null || missing.size === 0) return void this.series.push(...heads);
    this.added += missing.size;
    this.series.push({ key, count: theirs.size, sha256: theirs.sha256() });
    if (this.#keptPoints + missing.size > MOST_KEPT) return;
    this.#kept.set(key, missing);
    this.#keptPoints += missing.size;
  }

  /** Keys that are not there at all. */
  end(): void {
    for (const { key } of this.#mine?.document.series ?? []) if (!this.counts.has(key)) this.lacks = true;
  }

  /** The points that are not here. */
  readonly source: PointSource = (key) => this.#chunks(key);

  async *#chunks(key: string): AsyncGenerator<readonly Point[]> {
    const set = this.#kept.get(key) ?? (await this.#again(key));
    this.#kept.delete(key);
    let chunk: Point[] = [];
    for (const point of set.points()) {
      chunk.push(point);
      if (chunk.length < CHUNK) continue;
      yield chunk;
      chunk = [];
    }
    yield chunk;
  }

  async #again(key: string): Promise<PointSet> {
    const theirs = await this.#histories.of(this.#remoteRunId, key);
    const heads = this.#mine?.document.series.filter((head) => head.key === key) ?? [];
    return this.#without(key, theirs, heads) ?? PointSet.of([]);
  }

  /** Null: both have the same. What the server cannot hold as it is (infinities) counts as what it makes of it. */
  #without(key: string, theirs: PointSet, heads: readonly SeriesHead[]): PointSet | null {
    if (this.#mine === null || heads.length === 0) return theirs;
    const [head] = heads;
    if (heads.length === 1 && head!.count === theirs.size && head!.sha256 === theirs.sha256()) return null;
    const collector = new PointCollector();
    for (const { points } of readSeries(this.#mine.location, key).chunks)
      for (const point of points) collector.add(storedPoint(point));
    const own = collector.finish();
    if (own.without(theirs).size > 0) this.lacks = true;
    return theirs.without(own);
  }
}
