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
import { type OddPoints, type Restored, restorePoints } from "./odd-points.js";
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

  /** What came otherwise than it was where the run was made: one sentence each. */
  readonly differences: string[] = [];
  readonly #odd: OddPoints;

  /** Points here that are not there, by key. */
  readonly #lacking = new Map<string, number>();

  constructor(
    histories: PulledHistories,
    { remoteRunId, odd }: { readonly remoteRunId: string; readonly odd: OddPoints },
    mine: RunHere | null,
  ) {
    this.#histories = histories;
    this.#remoteRunId = remoteRunId;
    this.#odd = odd;
    this.#mine = mine;
  }

  async read(key: string): Promise<void> {
    const { points: theirs, changed } = await this.#theirs(key);
    if (theirs.size === 0) return;
    if (changed > 0) this.differences.push(`Of '${key}', ${changed} ${notThere(changed)}.`);
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

  /** How many points that are here are not there. */
  get lacking(): number {
    return [...this.#lacking.values()].reduce((sum, count) => sum + count, 0);
  }

  get lacks(): boolean {
    return this.lacking > 0;
  }

  async #theirs(key: string): Promise<Restored> {
    const theirs = await this.#histories.of(this.#remoteRunId, key);
    return restorePoints(theirs, this.#odd.points.get(key) ?? []);
  }

  /** Keys that are not there at all. */
  end(): void {
    const { left } = this.#odd;
    if (left > 0 && this.#mine === null)
      this.differences.push(
        `${left} more points were infinite or -0 where the run was made; here they are what the server holds: the largest double, 0.`,
      );
    for (const { key, count } of this.#mine?.document.series ?? [])
      if (!this.counts.has(key)) this.#lacking.set(key, count + (this.#lacking.get(key) ?? 0));
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
    const { points: theirs } = await this.#theirs(key);
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
    const there = PointSet.of(mapped(theirs.points(), storedPoint));
    this.#lacking.set(key, own.without(there).size);
    return restorePoints(there.without(own), this.#odd.points.get(key) ?? []).points;
  }
}

function* mapped<From, To>(values: Iterable<From>, change: (value: From) => To): Generator<To> {
  for (const value of values) yield change(value);
}

function notThere(count: number): string {
  return `${count === 1 ? "point is" : "points are"} not there any more as a push sent ${count === 1 ? "it" : "them"}`;
}
