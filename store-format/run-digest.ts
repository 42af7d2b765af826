import type { Integer, LifecycleStage, Place, Point, RunStatus } from "./entities.js";
import { compareCodePoints, jsonText } from "./text.js";

/** A run as the comparison of whole stores sees it. */
export interface RunDigestEntry {
  readonly place: Place;
  readonly experimentId: string;
  readonly runId: string;
  readonly lifecycleStage: LifecycleStage;
  readonly status: RunStatus;
  readonly startTime: Integer | null;
  readonly endTime: Integer | null;
  /** key -> SHA-256 of the value's bytes */
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  readonly metrics: ReadonlyMap<string, RunDigestMetric>;
}

export interface RunDigestMetric {
  /** Points as they stand in the file, equal ones counted each. */
  readonly points: number;
  readonly latest: Pick<Point, "step" | "timestamp" | "value">;
}

/** Order of runs in the digest over a store: root before trash, then experiment id, then run id. */
export function compareRunDigestEntries(a: RunDigestEntry, b: RunDigestEntry): number {
  if (a.place !== b.place) return a.place === "root" ? -1 : 1;
  return compareCodePoints(a.experimentId, b.experimentId) || compareCodePoints(a.runId, b.runId);
}

/** The lines of one run, each ended by LF: `run ...`, then `p`, `t` and `m` lines by key. */
export function serializeRunDigest(entry: RunDigestEntry): string {
  const { place, experimentId, runId, lifecycleStage, status, startTime, endTime } = entry;
  const run = `run ${place} ${experimentId} ${runId} ${lifecycleStage} ${status} ${startTime ?? "-"} ${endTime ?? "-"}`;
  const metrics = new Map([...entry.metrics].filter(([, metric]) => metric.points > 0));
  const lines = [run, ...keyLines("p", entry.params, String), ...keyLines("t", entry.tags, String)];
  return `${[...lines, ...keyLines("m", metrics, metricText)].join("\n")}\n`;
}

function keyLines<Value>(
  letter: string,
  map: ReadonlyMap<string, Value>,
  text: (value: Value) => string,
): string[] {
  const entries = [...map].sort(([a], [b]) => compareCodePoints(a, b));
  return entries.map(([key, value]) => `${letter} ${jsonText(key)} ${text(value)}`);
}

function metricText({ points, latest }: RunDigestMetric): string {
  return `${points} ${latest.step} ${latest.timestamp} ${doubleHex(latest.value)}`;
}

/** The 16 hex digits of a double's bits, big-endian; every NaN is `7ff8000000000000`. */
export function doubleHex(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  if (Number.isNaN(value)) return "7ff8000000000000";
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}
