/** The table of `runstone runs`. */
import type { RunState } from "../../core/leases/index.js";
import type { Run } from "../../store-format/index.js";
import type { ShownRun } from "../store/run-entries.js";
import { formatNumber } from "./number.js";
import { paintState, shownState } from "./run-state.js";
import type { Style } from "./style.js";
import { type Column, renderTable } from "./table.js";
import { formatAge, formatDuration } from "./time.js";
import { visible } from "./visible.js";
import { truncateMiddle } from "./width.js";

export interface RunTableOptions {
  /** Keys asked for; empty: chosen by what the runs have. */
  readonly columns: readonly string[];
  /** Names by experiment id. */
  readonly experiments: ReadonlyMap<string, string>;
  /** For the length of the id prefixes. */
  readonly allIds: readonly string[];
  readonly now: number;
  readonly width: number | undefined;
  readonly style: Style;
}

interface RecordColumn {
  readonly title: string;
  readonly numeric: boolean;
  readonly cell: (run: ShownRun) => string;
}

/** Also in a pipe: one long param must not widen every row. `--json` has values whole. */
const LONGEST_CELL = 120;
const CHOSEN_METRICS = 4;
const CHOSEN_PARAMS = 4;

export function runTable(shown: readonly ShownRun[], options: RunTableOptions): readonly string[] {
  const { style, now, width } = options;
  const extra = options.columns.length > 0 ? namedColumns(options.columns, shown) : chosenColumns(shown);
  const prefix = prefixLength(options.allIds);
  const several = new Set(shown.map((run) => run.info.experimentId)).size > 1;
  const columns: readonly Column[] = [
    { title: "ID", paint: (padded) => style.cyan(padded) },
    { title: "NAME", shrinkTo: 8 },
    { title: "STATUS", paint: (padded, cell) => paintState(style, cell, padded) },
    { title: "AGE", align: "right", dropOrder: 50 },
    { title: "DURATION", align: "right", dropOrder: 60 },
    ...extra.map(
      ({ title, numeric }, index): Column => ({
        title: visible(title),
        align: numeric ? "right" : "left",
        shrinkTo: 6,
        dropOrder: options.columns.length > 0 ? 0 : 100 + index,
      }),
    ),
    ...(several ? [{ title: "EXPERIMENT", shrinkTo: 6, dropOrder: 70 }] : []),
  ];
  const rows = shown.map((run) => [
    visible(run.info.runId.slice(0, prefix)),
    visible(run.info.runName),
    shownState(run.info, run.state),
    formatAge(run.info.startTime, now),
    durationOf(run, run.state, now),
    ...extra.map(({ cell }) => truncateMiddle(visible(cell(run)), LONGEST_CELL)),
    ...(several ? [visible(options.experiments.get(run.info.experimentId) ?? run.info.experimentId)] : []),
  ]);
  return renderTable(columns, rows, { width, paintHeader: style.dim });
}

/** From start to end; until now while it runs, until the last sign of life of a lost one. */
export function durationOf({ info }: Pick<Run, "info">, state: RunState, now: number): string {
  const until = info.endTime ?? (info.status === "RUNNING" ? (state.since ?? now) : null);
  if (info.startTime === null || until === null) return "-";
  return formatDuration(Number(until) - Number(info.startTime));
}

/** The shortest length, 7 at least, at which every id differs from every other. */
export function prefixLength(ids: readonly string[]): number {
  const sorted = [...ids].sort();
  let length = 7;
  for (let index = 1; index < sorted.length; index += 1) {
    const [left, right] = [sorted[index - 1]!, sorted[index]!];
    if (left === right) continue;
    while (left.slice(0, length) === right.slice(0, length)) length += 1;
  }
  return length;
}

function metricColumn(key: string): RecordColumn {
  return { title: key, numeric: true, cell: ({ metrics }) => numberOf(metrics[key]?.value) };
}

function numberOf(value: number | undefined): string {
  return value === undefined ? "" : formatNumber(value);
}

function paramColumn(key: string): RecordColumn {
  return { title: key, numeric: false, cell: ({ params }) => params[key] ?? "" };
}

function tagColumn(key: string): RecordColumn {
  return { title: key, numeric: false, cell: ({ tags }) => tags[key] ?? "" };
}

function namedColumns(words: readonly string[], runs: readonly ShownRun[]): RecordColumn[] {
  return words.map((word) => {
    const exact = /^(metrics?|params?|tags?)\.(.+)$/.exec(word);
    if (exact?.[1]?.startsWith("metric")) return metricColumn(exact[2]!);
    if (exact?.[1]?.startsWith("param")) return paramColumn(exact[2]!);
    if (exact?.[1]?.startsWith("tag")) return tagColumn(exact[2]!);
    if (runs.some((run) => word in run.metrics)) return metricColumn(word);
    return runs.some((run) => word in run.params) ? paramColumn(word) : tagColumn(word);
  });
}

/** The metrics that most runs have, and the params that differ between them. */
function chosenColumns(runs: readonly ShownRun[]): RecordColumn[] {
  const metrics = byFrequency(
    runs.map((run) => Object.keys(run.metrics).filter((key) => !key.startsWith("system/"))),
  );
  const params = byFrequency(runs.map((run) => Object.keys(run.params)));
  const varying = params.filter(
    (key) => runs.length === 1 || new Set(runs.map((run) => run.params[key])).size > 1,
  );
  return [
    ...metrics.slice(0, CHOSEN_METRICS).map(metricColumn),
    ...varying.slice(0, CHOSEN_PARAMS).map(paramColumn),
  ];
}

function byFrequency(keysOfRuns: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>();
  for (const key of keysOfRuns.flat()) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1)).map(([key]) => key);
}
