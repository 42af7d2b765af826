/** Whether a run came out as another one did: points, params, artifacts and the status; not when, where or how fast. */
import { type Integer, isRunstoneError, type Point } from "../../store-format/index.js";
import { locationOf } from "../search/run-location.js";
import type { RunRecord } from "../search/run-record.js";
import { readMetricPoints } from "../store/read/metric-points.js";
import { readManifest } from "../store/runs/seal.js";
import { isOfTheMachine } from "./compare-metrics.js";
import type { ComparedPlace } from "./compare-runs.js";
import { type ComparedRow, compareMaps, unionOfKeys } from "./compared-row.js";
import { RunFiles } from "./run-files.js";

export type Verdict = "identical" | "equal" | "different";

export interface PointDifference {
  readonly metric: string;
  readonly step: Integer;
  /** Of the points of that step, in the order they were logged; from 0. */
  readonly index: number;
  /** Null where that run has no such point. */
  readonly values: readonly [number | null, number | null];
  /** When the origin logged it; null when it did not. */
  readonly timestamp: Integer | null;
}

export interface MetricOutcome {
  readonly key: string;
  /** The first point beyond the tolerance; null: none. */
  readonly first: PointDifference | null;
  /** The greatest relative distance of two values; infinite where one is missing or not finite. */
  readonly distance: number;
}

export interface Outcome {
  readonly verdict: Verdict;
  /** In the order of the runs. */
  readonly statuses: readonly [string | null, string | null];
  /** The first point where the runs part, by the clock of the origin. */
  readonly first: PointDifference | null;
  readonly metrics: readonly MetricOutcome[];
  /** Those that differ. */
  readonly params: readonly ComparedRow<string>[];
  /** Those that differ, by SHA-256. With a tolerance they are told and decide nothing: values that differ make other bytes. */
  readonly artifacts: readonly ComparedRow<string>[];
  /** What was compared. */
  readonly counts: { readonly points: number; readonly params: number; readonly artifacts: number };
}

export interface OutcomeOptions {
  readonly place: ComparedPlace;
  /** Values a, b are equal when |a - b| is at most this share of the greater of |a|, |b|. */
  readonly tolerance: number;
  /** Brings a param's value to what it would have been at the origin's place: the work trees differ. */
  readonly asAtOrigin: (value: string) => string;
}

/** Artifacts below `runstone/` are about the run, not by it. */
export function isAboutTheRun(path: string): boolean {
  return path.startsWith("runstone/");
}

/** Throws typed I/O errors. */
export function compareOutcomes(origin: RunRecord, again: RunRecord, options: OutcomeOptions): Outcome {
  const compared = unionOfKeys([origin.metrics, again.metrics])
    .filter((key) => !isOfTheMachine(key))
    .map((key) => compareSeries(key, pointsOf(origin, key, options), pointsOf(again, key, options), options));
  const metrics = compared.map(({ outcome }) => outcome);
  const params = compareMaps([
    mapValues(origin.params, options.asAtOrigin),
    mapValues(again.params, options.asAtOrigin),
  ]);
  const artifacts = compareMaps([hashesOf(origin, options), hashesOf(again, options)]);
  const outcome = {
    statuses: [origin.info?.status ?? null, again.info?.status ?? null] as const,
    first: firstOf(metrics),
    metrics,
    params: params.filter(({ differs }) => differs),
    artifacts: artifacts.filter(({ differs }) => differs),
    counts: {
      points: compared.reduce((sum, { points }) => sum + points, 0),
      params: params.length,
      artifacts: artifacts.length,
    },
  };
  return { verdict: verdictOf(outcome, options.tolerance), ...outcome };
}

function verdictOf(
  { statuses, first, metrics, params, artifacts }: Omit<Outcome, "verdict">,
  tolerance: number,
): Verdict {
  const [before, after] = statuses;
  if (before !== after || first !== null || params.length > 0) return "different";
  if (artifacts.length === 0 && metrics.every(({ distance }) => distance === 0)) return "identical";
  return tolerance > 0 ? "equal" : "different";
}

interface ComparedSeries {
  readonly outcome: MetricOutcome;
  /** How many points at least one of them has. */
  readonly points: number;
}

function compareSeries(
  key: string,
  a: readonly Point[],
  b: readonly Point[],
  { tolerance }: OutcomeOptions,
): ComparedSeries {
  let first: PointDifference | null = null;
  let [farthest, points] = [0, 0];
  for (const { left, right, index } of pairs(a, b)) {
    points += 1;
    const distance = distanceOf(left, right);
    farthest = Math.max(farthest, distance);
    if (distance > tolerance) first = earlierOf(first, differenceOf(key, { left, right, index }));
  }
  return { outcome: { key, first, distance: farthest }, points };
}

interface PointPair {
  readonly left: Point | undefined;
  readonly right: Point | undefined;
  readonly index: number;
}

/** By step, the points of one step in the order they were logged. */
function* pairs(a: readonly Point[], b: readonly Point[]): Generator<PointPair> {
  let [i, j, index] = [0, 0, 0];
  let last: Integer | undefined;
  while (i < a.length || j < b.length) {
    const step = j >= b.length || (i < a.length && a[i]!.step <= b[j]!.step) ? a[i]!.step : b[j]!.step;
    index = step === last ? index + 1 : 0;
    last = step;
    const left = a[i]?.step === step ? a[i++] : undefined;
    const right = b[j]?.step === step ? b[j++] : undefined;
    yield { left, right, index };
  }
}

function pointsOf(run: RunRecord, key: string, { place }: OutcomeOptions): readonly Point[] {
  if (run.metrics[key] === undefined) return [];
  const points = [...readMetricPoints(locationOf(run), key, place.onDamage)];
  const inOrder = points.every((point, at) => at === 0 || points[at - 1]!.step <= point.step);
  return inOrder ? points : points.sort((x, y) => (x.step < y.step ? -1 : x.step > y.step ? 1 : 0));
}

/** Relative; NaN equals NaN, an infinity itself, -0 equals 0. */
function distanceOf(left: Point | undefined, right: Point | undefined): number {
  if (left === undefined || right === undefined) return Number.POSITIVE_INFINITY;
  const [a, b] = [left.value, right.value];
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
  const size = Math.max(Math.abs(a), Math.abs(b));
  return Math.abs(a / size - b / size);
}

function differenceOf(metric: string, { left, right, index }: PointPair): PointDifference {
  return {
    metric,
    step: (left ?? right)!.step,
    index,
    values: [left?.value ?? null, right?.value ?? null],
    timestamp: left?.timestamp ?? null,
  };
}

function firstOf(metrics: readonly MetricOutcome[]): PointDifference | null {
  return metrics.reduce<PointDifference | null>(
    (earliest, { first }) => (first === null ? earliest : earlierOf(earliest, first)),
    null,
  );
}

/** By the origin's clock; what only the other run has comes last. Then by step. */
function earlierOf(a: PointDifference | null, b: PointDifference): PointDifference {
  if (a === null) return b;
  if (a.timestamp !== b.timestamp) {
    if (b.timestamp === null) return a;
    return a.timestamp === null || b.timestamp < a.timestamp ? b : a;
  }
  return b.step < a.step ? b : a;
}

/** SHA-256 by path: of the files that are here, and by the seal of those that are not (left out of Git, pruned). */
function hashesOf(run: RunRecord, { place }: OutcomeOptions): Readonly<Record<string, string>> {
  const hashes: Record<string, string> = Object.create(null);
  for (const { path, sha256 } of sealedArtifacts(run)) hashes[path] = sha256;
  const files = new RunFiles(place.context, locationOf(run));
  for (const path of files.sizes.keys())
    if (!isAboutTheRun(path)) hashes[path] = files.digest(path, true)?.sha256 ?? "unreadable";
  return hashes;
}

interface SealedArtifact {
  readonly path: string;
  readonly sha256: string;
}

/** A manifest that cannot be read seals nothing here; fsck names it. */
function sealedArtifacts({ directory }: RunRecord): readonly SealedArtifact[] {
  const start = "artifacts/";
  try {
    return (readManifest(directory)?.files ?? [])
      .filter(({ kind, path }) => kind === "artifact" && path.startsWith(start))
      .map(({ path, sha256 }) => ({ path: path.slice(start.length), sha256 }))
      .filter(({ path }) => !isAboutTheRun(path));
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED") || isRunstoneError(error, "FORMAT_TOO_NEW")) return [];
    throw error;
  }
}

function mapValues(
  map: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Readonly<Record<string, string>> {
  const changed: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(map)) changed[key] = change(value);
  return changed;
}
