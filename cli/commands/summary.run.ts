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
import type { OpenRuns } from "../store/open-runs.js";
import { openStores } from "../store/open-stores.js";
import {
  byLastActivity,
  COUNTED_STATES,
  type CountedState,
  countTogether,
  type ExperimentSummary,
  type RunCounts,
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

/** What is said of one experiment of one store. */
interface Summed {
  readonly summary: ExperimentSummary;
  /** Empty where there is only one store. */
  readonly store: string;
  /** Null unless sizes are asked for. */
  readonly use: DiskUse | null;
}

export async function runSummary(context: CommandContext, args: SummaryArguments): Promise<void> {
  const format = readFormat(context, args);
  const opened = await openStores(context, { experiments: args.experiment });
  const summed = summedUp(opened, args);
  const look = { stores: opened.severalStores, disk: args.disk };
  const rows = summed.map((one) => rowOf(context, one, look));
  if (isForPeople(format) && summed.length > 1) rows.push(totalRow(context, summed, { opened, look }));
  await printRows(context, { columns: columnsOf(look), rows, format, output: args.output });
}

/** The last activity first; an experiment that is named is shown whatever its stage. */
function summedUp({ stores }: OpenRuns, { view, experiment, disk }: SummaryArguments): readonly Summed[] {
  const shown = view === undefined && experiment.length > 0 ? "all" : readView(view);
  return stores
    .flatMap(({ label: store, opened }) => {
      const { context, onDamage } = opened.place;
      const uses = disk ? measured(measureStore(context, onDamage).experiments) : null;
      return summarizeExperiments(opened, shown).map((summary) => ({
        summary,
        store,
        use: uses === null ? null : (uses.get(summary.experimentId) ?? NOTHING),
      }));
    })
    .sort((a, b) => byLastActivity(a.summary, b.summary));
}

interface Look {
  readonly stores: boolean;
  readonly disk: boolean;
}

function columnsOf({ stores, disk }: Look): readonly RowColumn[] {
  return [...COLUMNS, ...(stores ? [STORE_COLUMN] : []), ...(disk ? DISK_COLUMNS : [])];
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

const STORE_COLUMN: RowColumn = { key: "store", title: "STORE", type: "text", shrinkTo: 6 };

const DISK_COLUMNS: readonly RowColumn[] = [
  { key: "own_bytes", title: "OWN", type: "integer" },
  { key: "shared_bytes", title: "SHARED", type: "integer" },
];

interface DiskUse {
  readonly ownBytes: number;
  readonly sharedBytes: number;
}

const NOTHING: DiskUse = { ownBytes: 0, sharedBytes: 0 };

type Uses = ReadonlyMap<string, DiskUse>;

/** An experiment of the root and one in the trash may have one id; then the sizes are those of both. */
function measured(experiments: readonly ExperimentUse[]): Uses {
  const uses = new Map<string, DiskUse>();
  for (const { location, ownBytes, sharedBytes } of experiments) {
    const before = uses.get(location.experimentId) ?? NOTHING;
    uses.set(location.experimentId, {
      ownBytes: before.ownBytes + ownBytes,
      sharedBytes: before.sharedBytes + sharedBytes,
    });
  }
  return uses;
}

function rowOf(context: CommandContext, { summary, store, use }: Summed, { stores }: Look): CellValue[] {
  return [
    summary.experimentId,
    summary.name,
    summary.lifecycleStage,
    summary.runs,
    ...countCells(summary),
    ageCell(context, summary.lastActivity),
    ...(stores ? [store] : []),
    ...(use === null ? [] : sizeCells(use)),
  ];
}

/** A run that lies in several stores counts once. What experiments share with each other is not added up: `du --total` has it. */
function totalRow(
  context: CommandContext,
  summed: readonly Summed[],
  { opened, look }: { readonly opened: OpenRuns; readonly look: Look },
): CellValue[] {
  const counts = countsOf(opened, summed);
  const last = Math.max(...summed.map(({ summary }) => summary.lastActivity ?? Number.NEGATIVE_INFINITY));
  const own = summed.reduce((total, { use }) => total + (use?.ownBytes ?? 0), 0);
  return [
    null,
    { value: "in all", bold: true },
    null,
    counts.runs,
    ...countCells(counts),
    ageCell(context, Number.isFinite(last) ? last : null),
    ...(look.stores ? [null] : []),
    ...(look.disk ? [{ value: own, text: formatBytes(own) }, null] : []),
  ];
}

function countsOf(opened: OpenRuns, summed: readonly Summed[]): RunCounts {
  const shown = new Set(summed.map(({ summary, store }) => `${summary.experimentId} ${store}`));
  return countTogether(opened, (store, experimentId) => shown.has(`${experimentId} ${store}`));
}

function countCells({ states, deleted }: RunCounts): CellValue[] {
  return [...COUNTED_STATES.map((state) => states[state]), deleted].map((value) => ({
    value,
    text: value === 0 ? "-" : String(value),
  }));
}

function ageCell(context: CommandContext, time: number | null): CellValue {
  return { value: time, text: formatAge(time, context.now()) };
}

function sizeCells({ ownBytes, sharedBytes }: DiskUse): CellValue[] {
  return [ownBytes, sharedBytes].map((value) => ({ value, text: value === 0 ? "-" : formatBytes(value) }));
}
