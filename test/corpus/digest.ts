/** The digest of runs that the truth files hold, computed from what the readers give. */
import { createHash } from "node:crypto";
import {
  type OnDamage,
  type RecordBytes,
  type RunLocation,
  readMetricKeys,
  readMetricPoints,
  readParams,
  readRunMeta,
  readTags,
} from "../../core/index.js";
import {
  compareRunDigestEntries,
  latestPoint,
  type RunDigestEntry,
  type RunDigestMetric,
  serializeRunDigest,
} from "../../store-format/index.js";

export function digestEntry(location: RunLocation, onDamage: OnDamage): RunDigestEntry {
  const meta = readRunMeta(location);
  return {
    place: location.place,
    experimentId: location.experimentId,
    runId: location.runId,
    lifecycleStage: meta.lifecycleStage,
    status: meta.status,
    startTime: meta.startTime,
    endTime: meta.endTime,
    params: hashes(readParams(location, onDamage)),
    tags: hashes(readTags(location, onDamage)),
    metrics: metrics(location, onDamage),
  };
}

export function digestOf(entries: readonly RunDigestEntry[]): string {
  const hash = createHash("sha256");
  for (const entry of [...entries].sort(compareRunDigestEntries)) hash.update(serializeRunDigest(entry));
  return hash.digest("hex");
}

function metrics(location: RunLocation, onDamage: OnDamage): Map<string, RunDigestMetric> {
  const all = new Map<string, RunDigestMetric>();
  for (const key of readMetricKeys(location, onDamage)) {
    const points = [...readMetricPoints(location, key, onDamage)];
    const latest = latestPoint(points);
    if (latest !== undefined) all.set(key, { points: points.length, latest });
  }
  return all;
}

function hashes(records: readonly RecordBytes[]): Map<string, string> {
  return new Map(records.map(({ key, bytes }) => [key, createHash("sha256").update(bytes).digest("hex")]));
}
