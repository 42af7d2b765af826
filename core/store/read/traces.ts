/** Traces, read only: `<experiment>/traces/<trace id>/`. */
import { type Place, parseTraceInfo, type TraceInfo } from "../../../store-format/index.js";
import type { StorePaths } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage } from "./damages.js";
import { directoriesOf } from "./entries.js";
import { findExperiment, listExperimentLocations } from "./experiments.js";
import { type ExperimentLocation, inside, isSafeName, type Located } from "./located.js";
import { readMetaReporting } from "./meta-file.js";

const TRACE = {
  parse: parseTraceInfo,
  damage: { damaged: "trace_info_damaged", missing: "trace_info_damaged" },
  name: "trace_info.yaml",
} as const;

export interface TraceLocation extends Located {
  readonly traceId: string;
  readonly experimentId: string;
  readonly place: Place;
}

/** Traces of an experiment that can be read; none when there is no such experiment. */
export function scanTraces(paths: StorePaths, experimentId: string, onDamage: OnDamage): TraceInfo[] {
  const experiment = findExperiment(paths, experimentId);
  if (experiment === null) return [];
  return listTraceLocations(experiment, onDamage).flatMap((location) => {
    const trace = readTrace(location, onDamage);
    return trace === null ? [] : [trace];
  });
}

/** Directories of traces of one experiment, by id in code-point order. */
export function listTraceLocations(experiment: ExperimentLocation, onDamage: OnDamage): TraceLocation[] {
  const { experimentId, place } = experiment;
  const folder = inside(experiment, "traces");
  return directoriesOf(folder, onDamage)
    .filter(isSafeName)
    .map((traceId) => ({ ...inside(folder, traceId), traceId, experimentId, place }));
}

/** One trace; null when its trace_info.yaml is missing or damaged (reported). Its id is the name of the directory. */
export function readTrace(location: TraceLocation, onDamage: OnDamage): TraceInfo | null {
  const info = readMetaReporting(location, TRACE, onDamage);
  return info === null ? null : { ...info, traceId: location.traceId };
}

/** How many traces the experiments of the store have, whether they can be read or not. Throws NOT_A_STORE. */
export function countTraces(paths: StorePaths): number {
  let count = 0;
  for (const experiment of listExperimentLocations(paths, IGNORE_DAMAGE))
    count += listTraceLocations(experiment, IGNORE_DAMAGE).length;
  return count;
}
