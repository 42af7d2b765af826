/**
 * Points on their way to a run there. What the server surely has nothing of goes in requests as large as it takes. When one
 * of them fails, and when it is not known what is there, each series is read back and the difference is sent, in requests
 * that do no harm when they arrive twice.
 */

import type { RunLocation } from "../../core/index.js";
import { readSeries, type SeriesMark } from "../../core/transfer/index.js";
import {
  isRunstoneError,
  type Metric,
  type Point,
  type RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import { PointCollector, type PointSet } from "../engine/point-set.js";
import type { Moved } from "../engine/progress.js";
import type { MlflowCalls } from "./calls.js";
import { isRefusal, mayHaveBeenDone } from "./failures.js";
import { firstBatches, repeatableBatches } from "./metric-batches.js";
import { storedPoint } from "./stored-value.js";

export type Watermarks = Readonly<Record<string, SeriesMark>>;

export interface PointTarget {
  readonly calls: MlflowCalls;
  readonly location: RunLocation;
  readonly remoteRunId: string;
  /** A point of the run with the ids of its models there. */
  link(key: string, point: Point): Metric;
  moved(moved: Moved): void;
  /** Points that the server takes never. */
  refuse(what: "metric", key: string, error: RunstoneError): void;
}

/** Requests that a server may refuse of one key before the rest of it is given up. */
const MOST_REFUSALS = 32;

export class PointSender {
  readonly #target: PointTarget;
  readonly #marks: Record<string, SeriesMark> = Object.create(null);
  readonly #refused = new Set<string>();
  readonly #keysWithNan = new Set<string>();

  constructor(target: PointTarget) {
    this.#target = target;
  }

  /** What the server now has of each key that was sent. */
  get watermarks(): Watermarks {
    return this.#marks;
  }

  /** Keys of which the server refused points. */
  get refused(): ReadonlySet<string> {
    return this.#refused;
  }

  /** Keys that have NaN among the points that were read. */
  get keysWithNan(): ReadonlySet<string> {
    return this.#keysWithNan;
  }

  /**
   * Sends params and the points behind the watermarks to a run that has nothing of them. Returns false when the params may
   * not all have arrived.
   */
  async sendNew(params: StringMap, keys: readonly string[], from: Watermarks): Promise<boolean> {
    const doubtful = new Set<string>();
    let paramsDone = true;
    for (const batch of firstBatches(params, {}, this.#newMetrics(keys, from, doubtful))) {
      try {
        await this.#target.calls.logBatch(this.#target.remoteRunId, batch, false);
        this.#count(batch.metrics.length, Object.keys(batch.params).length);
      } catch (error) {
        if (!mayHaveBeenDone(error) && !isRefusal(error) && !isRunstoneError(error, "PARAM_CONFLICT"))
          throw error;
        if (Object.keys(batch.params).length > 0) paramsDone = false;
        for (const key of keysFrom(keys, batch.metrics)) doubtful.add(key);
        break;
      }
    }
    for (const key of doubtful) await this.sendDifference(key);
    return paramsDone;
  }

  /** Reads back what the server has of a key and sends what it has not. */
  async sendDifference(key: string): Promise<void> {
    const { calls, remoteRunId } = this.#target;
    const theirs = await calls.getHistory(remoteRunId, key);
    const missing = this.#localSet(key).without(theirs);
    if (missing.size === 0) return;
    const budget = { refusals: MOST_REFUSALS };
    for (const batch of repeatableBatches(this.#metricsIn(key, missing)))
      await this.#sendRepeatably(batch, budget);
  }

  /** The points here as the server stores them; notes the watermark. */
  #localSet(key: string): PointSet {
    const points = new PointCollector();
    for (const point of this.#points(key, undefined)) points.add(storedPoint(point));
    return points.finish();
  }

  async #sendRepeatably(batch: readonly Metric[], budget: { refusals: number }): Promise<void> {
    const { calls, remoteRunId } = this.#target;
    try {
      await calls.logBatch(remoteRunId, { metrics: batch }, true);
      this.#count(batch.length, 0);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (budget.refusals > 0) await this.#sendRefused(batch, error, budget);
    }
  }

  /** A request that was refused may have been sent twice; else it is halved until what the server refuses is found. */
  async #sendRefused(
    batch: readonly Metric[],
    error: RunstoneError,
    budget: { refusals: number },
  ): Promise<void> {
    const { calls, remoteRunId } = this.#target;
    const key = batch[0]!.key;
    budget.refusals -= 1;
    const theirs = await calls.getHistory(remoteRunId, key);
    const left = batch.filter((metric) => !theirs.has(storedPoint(metric)));
    if (left.length > 1) {
      const half = Math.ceil(left.length / 2);
      await this.#sendRepeatably(left.slice(0, half), budget);
      if (budget.refusals > 0) await this.#sendRepeatably(left.slice(half), budget);
    } else if (left.length === 1) this.#refuse(key, error);
  }

  #refuse(key: string, error: RunstoneError): void {
    if (this.#refused.has(key)) return;
    this.#refused.add(key);
    this.#target.refuse("metric", key, error);
  }

  *#newMetrics(keys: readonly string[], from: Watermarks, doubtful: Set<string>): Generator<Metric> {
    for (const key of keys) {
      const mark = Object.hasOwn(from, key) ? from[key] : undefined;
      const points = this.#points(key, mark);
      // The first points are no longer those that were sent: nothing is known of this key.
      if (points === null) doubtful.add(key);
      else for (const point of points) yield this.#target.link(key, point);
    }
  }

  #points(key: string, from: undefined): Generator<Point>;
  #points(key: string, from: SeriesMark | undefined): Generator<Point> | null;
  #points(key: string, from: SeriesMark | undefined): Generator<Point> | null {
    const reading = readSeries(this.#target.location, key, from === undefined ? {} : { from });
    if (from !== undefined && reading.start !== from.count) return null;
    if (from !== undefined) this.#marks[key] = from;
    return this.#marking(key, reading.chunks);
  }

  *#marking(key: string, chunks: ReturnType<typeof readSeries>["chunks"]): Generator<Point> {
    for (const { points, mark } of chunks) {
      if (points.some(({ value }) => Number.isNaN(value))) this.#keysWithNan.add(key);
      yield* points;
      this.#marks[key] = mark;
    }
  }

  *#metricsIn(key: string, set: PointSet): Generator<Metric> {
    for (const { points } of readSeries(this.#target.location, key).chunks)
      for (const point of points) if (set.has(storedPoint(point))) yield this.#target.link(key, point);
  }

  #count(points: number, params: number): void {
    this.#target.moved({ points, params });
  }
}

/** The keys whose points may not all have arrived when a request failed: its first one and all behind it. */
function keysFrom(keys: readonly string[], metrics: readonly Metric[]): readonly string[] {
  const first = metrics[0]?.key;
  return first === undefined ? keys : keys.slice(keys.indexOf(first));
}
