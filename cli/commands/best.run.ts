import { activeRows } from "../../core/search/cells.js";
import { rankRows } from "../../core/search/rank-rows.js";
import type { MetricMark, RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { formatAge } from "../output/time.js";
import { visible } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { type Goal, goalOf } from "../parse/goal.js";
import { prefixLength } from "../runs/id-prefix.js";
import { findMetric } from "../store/best-run.js";
import type { OpenRuns } from "../store/open-runs.js";
import { openStores } from "../store/open-stores.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { runNameOf } from "../store/run-name.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import type { BestArguments } from "./best.js";

interface Found {
  readonly run: RunRecord;
  readonly mark: MetricMark;
}

export async function runBest(context: CommandContext, args: BestArguments): Promise<void> {
  const opened = await openStores(context, { experiments: args.experiment });
  const { key } = findMetric(opened.table, args.metric);
  tellAgeAtEnd(context, opened.table);
  const goal = goalOf(key, args);
  const { direction } = goal;
  const aggregate = args.last ? "last" : direction;
  const rows = rankRows(opened.table, candidates(context, opened, args), { key, aggregate, direction });
  if (rows.length === 0) throw nothingToRank(key);
  const limit = Number(args.limit ?? 1) || Number.POSITIVE_INFINITY;
  const found = rows
    .slice(0, limit)
    .map(({ row }) => foundAt(opened.table, row, { key, goal, last: args.last }));
  if (args.ids) for (const { run } of found) context.out.line(visible(run.runId));
  else await printFound(context, args, { opened, key, goal, found, count: rows.length });
}

function candidates(context: CommandContext, opened: OpenRuns, { filter }: BestArguments): readonly number[] {
  if (filter.length === 0) return activeRows(opened.table);
  const runs = resolveRuns(context, opened, filter);
  return runs.map((run) => opened.rowOf(run)).filter((row) => row !== null);
}

interface Sought {
  readonly key: string;
  readonly goal: Goal;
  readonly last: boolean;
}

function foundAt(table: RunTable, row: number, { key, goal, last }: Sought): Found {
  const run = table.runAt(row);
  const summary = run.metrics[key]!;
  return { run, mark: (last ? summary.last : summary[goal.direction]) ?? summary.last };
}

function nothingToRank(key: string): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `none of these runs has a finite number for '${key}'`, {
    hint: "`runstone runs -c metrics.KEY` shows what there is.",
    data: { metric: key },
  });
}

interface FoundRuns {
  readonly opened: OpenRuns;
  readonly key: string;
  readonly goal: Goal;
  readonly found: readonly Found[];
  /** How many runs were ranked. */
  readonly count: number;
}

async function printFound(context: CommandContext, args: BestArguments, runs: FoundRuns): Promise<void> {
  const { opened, key, found } = runs;
  const ids = opened.table.column({ entity: "attribute", key: "run_id" });
  const prefix = prefixLength(ids?.kind === "text" ? ids.texts : []);
  await printRows(context, {
    title: titleOf(runs, args.last),
    columns: columnsOf(key, {
      severalExperiments: opened.experimentNames.size > 1,
      severalStores: opened.severalStores,
      withState: found.some(({ run }) => run.info === null),
    }),
    rows: found.map((each) => rowOf(each, { ...runs, prefix, now: context.now() })),
    records: found.map((each) => recordOf(each, runs)),
    format: readFormat(context, args),
    output: args.output,
  });
}

const REASONS: Readonly<Record<Goal["from"], string>> = {
  flag: "as told",
  name: "by its name",
  default: "the name does not say; --min for the smallest",
};

function titleOf({ key, goal, count }: FoundRuns, last: boolean): string {
  const word = goal.direction === "min" ? "smallest" : "greatest";
  const runs = count === 1 ? "1 run" : `${count} runs`;
  return `${word} ${last ? "last " : ""}${key} of ${runs} (${REASONS[goal.from]})`;
}

interface ShownColumns {
  readonly severalExperiments: boolean;
  readonly severalStores: boolean;
  /** A run is damaged: people must see it. */
  readonly withState: boolean;
}

function columnsOf(
  key: string,
  { severalExperiments, severalStores, withState }: ShownColumns,
): readonly RowColumn[] {
  return [
    { key: "run_id", title: "ID", type: "text" },
    { key: "run_name", title: "NAME", type: "text", shrinkTo: 8 },
    { key: "state", title: "STATUS", type: "text", ...onlyIf(withState) },
    { key: "metric", title: "METRIC", type: "text", only: "programs" },
    { key: "direction", title: "DIRECTION", type: "text", only: "programs" },
    { key: "value", title: key, type: "number" },
    { key: "step", title: "STEP", type: "integer" },
    { key: "last", title: "LAST", type: "number", dropOrder: 3 },
    { key: "last_step", title: "OF STEP", type: "integer", dropOrder: 4 },
    { key: "start_time", title: "AGE", type: "integer", dropOrder: 5 },
    {
      key: "experiment_id",
      title: "EXPERIMENT",
      type: "text",
      shrinkTo: 6,
      dropOrder: 6,
      ...onlyIf(severalExperiments),
    },
    ...(severalStores ? [{ key: "store", title: "STORE", type: "text", shrinkTo: 6 } as const] : []),
  ];
}

function onlyIf(shown: boolean): { readonly only?: "programs" } {
  return shown ? {} : { only: "programs" };
}

interface RowContext extends FoundRuns {
  readonly prefix: number;
  readonly now: number;
}

function rowOf({ run, mark }: Found, { opened, key, goal, prefix, now }: RowContext): readonly CellValue[] {
  const { last } = run.metrics[key]!;
  const start = run.info?.startTime ?? null;
  return [
    { value: run.runId, text: run.runId.slice(0, prefix) },
    runNameOf(run),
    stateOf(run),
    key,
    goal.direction,
    mark.value,
    mark.step,
    last.value,
    last.step,
    { value: start, text: formatAge(start, now) },
    { value: run.experimentId, text: opened.experimentNameOf(run) ?? run.experimentId },
    ...storeCell(opened, run),
  ];
}

/** None where one store is searched. */
function storeCell(opened: OpenRuns, run: RunRecord): readonly string[] {
  return opened.severalStores ? [opened.storesOf(run).join(", ")] : [];
}

function recordOf({ run, mark }: Found, { key, goal, opened }: FoundRuns): object {
  const { last } = run.metrics[key]!;
  return {
    run_id: run.runId,
    run_name: runNameOf(run),
    experiment_id: run.experimentId,
    state: stateOf(run),
    metric: key,
    direction: goal.direction,
    direction_from: goal.from,
    value: mark.value,
    step: mark.step,
    last: { value: last.value, step: last.step, timestamp: last.timestamp },
    ...(opened.severalStores ? { store: opened.storesOf(run).join(", ") } : {}),
  };
}
