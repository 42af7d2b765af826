import { type ExperimentUse, measureStore } from "../../core/maintenance/disk-usage.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { isForPeople } from "../output/formats.js";
import { formatBytes } from "../output/number.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { formatAge } from "../output/time.js";
import { readFormat } from "../parse/format-options.js";
import { readView } from "../parse/view.js";
import { openRuns } from "../store/open-runs.js";
import {
  COUNTED_STATES,
  type CountedState,
  type ExperimentSummary,
  summarizeExperiments,
} from "../store/summarize-experiments.js";
import type { SummaryArguments } from "./summary.js";

/** Shown to people; programs get all. */
const SHOWN_STATES: ReadonlySet<CountedState> = new Set([
  "RUNNING",
  "LOST",
  "FINISHED",
  "FAILED",
  "KILLED",
  "DAMAGED",
]);
/** What a narrow terminal does without, the first first. */
const DISPENSABLE: readonly CountedState[] = ["KILLED", "FINISHED", "FAILED"];

export async function runSummary(context: CommandContext, args: SummaryArguments): Promise<void> {
  const format = readFormat(context, args);
  const opened = openRuns(context);
  const summaries = summarizeExperiments(opened, readView(args.view));
  const uses = args.disk
    ? measured(measureStore(opened.place.context, opened.place.onDamage).experiments)
    : null;
  const rows = summaries.map((summary) => rowOf(context, summary, uses));
  if (isForPeople(format) && summaries.length > 1) rows.push(totalRow(context, summaries, uses));
  await printRows(context, {
    columns: [...COLUMNS, ...(uses === null ? [] : DISK_COLUMNS)],
    rows,
    format,
    output: args.output,
  });
}

const COLUMNS: readonly RowColumn[] = [
  { key: "experiment_id", title: "ID", type: "text", only: "programs" },
  { key: "experiment", title: "EXPERIMENT", type: "text", shrinkTo: 8 },
  { key: "lifecycle_stage", title: "STAGE", type: "text", only: "programs" },
  { key: "runs", title: "RUNS", type: "integer" },
  ...COUNTED_STATES.map((state) => stateColumn(state)),
  { key: "deleted", title: "DELETED", type: "integer", dropOrder: 1 },
  { key: "last_activity", title: "LAST", type: "integer" },
];

function stateColumn(state: CountedState): RowColumn {
  const dropOrder = DISPENSABLE.length - DISPENSABLE.indexOf(state) + 1;
  return {
    key: state.toLowerCase(),
    title: state,
    type: "integer",
    ...(DISPENSABLE.includes(state) ? { dropOrder } : {}),
    ...(SHOWN_STATES.has(state) ? {} : { only: "programs" as const }),
  };
}

const DISK_COLUMNS: readonly RowColumn[] = [
  { key: "own_bytes", title: "OWN", type: "integer" },
  { key: "shared_bytes", title: "SHARED", type: "integer" },
];

type Uses = ReadonlyMap<string, { readonly ownBytes: number; readonly sharedBytes: number }>;

/** An experiment of the root and one in the trash may have one id; then the sizes are those of both. */
function measured(experiments: readonly ExperimentUse[]): Uses {
  const uses = new Map<string, { ownBytes: number; sharedBytes: number }>();
  for (const { location, ownBytes, sharedBytes } of experiments) {
    const before = uses.get(location.experimentId) ?? { ownBytes: 0, sharedBytes: 0 };
    uses.set(location.experimentId, {
      ownBytes: before.ownBytes + ownBytes,
      sharedBytes: before.sharedBytes + sharedBytes,
    });
  }
  return uses;
}

function rowOf(context: CommandContext, summary: ExperimentSummary, uses: Uses | null): readonly CellValue[] {
  const use = uses?.get(summary.experimentId) ?? { ownBytes: 0, sharedBytes: 0 };
  return [
    summary.experimentId,
    summary.name,
    summary.lifecycleStage,
    summary.runs,
    ...countCells(summary),
    ageCell(context, summary.lastActivity),
    ...(uses === null ? [] : sizeCells(use.ownBytes, use.sharedBytes)),
  ];
}

/** What experiments share with each other is not added up: `du --total` has it. */
function totalRow(
  context: CommandContext,
  summaries: readonly ExperimentSummary[],
  uses: Uses | null,
): readonly CellValue[] {
  const sum = (of: (summary: ExperimentSummary) => number) =>
    summaries.reduce((total, summary) => total + of(summary), 0);
  const states = Object.fromEntries(
    COUNTED_STATES.map((state) => [state, sum((summary) => summary.states[state])]),
  ) as Record<CountedState, number>;
  const last = Math.max(...summaries.map(({ lastActivity }) => lastActivity ?? Number.NEGATIVE_INFINITY));
  const own = sum(({ experimentId }) => uses?.get(experimentId)?.ownBytes ?? 0);
  return [
    null,
    { value: "in all", bold: true },
    null,
    sum(({ runs }) => runs),
    ...countCells({ states, deleted: sum(({ deleted }) => deleted) }),
    ageCell(context, Number.isFinite(last) ? last : null),
    ...(uses === null ? [] : [{ value: own, text: formatBytes(own) }, null]),
  ];
}

function countCells({ states, deleted }: Pick<ExperimentSummary, "states" | "deleted">): CellValue[] {
  return [...COUNTED_STATES.map((state) => states[state]), deleted].map((value) => ({
    value,
    text: value === 0 ? "-" : String(value),
  }));
}

function ageCell(context: CommandContext, time: number | null): CellValue {
  return { value: time, text: formatAge(time, context.now()) };
}

function sizeCells(own: number, shared: number): CellValue[] {
  return [own, shared].map((value) => ({ value, text: value === 0 ? "-" : formatBytes(value) }));
}
