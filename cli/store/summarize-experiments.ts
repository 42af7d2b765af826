/** The runs of each experiment, counted. */
import { readRunState } from "../../core/leases/index.js";
import { numberAt, textAt } from "../../core/search/cells.js";
import type { RunTable } from "../../core/search/run-table.js";
import { scanExperiments } from "../../core/store/read/experiments.js";
import type { View } from "../../store-format/index.js";
import type { OpenRuns, StoreRuns } from "./open-runs.js";

/** The states that runs are counted by; a LOST run is not RUNNING. */
export const COUNTED_STATES = [
  "RUNNING",
  "LOST",
  "SCHEDULED",
  "FINISHED",
  "FAILED",
  "KILLED",
  "DAMAGED",
] as const;
export type CountedState = (typeof COUNTED_STATES)[number];

export interface ExperimentSummary {
  readonly experimentId: string;
  /** The id when the experiment has no readable meta.yaml. */
  readonly name: string;
  readonly lifecycleStage: string;
  /** Active runs, those without a readable meta.yaml among them. */
  runs: number;
  /** Active runs by their derived state. */
  readonly states: Record<CountedState, number>;
  deleted: number;
  /** The newest start, end or sign of life of its runs; milliseconds since 1970; null when there is none. */
  lastActivity: number | null;
}

/** Those of one store that were asked for, the last activity first. */
export function summarizeExperiments(opened: StoreRuns, view: View): ExperimentSummary[] {
  const summaries = new Map<string, ExperimentSummary>();
  const wanted = opened.experimentIds === undefined ? null : new Set(opened.experimentIds);
  for (const { experimentId, name, lifecycleStage } of scanExperiments(opened.place.context, () => {}))
    if (wanted === null || wanted.has(experimentId))
      summaries.set(experimentId, emptySummary(experimentId, name, lifecycleStage));
  countRuns(opened.table, (experimentId) => {
    const found = summaries.get(experimentId) ?? emptySummary(experimentId, experimentId, "active");
    summaries.set(experimentId, found);
    return found;
  });
  return [...summaries.values()]
    .filter(({ lifecycleStage }) => view === "all" || lifecycleStage === view)
    .sort(byLastActivity);
}

export function byLastActivity(
  a: Pick<ExperimentSummary, "lastActivity">,
  b: Pick<ExperimentSummary, "lastActivity">,
): number {
  return (b.lastActivity ?? -1) - (a.lastActivity ?? -1);
}

export type RunCounts = Pick<ExperimentSummary, "runs" | "states" | "deleted">;

/** All runs of some experiments; one that lies in several stores counts once. */
export function countTogether(
  opened: OpenRuns,
  isCounted: (store: string, experimentId: string) => boolean,
): RunCounts {
  const { table } = opened;
  const column = (key: string) => table.column({ entity: "attribute", key });
  const [ids, stages, states] = [column("experiment_id"), column("lifecycle_stage"), column("state")];
  const counts = emptySummary("", "", "active");
  for (let row = 0; row < table.rowCount; row += 1)
    if (isCounted(opened.storesAt(row)[0] ?? "", textAt(ids, row) ?? ""))
      count(counts, textAt(states, row) as CountedState | null, textAt(stages, row) === "deleted");
  return counts;
}

function emptySummary(experimentId: string, name: string, lifecycleStage: string): ExperimentSummary {
  const states = Object.fromEntries(COUNTED_STATES.map((state) => [state, 0])) as Record<
    CountedState,
    number
  >;
  return { experimentId, name, lifecycleStage, runs: 0, states, deleted: 0, lastActivity: null };
}

function countRuns(table: RunTable, summaryOf: (experimentId: string) => ExperimentSummary): void {
  const column = (key: string) => table.column({ entity: "attribute", key });
  const [ids, stages, states] = [column("experiment_id"), column("lifecycle_stage"), column("state")];
  const [starts, ends] = [column("start_time"), column("end_time")];
  for (let row = 0; row < table.rowCount; row += 1) {
    const summary = summaryOf(textAt(ids, row) ?? "");
    const state = textAt(states, row) as CountedState | null;
    count(summary, state, textAt(stages, row) === "deleted");
    const signs = [numberAt(starts, row), numberAt(ends, row)];
    if (state === "RUNNING" || state === "LOST") signs.push(lastSign(table, row));
    for (const sign of signs)
      if (sign !== null && sign > (summary.lastActivity ?? Number.NEGATIVE_INFINITY))
        summary.lastActivity = sign;
  }
}

function count(summary: ExperimentSummary, state: CountedState | null, isDeleted: boolean): void {
  if (isDeleted) {
    summary.deleted += 1;
    return;
  }
  summary.runs += 1;
  if (state !== null && state in summary.states) summary.states[state] += 1;
}

function lastSign(table: RunTable, row: number): number | null {
  const { directory, info } = table.runAt(row);
  const sign = info === null ? undefined : readRunState({ directory }, info).lastSign;
  return sign === undefined || sign === null ? null : Number(sign);
}
