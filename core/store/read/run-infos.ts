/** Runs for listings: what meta.yaml says of each, and nothing else of them is opened. */
import { join } from "node:path";
import {
  glanceAtRunMeta,
  parseRunMeta,
  type RunInfo,
  type RunMetaGlance,
} from "../../../store-format/index.js";
import { readBytesIfExists } from "../../fs/index.js";
import { META, type StorePaths } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage, readable } from "./damages.js";
import { directoriesOf } from "./entries.js";
import type { RunLocation } from "./located.js";
import { type MetaDamage, readMetaReporting } from "./meta-file.js";
import { experimentsOf, isRunName, RUN_DAMAGE, type RunListOptions, runIn, toRunInfo } from "./runs.js";

export interface LocatedRun {
  readonly location: RunLocation;
  readonly info: RunInfo;
}

/** A directory without meta.yaml is no run here, as in `listRunLocations`. */
const DAMAGE: MetaDamage = { damaged: RUN_DAMAGE.damaged, empty: RUN_DAMAGE.empty ?? RUN_DAMAGE.damaged };

/** Where a run is and what decides its place in a listing. */
export interface GlancedRun extends RunMetaGlance {
  readonly location: RunLocation;
}

/** Every run with a readable meta.yaml, in the order of `listRunLocations`; the others are reported. One read a run. */
export function* listRunInfos(paths: StorePaths, options: RunListOptions = {}): Generator<LocatedRun> {
  const { onDamage = IGNORE_DAMAGE } = options;
  for (const location of possibleRuns(paths, options)) {
    const info = readInfo(location, onDamage);
    if (info !== null) yield { location, info };
  }
}

/** As {@link listRunInfos}, but metas as Runstone and MLflow write them are only glanced at. */
export function* glanceAtRuns(paths: StorePaths, options: RunListOptions = {}): Generator<GlancedRun> {
  const { onDamage = IGNORE_DAMAGE } = options;
  for (const location of possibleRuns(paths, options)) {
    const found = glanceAt(location, onDamage);
    if (found === null) continue;
    const lifecycleStage = location.place === "trash" ? "deleted" : found.lifecycleStage;
    yield { location, startTime: found.startTime, lifecycleStage };
  }
}

/** What meta.yaml of a run says; null, with the damage reported, when it cannot be read or is not there. */
export function readInfo(location: RunLocation, onDamage: OnDamage): RunInfo | null {
  const meta = readMetaReporting(location, { parse: parseRunMeta, damage: DAMAGE }, onDamage);
  return meta === null ? null : toRunInfo(location, meta);
}

function glanceAt(location: RunLocation, onDamage: OnDamage): RunMetaGlance | null {
  const bytes = readable(onDamage, location, META, () => readBytesIfExists(join(location.directory, META)));
  if (bytes === null) return null;
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return glanceAtRunMeta(latin1) ?? readInfo(location, onDamage);
}

function* possibleRuns(paths: StorePaths, options: RunListOptions): Generator<RunLocation> {
  const { experimentIds, onDamage = IGNORE_DAMAGE } = options;
  for (const experiment of experimentsOf(paths, experimentIds, onDamage))
    for (const name of directoriesOf(experiment, onDamage))
      if (isRunName(name)) yield runIn(experiment, name);
}
