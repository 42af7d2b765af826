/** A run that goes on, kept up to date by what is appended to its files. */
import { join } from "node:path";
import type { RunInfo } from "../../store-format/index.js";
import { statIfExists } from "../fs/index.js";
import { type RunState, readRunState } from "../leases/index.js";
import { locationOf } from "../search/run-location.js";
import type { MetricSummary, RunRecord } from "../search/run-record.js";
import { PointSummary } from "../search/summarize-points.js";
import { type Bucket, SeriesBuckets } from "../series/series-buckets.js";
import { META } from "../store/layout.js";
import { IGNORE_DAMAGE } from "../store/read/damages.js";
import { readInfo } from "../store/read/run-infos.js";
import { MetricFollower, type NewPoints } from "./metric-follower.js";

/** How fine the shape of a curve is kept. */
const RESOLUTION = 512;

export interface FollowedMetric {
  readonly summary: MetricSummary;
  /** By step. */
  readonly curve: readonly Bucket[];
}

export interface RunNews extends NewPoints {
  /** The state when it is another than before. */
  readonly state: RunState["state"] | undefined;
}

export class FollowedRun {
  readonly #record: RunRecord;
  readonly #follower: MetricFollower;
  #info: RunInfo;
  #metaIdentity = "";
  #state: RunState["state"];
  readonly #series = new Map<string, { readonly summary: PointSummary; readonly curve: SeriesBuckets }>();

  /** The record must be of a run whose meta.yaml can be read. */
  constructor(record: RunRecord) {
    this.#record = record;
    this.#info = record.info!;
    this.#follower = new MetricFollower(locationOf(record));
    this.#state = readRunState(record, this.#info).state;
  }

  get runId(): string {
    return this.#record.runId;
  }

  get info(): RunInfo {
    return this.#info;
  }

  get state(): RunState["state"] {
    return this.#state;
  }

  get hasEnded(): boolean {
    return this.#state !== "RUNNING" && this.#state !== "SCHEDULED";
  }

  /** In code-point order of the keys. */
  metrics(): ReadonlyMap<string, FollowedMetric> {
    const metrics = new Map<string, FollowedMetric>();
    for (const [key, { summary, curve }] of [...this.#series].sort(([a], [b]) => (a < b ? -1 : 1)))
      metrics.set(key, { summary: summary.end()!, curve: curve.buckets() });
    return metrics;
  }

  /** As searches see it, with the points of now. */
  record(): RunRecord {
    const metrics: Record<string, MetricSummary> = Object.create(null);
    for (const [key, { summary }] of this.#series) metrics[key] = summary.end()!;
    return { ...this.#record, info: this.#info, metrics };
  }

  /** Looks at the files. The state is looked at first: what a run logged before its end is told before its end. */
  poll(): RunNews {
    const state = this.#readState();
    const news = this.#follower.poll();
    if (news.anew) this.#series.clear();
    for (const { key, points } of news.series) {
      const series = this.#seriesOf(key);
      for (const point of points) {
        series.summary.add(point);
        series.curve.add(Number(point.step), point.value);
      }
    }
    const changed = state === this.#state ? undefined : state;
    this.#state = state;
    return { ...news, state: changed };
  }

  #seriesOf(key: string): { readonly summary: PointSummary; readonly curve: SeriesBuckets } {
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { summary: new PointSummary(), curve: new SeriesBuckets(RESOLUTION) };
      this.#series.set(key, series);
    }
    return series;
  }

  #readState(): RunState["state"] {
    const meta = statIfExists(join(this.#record.directory, META));
    const identity = meta === null ? "" : `${meta.inode} ${meta.size} ${meta.mtimeNs} ${meta.ctimeNs}`;
    if (identity !== this.#metaIdentity) {
      this.#metaIdentity = identity;
      this.#info = readInfo(locationOf(this.#record), IGNORE_DAMAGE) ?? this.#info;
    }
    return readRunState(this.#record, this.#info).state;
  }
}
