/** The latest point of every metric: what a run's page and a search show. */
import { isLater, type LoggedModelMetric, type MetricLine, type Point } from "../../../store-format/index.js";
import type { OnDamage } from "./damages.js";
import { inside, type Located, type LoggedModelLocation } from "./located.js";
import {
  metricKeys,
  openLinks,
  placesOf,
  readModelPointChunks,
  readPointChunksOf,
  writersOf,
} from "./metric-points.js";
import { allLinks, nameOf, withLink } from "./point-links.js";
import { readKeys } from "./records.js";
import { isUnchanged, type Writers } from "./writers.js";

/** How often a run whose writers fold or come and go is read anew. */
const ATTEMPTS = 100;

/** What was read of a series, with its latest point. */
export interface SeriesRead<Value> {
  readonly latest: Point;
  readonly value: Value;
}

/** Reads a series to its end; undefined when it has no point. */
export type ReadSeries<Value> = (chunks: Iterable<readonly MetricLine[]>) => SeriesRead<Value> | undefined;

/** Latest point per key by MLflow's rule: greatest (step, timestamp, value). Keys without a point are left out. */
export function readLatestMetrics(location: Located, onDamage: OnDamage): Readonly<Record<string, Point>> {
  const latest: Record<string, Point> = Object.create(null);
  for (const [key, read] of readEachSeries(location, latestIn, onDamage)) latest[key] = read.latest;
  return latest;
}

/** Reads every metric once, in one state of `writers/`. Links are joined to the latest points only. */
export function readEachSeries<Value>(
  location: Located,
  read: ReadSeries<Value>,
  onDamage: OnDamage,
): Map<string, SeriesRead<Value>> {
  for (let attempt = 1; ; attempt += 1) {
    const told: Parameters<OnDamage>[0][] = [];
    const tell: OnDamage = (damage) => told.push(damage);
    const writers = writersOf(location, tell);
    const series = seriesOf(location, read, writers, tell);
    if (attempt < ATTEMPTS && !isUnchanged(location, writers)) continue;
    told.forEach(onDamage);
    return series;
  }
}

function seriesOf<Value>(
  location: Located,
  read: ReadSeries<Value>,
  writers: Writers,
  onDamage: OnDamage,
): Map<string, SeriesRead<Value>> {
  const series = new Map<string, SeriesRead<Value>>();
  for (const key of metricKeys(location, writers, onDamage)) {
    const found = read(readPointChunksOf(location, key, writers, onDamage));
    if (found !== undefined) series.set(key, found);
  }
  linkAll(location, writers, series, onDamage);
  return series;
}

const latestIn: ReadSeries<null> = (chunks) => {
  let latest: MetricLine | undefined;
  for (const points of chunks) {
    for (const point of points) if (latest === undefined || isLater(point, latest)) latest = point;
  }
  return latest === undefined ? undefined : { latest, value: null };
};

/** One pass over the links of the run and of its slots. */
function linkAll<Value>(
  location: Located,
  writers: Writers,
  series: Map<string, SeriesRead<Value>>,
  onDamage: OnDamage,
): void {
  for (const owner of placesOf(location, writers)) {
    const links = openLinks(owner, owner === location ? writers.fold : null, onDamage);
    if (links === null) continue;
    try {
      for (const link of allLinks(links.file, links.end, () => {})) {
        const read = series.get(link.key);
        if (read === undefined) continue;
        const point = read.latest;
        const isBare = point.dataset === undefined && point.modelId === undefined;
        if (isBare && nameOf(point) === nameOf(link))
          series.set(link.key, { ...read, latest: withLink(point, link) });
      }
    } finally {
      links.file.close();
    }
  }
}

/** Latest points of a logged model's metrics, one per key and dataset. */
export function readLatestModelMetrics(
  location: LoggedModelLocation,
  onDamage: OnDamage,
): LoggedModelMetric[] {
  return readKeys(inside(location, "metrics"), onDamage).flatMap((key) =>
    latestPerDataset(location, key, onDamage),
  );
}

function latestPerDataset(
  location: LoggedModelLocation,
  key: string,
  onDamage: OnDamage,
): LoggedModelMetric[] {
  const latest = new Map<string, LoggedModelMetric>();
  for (const points of readModelPointChunks(location, key, onDamage)) {
    for (const point of points) {
      const group = point.dataset === undefined ? "" : `${point.dataset.name} ${point.dataset.digest}`;
      const before = latest.get(group);
      if (before === undefined || isLater(point, before)) latest.set(group, { runId: "", ...point, key });
    }
  }
  return [...latest.values()];
}
