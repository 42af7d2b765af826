/** Listing runs without reading more of them than is shown. */
import { type RunState, readRunState } from "../../core/leases/index.js";
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

/** A run as a table shows it. */
export interface ShownRun extends Pick<Run, "info" | "params" | "tags" | "metrics"> {
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

/** The runs of a selection by start, newest first, none of them read yet. */
export function glanceAtNewest({ context, onDamage }: OpenPlace, selection: RunSelection): GlancedRun[] {
  const { experimentIds, view } = selection;
  const options = { onDamage, ...(experimentIds === undefined ? {} : { experimentIds }) };
  const found: GlancedRun[] = [];
  for (const run of glanceAtRuns(context, options))
    if (view === "all" || run.lifecycleStage === view) found.push(run);
  return found.sort((a, b) => Number(b.startTime ?? 0) - Number(a.startTime ?? 0));
}

/** A glanced run as an entry; null when its meta.yaml went away or was damaged meanwhile (reported). */
export function readEntry({ onDamage }: OpenPlace, { experiment, runId }: GlancedRun): RunEntry | null {
  const location = runIn(experiment, runId);
  const info = readInfo(location, onDamage);
  return info === null ? null : { location, info };
}

/** The run with its records and its derived state. */
export function readFullRun({ onDamage }: OpenPlace, { location, info }: RunEntry): FullRun {
  return { run: readRun(location, onDamage), state: readRunState(location, info) };
}

/** Only what a table needs: tags are read only when they are asked for. */
export function readShownRun(
  { onDamage }: OpenPlace,
  { location, info }: RunEntry,
  withTags: boolean,
): ShownRun {
  return {
    info,
    params: toStringMap(readParams(location, onDamage)),
    tags: withTags ? toStringMap(readTags(location, onDamage)) : {},
    metrics: readLatestMetrics(location, onDamage),
    state: readRunState(location, info),
  };
}
