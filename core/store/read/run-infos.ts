/** Runs for listings: what meta.yaml says of each, and nothing else of them is opened. */
import { sep } from "node:path";
import {
  glanceAtRunMeta,
  isRunstoneError,
  parseRunMeta,
  type RunInfo,
  type RunMetaGlance,
} from "../../../store-format/index.js";
import { readBytesIfExists } from "../../fs/index.js";
import { META, type StorePaths } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage } from "./damages.js";
import { directoriesOf } from "./entries.js";
import { isRun } from "./is-run.js";
import type { ExperimentLocation, RunLocation } from "./located.js";
import { type MetaDamage, readMetaReporting } from "./meta-file.js";
import {
  experimentsOf,
  isRunName,
  RUN_DAMAGE,
  type RunListOptions,
  readRunMetaReporting,
  runIn,
  toRunInfo,
} from "./runs.js";

export interface LocatedRun {
  readonly location: RunLocation;
  readonly info: RunInfo;
}

/** A directory without meta.yaml is no run here, as in `listRunLocations`. */
const DAMAGE: MetaDamage = { damaged: RUN_DAMAGE.damaged, empty: RUN_DAMAGE.empty ?? RUN_DAMAGE.damaged };

/** Where a run is ({@link runIn}) and what decides its place in a listing. */
export interface GlancedRun extends RunMetaGlance {
  readonly experiment: ExperimentLocation;
  readonly runId: string;
  /** meta.yaml cannot be read, or is not there. */
  readonly damaged: boolean;
}

/** Every run with a readable meta.yaml, in the order of `listRunLocations`; the others are reported. One read a run. */
export function* listRunInfos(paths: StorePaths, options: RunListOptions = {}): Generator<LocatedRun> {
  const { experimentIds, onDamage = IGNORE_DAMAGE } = options;
  for (const experiment of experimentsOf(paths, experimentIds, onDamage)) {
    for (const runId of runNamesIn(experiment, onDamage)) {
      const location = runIn(experiment, runId);
      const info = readInfo(location, onDamage);
      if (info !== null) yield { location, info };
    }
  }
}

/**
 * Every run, the damaged ones included (their damage is reported), in the order of `listRunLocations`. Metas as Runstone
 * and MLflow write them are only glanced at.
 */
export function* glanceAtRuns(paths: StorePaths, options: RunListOptions = {}): Generator<GlancedRun> {
  const { experimentIds, onDamage = IGNORE_DAMAGE } = options;
  for (const experiment of experimentsOf(paths, experimentIds, onDamage)) {
    for (const runId of runNamesIn(experiment, onDamage)) {
      const found = glanceAt(experiment, runId, onDamage);
      if (found === null) continue;
      const lifecycleStage = experiment.place === "trash" ? "deleted" : found.lifecycleStage;
      yield { experiment, runId, startTime: found.startTime, lifecycleStage, damaged: found.damaged };
    }
  }
}

/** What meta.yaml of a run says; null, with the damage reported, when it cannot be read or is not there. */
export function readInfo(location: RunLocation, onDamage: OnDamage): RunInfo | null {
  const meta = readMetaReporting(location, { parse: parseRunMeta, damage: DAMAGE }, onDamage);
  return meta === null ? null : toRunInfo(location, meta);
}

function runNamesIn(experiment: ExperimentLocation, onDamage: OnDamage): string[] {
  return directoriesOf(experiment, onDamage).filter(isRunName);
}

type Glance = Pick<GlancedRun, "startTime" | "lifecycleStage" | "damaged">;

/** Whatever is not a plain file that can be read at once is left to the full reader, which reports what is wrong. */
function glanceAt(experiment: ExperimentLocation, runId: string, onDamage: OnDamage): Glance | null {
  const glance = glanceAtFile(experiment.directory + sep + runId + sep + META);
  if (glance !== null) return { ...glance, damaged: false };
  const location = runIn(experiment, runId);
  if (!isRun(location)) return null;
  const meta = readRunMetaReporting(location, onDamage);
  if (meta === null) return { startTime: null, lifecycleStage: "active", damaged: true };
  return { startTime: meta.startTime, lifecycleStage: meta.lifecycleStage, damaged: false };
}

function glanceAtFile(path: string): RunMetaGlance | null {
  try {
    const bytes = readBytesIfExists(path);
    if (bytes === null) return null;
    return glanceAtRunMeta(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
  } catch (error) {
    if (isRunstoneError(error)) return null;
    throw error;
  }
}
