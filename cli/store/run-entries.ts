/** Listing runs without reading more of them than is shown. */

import { type RunState, readRunState } from "../../core/leases/index.js";
import type { RunLocation } from "../../core/store/read/located.js";
import { listRunLocations, readRun, readRunMetaReporting, toRunInfo } from "../../core/store/read/runs.js";
import type { Run, RunInfo, View } from "../../store-format/index.js";
import type { OpenPlace } from "./open-place.js";

/** What meta.yaml says of a run; its records are not read yet. */
export interface RunEntry {
  readonly location: RunLocation;
  readonly info: RunInfo;
}

export interface RunSelection {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[] | undefined;
  readonly view: View;
}

/** A run as listings show it. */
export interface ShownRun {
  readonly run: Run;
  readonly state: RunState;
}

/** Every readable run of the selection, newest start first. */
export function listRunEntries({ context, onDamage }: OpenPlace, selection: RunSelection): RunEntry[] {
  const { experimentIds, view } = selection;
  const entries: RunEntry[] = [];
  const options = { onDamage, ...(experimentIds === undefined ? {} : { experimentIds }) };
  for (const location of listRunLocations(context, options)) {
    const meta = readRunMetaReporting(location, onDamage);
    if (meta === null) continue;
    const info = toRunInfo(location, meta);
    if (view === "all" || info.lifecycleStage === view) entries.push({ location, info });
  }
  return entries.sort(newestFirst);
}

/** The run with its records and its derived state. */
export function readShownRun({ onDamage }: OpenPlace, { location, info }: RunEntry): ShownRun {
  return { run: readRun(location, onDamage), state: readRunState(location, info) };
}

function newestFirst(a: RunEntry, b: RunEntry): number {
  const [left, right] = [Number(a.info.startTime ?? 0), Number(b.info.startTime ?? 0)];
  return right - left || (a.location.runId < b.location.runId ? -1 : 1);
}
