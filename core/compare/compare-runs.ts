/** Everything that two or more runs differ in. */

import type { Integer, StringMap } from "../../store-format/index.js";
import { locationOf } from "../search/run-location.js";
import type { RunRecord } from "../search/run-record.js";
import type { StoreContext } from "../store/context.js";
import type { OnDamage } from "../store/read/damages.js";
import { readMetricPoints } from "../store/read/metric-points.js";
import {
  CAPTURED_PATHS,
  capturedEnvironment,
  capturedPackages,
  capturedPatch,
} from "./captured-environment.js";
import { compareArtifacts } from "./compare-artifacts.js";
import { type ComparedMetric, compareMetrics, isOfTheMachine } from "./compare-metrics.js";
import { type ComparedRow, compareMaps } from "./compared-row.js";
import { type ArtifactDigest, RunFiles } from "./run-files.js";
import { type ComparedSection, TEXT_SECTIONS, type TextSection } from "./sections.js";
import { groupTags } from "./tag-groups.js";

/** The sections that were asked for; the others are empty. */
export interface Comparison {
  readonly runs: readonly RunRecord[];
  readonly metrics: readonly ComparedMetric[];
  readonly texts: Readonly<Record<TextSection, readonly ComparedRow<string>[]>>;
  readonly artifacts: readonly ComparedRow<ArtifactDigest>[];
  /** Whether anything that was compared differs; metrics of the machine (`system/...`) do not count. */
  readonly differs: boolean;
}

export interface ComparisonOptions {
  readonly sections: ReadonlySet<ComparedSection>;
  /** Values of metrics no further apart than this are equal. */
  readonly tolerance: number;
  readonly atStep?: Integer | undefined;
  readonly resolution: number;
  /** Where a run is read from: they may be of several stores. */
  readonly placeOf: (run: RunRecord) => ComparedPlace;
}

export interface ComparedPlace {
  readonly context: StoreContext;
  readonly onDamage: OnDamage;
}

/** Throws typed I/O errors. */
export function compareRuns(runs: readonly RunRecord[], options: ComparisonOptions): Comparison {
  const { sections, placeOf } = options;
  const files = runs.map((run) => new RunFiles(placeOf(run).context, locationOf(run)));
  const pointsOf = (run: RunRecord, key: string) =>
    readMetricPoints(locationOf(run), key, placeOf(run).onDamage);
  const { tolerance, atStep, resolution } = options;
  const metrics = sections.has("metrics")
    ? compareMetrics(runs, { tolerance, atStep, resolution, pointsOf })
    : [];
  const texts = compareTexts(runs, files, sections);
  const artifacts = sections.has("artifacts")
    ? compareArtifacts(files, (path) => CAPTURED_PATHS.has(path))
    : [];
  const differs =
    [...Object.values(texts).flat(), ...artifacts].some((row) => row.differs) ||
    metrics.some((metric) => metric.differs && !isOfTheMachine(metric.key));
  return { runs, metrics, texts, artifacts, differs };
}

function compareTexts(
  runs: readonly RunRecord[],
  files: readonly RunFiles[],
  sections: ReadonlySet<ComparedSection>,
): Comparison["texts"] {
  const groups = runs.map(({ tags }) => groupTags(tags));
  const maps: Readonly<Record<TextSection, () => readonly StringMap[]>> = {
    params: () => runs.map(({ params }) => params),
    code: () => groups.map(({ code }, index) => ({ ...capturedPatch(files[index]!), ...code })),
    tags: () => groups.map(({ tags }) => tags),
    environment: () =>
      groups.map(({ environment }, index) => ({ ...capturedEnvironment(files[index]!), ...environment })),
    packages: () => files.map(capturedPackages),
    datasets: () => runs.map(datasetsOf),
  };
  const rows = TEXT_SECTIONS.map(
    (name) => [name, sections.has(name) ? compareMaps(maps[name]()) : []] as const,
  );
  return Object.fromEntries(rows) as unknown as Comparison["texts"];
}

/** Digests by name and use. */
function datasetsOf({ datasets }: RunRecord): StringMap {
  const digests: Record<string, string> = Object.create(null);
  for (const { name, digest, context } of datasets) {
    const key = context === null ? name : `${name} (${context})`;
    digests[key] = digests[key] === undefined ? digest : `${digests[key]}, ${digest}`;
  }
  return digests;
}
