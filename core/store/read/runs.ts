/** Runs: directories of an experiment with a meta.yaml. Each is read by itself; damage in one costs that one only. */
import { join } from "node:path";
import {
  decodeText,
  type Place,
  parseRunMeta,
  type Run,
  type RunInfo,
  type RunMeta,
  RunstoneError,
} from "../../../store-format/index.js";
import { statIfExists } from "../../fs/index.js";
import { META, RESERVED_IN_EXPERIMENT, type StorePaths } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage, readable } from "./damages.js";
import { directoriesOf } from "./entries.js";
import {
  experimentDirectories,
  findExperiment,
  isOrphan,
  listExperimentLocations,
  PLACES,
} from "./experiments.js";
import { readInputs, readOutputs } from "./inputs-outputs.js";
import { readLatestMetrics } from "./latest-metrics.js";
import {
  type ExperimentLocation,
  inside,
  isSafeName,
  type Located,
  placeLocation,
  type RunLocation,
} from "./located.js";
import { type MetaDamage, readMeta, readMetaReporting } from "./meta-file.js";
import { readParams, readRecord, readTags, toStringMap } from "./records.js";

export const RUN_DAMAGE: MetaDamage = {
  damaged: "run_meta_damaged",
  empty: "run_meta_empty",
  missing: "run_without_meta",
};

const RUN_NAME_TAG = "mlflow.runName";

export interface RunListOptions {
  /** Default: every experiment, directories without a readable experiment meta.yaml (orphans) included. */
  readonly experimentIds?: readonly string[];
  readonly onDamage?: OnDamage;
}

/**
 * Where the run of this id lies, the root before `.trash`; null when there is none. A directory without meta.yaml is
 * found only when no other has one. Throws typed errors where a directory that may hold the run cannot be read.
 */
export function findRun(paths: StorePaths, runId: string): RunLocation | null {
  if (!isRunName(runId)) return null;
  return findRunWith(paths, runId, META) ?? findRunWith(paths, runId, "");
}

function findRunWith(paths: StorePaths, runId: string, file: string): RunLocation | null {
  let refused: unknown;
  for (const place of PLACES) {
    for (const experimentId of experimentDirectories(paths, place)) {
      const experiment = inside(placeLocation(paths.root, place), experimentId);
      try {
        const found = statIfExists(join(experiment.directory, runId, file));
        if (found === null || !isDirectory(join(experiment.directory, runId))) continue;
        return runIn({ ...experiment, experimentId, place, orphan: isOrphan(experiment) }, runId);
      } catch (error) {
        refused ??= error;
      }
    }
  }
  if (refused !== undefined) throw refused;
  return null;
}

/** Also false for a link to a directory: what it leads to is not in the store. */
function isDirectory(path: string): boolean {
  return statIfExists(path)?.kind === "directory";
}

/** Whether a directory of this name in an experiment can be a run. */
export function isRunName(name: string): boolean {
  return !RESERVED_IN_EXPERIMENT.has(name) && isSafeName(name);
}

/** Every run with a meta.yaml, readable or not: the root's before those of `.trash`, ids in code-point order. */
export function* listRunLocations(paths: StorePaths, options: RunListOptions = {}): Generator<RunLocation> {
  const { experimentIds, onDamage = IGNORE_DAMAGE } = options;
  for (const experiment of experimentsOf(paths, experimentIds, onDamage)) yield* runsOf(experiment, onDamage);
}

/** The experiments of a listing: those asked for, or all, the root's first. */
export function* experimentsOf(
  paths: StorePaths,
  experimentIds: readonly string[] | undefined,
  onDamage: OnDamage,
): Generator<ExperimentLocation> {
  if (experimentIds === undefined) return yield* listExperimentLocations(paths, onDamage);
  const found = new Map<string, ExperimentLocation>();
  for (const experimentId of experimentIds) {
    const location = findExperiment(paths, experimentId);
    if (location !== null) found.set(location.path, location);
  }
  const inOrder = (place: Place) => [...found.values()].filter((location) => location.place === place);
  yield* inOrder("root");
  yield* inOrder("trash");
}

/** The runs of one experiment. */
export function* runsOf(experiment: ExperimentLocation, onDamage: OnDamage): Generator<RunLocation> {
  for (const name of directoriesOf(experiment, onDamage)) {
    if (!isRunName(name)) continue;
    const run = runIn(experiment, name);
    const found = readable(onDamage, run, undefined, () => statIfExists(join(run.directory, META)));
    if (found !== null) yield run;
  }
}

/** A directory of an experiment as the location of a run. */
export function runIn(experiment: ExperimentLocation, runId: string): RunLocation {
  const { experimentId, place, orphan } = experiment;
  const { directory, path } = inside(experiment, runId);
  return { directory, path, runId, experimentId, place, orphan };
}

/** What meta.yaml says, uncorrected. Throws DAMAGED (missing, empty, unreadable) and typed I/O errors. */
export function readRunMeta(location: Located): RunMeta {
  return readMeta(location, parseRunMeta);
}

/** As {@link readRunMeta}; what is wrong is reported, and gives null. */
export function readRunMetaReporting(location: Located, onDamage: OnDamage): RunMeta | null {
  return readMetaReporting(location, { parse: parseRunMeta, damage: RUN_DAMAGE }, onDamage);
}

/**
 * A run's meta.yaml, with what its place decides: the ids are the names of the directories, in `.trash` it is deleted,
 * and a run without a name has that of its tag `mlflow.runName`. Throws DAMAGED and typed I/O errors.
 */
export function readRunInfo(location: RunLocation): RunInfo {
  return toRunInfo(location, readRunMeta(location));
}

export function toRunInfo(location: RunLocation, meta: RunMeta): RunInfo {
  const { runId, experimentId, place } = location;
  return {
    runId,
    experimentId,
    runName: meta.runName === "" ? nameInTag(location) : meta.runName,
    userId: meta.userId,
    status: meta.status,
    startTime: meta.startTime,
    endTime: meta.endTime,
    deletedTime: meta.deletedTime,
    lifecycleStage: place === "trash" ? "deleted" : meta.lifecycleStage,
    artifactUri: meta.artifactUri,
  };
}

function nameInTag(location: RunLocation): string {
  const bytes = readable(IGNORE_DAMAGE, location, undefined, () =>
    readRecord(location, "tags", RUN_NAME_TAG),
  );
  return bytes === null ? "" : decodeText(bytes).value;
}

/** A run with its records. Damage in a record is reported and costs that record; a damaged meta.yaml throws DAMAGED. */
export function readRun(location: RunLocation, onDamage: OnDamage): Run {
  return {
    info: readRunInfo(location),
    params: toStringMap(readParams(location, onDamage)),
    tags: toStringMap(readTags(location, onDamage)),
    metrics: readLatestMetrics(location, onDamage),
    inputs: readInputs(location, onDamage),
    outputs: readOutputs(location, onDamage),
    place: location.place,
    orphan: location.orphan,
  };
}

/** For callers that were given an id: the run's location. Throws RESOURCE_DOES_NOT_EXIST. */
export function mustFindRun(paths: StorePaths, runId: string): RunLocation {
  const found = findRun(paths, runId);
  if (found !== null) return found;
  throw new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `there is no run ${JSON.stringify(runId)} in ${paths.root}`,
    {
      hint: "`runstone runs --view all` lists the runs.",
      data: { runId },
    },
  );
}
