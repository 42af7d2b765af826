/** Listing runs without reading more of them than is shown. */
import { type RunState, readRunState } from "../../core/leases/index.js";
import { readRunRecord } from "../../core/search/read-run-record.js";
import { IGNORE_DAMAGE } from "../../core/store/read/damages.js";
import { readLatestMetrics } from "../../core/store/read/latest-metrics.js";
import { readParams, readTags, toStringMap } from "../../core/store/read/records.js";
import {
  type GlancedRun,
  glanceAtRuns,
  type LocatedRun,
  listRunInfos,
  readInfo,
} from "../../core/store/read/run-infos.js";
import { readRun, runIn } from "../../core/store/read/runs.js";
import type { Run, View } from "../../store-format/index.js";
import { type ListedRun, listedRun } from "../runs/listed-run.js";
import type { OpenPlace } from "./open-place.js";

/** What meta.yaml says of a run; its records are not read yet. */
export type RunEntry = LocatedRun;

export interface RunSelection {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[] | undefined;
  readonly view: View;
}

/** A run with all its records. */
export interface FullRun {
  readonly run: Run;
  readonly state: RunState;
}

/** Every readable run of the selection, newest start first. */
export function listRunEntries({ context, onDamage }: OpenPlace, selection: RunSelection): RunEntry[] {
  const { experimentIds, view } = selection;
  const keyed: { readonly entry: RunEntry; readonly start: number }[] = [];
  const options = { onDamage, ...(experimentIds === undefined ? {} : { experimentIds }) };
  for (const entry of listRunInfos(context, options))
    if (view === "all" || entry.info.lifecycleStage === view)
      keyed.push({ entry, start: Number(entry.info.startTime ?? 0) });
  // The walk is in the order of ids, and the sort is stable.
  return keyed.sort((a, b) => b.start - a.start).map(({ entry }) => entry);
}

/**
 * The runs of a selection by start, newest first, none of them read yet. Of equal starts the smaller id comes first; those
 * without a start, damaged ones among them, come last.
 */
export function glanceAtNewest({ context, onDamage }: OpenPlace, selection: RunSelection): GlancedRun[] {
  const { experimentIds, view } = selection;
  const options = { onDamage, ...(experimentIds === undefined ? {} : { experimentIds }) };
  const found: GlancedRun[] = [];
  for (const run of glanceAtRuns(context, options))
    if (view === "all" || run.lifecycleStage === view) found.push(run);
  return found.sort((a, b) => startOf(b) - startOf(a) || (a.runId < b.runId ? -1 : 1));
}

function startOf({ startTime }: GlancedRun): number {
  return startTime === null ? Number.MIN_SAFE_INTEGER : Number(startTime);
}

/** A glanced run as an entry; null when its meta.yaml went away or was damaged meanwhile (reported). */
export function readEntry({ onDamage }: OpenPlace, { experiment, runId }: GlancedRun): RunEntry | null {
  const location = runIn(experiment, runId);
  const info = readInfo(location, onDamage);
  return info === null ? null : { location, info };
}

/** A glanced run as a listing shows it, tags only when they are asked for; null when it went away meanwhile. */
export function readListedRun(place: OpenPlace, glanced: GlancedRun, withTags: boolean): ListedRun | null {
  if (glanced.damaged) return readDamagedRun(glanced);
  const entry = readEntry(place, glanced);
  if (entry === null) return null;
  const { location, info } = entry;
  const { onDamage } = place;
  return {
    runId: location.runId,
    experimentId: location.experimentId,
    location,
    info,
    damage: null,
    state: readRunState(location, info),
    params: toStringMap(readParams(location, onDamage)),
    tags: withTags ? toStringMap(readTags(location, onDamage)) : {},
    metrics: readLatestMetrics(location, onDamage),
    aggregate: () => null,
    store: null,
    ranks: [],
  };
}

/** What is left of it. The damage of its meta.yaml was reported when it was glanced at. */
function readDamagedRun({ experiment, runId }: GlancedRun): ListedRun {
  const record = readRunRecord(runIn(experiment, runId), IGNORE_DAMAGE);
  return listedRun(record);
}

/** The run with its records and its derived state. */
export function readFullRun({ onDamage }: OpenPlace, { location, info }: RunEntry): FullRun {
  return { run: readRun(location, onDamage), state: readRunState(location, info) };
}
