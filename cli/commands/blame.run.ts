import {
  type HistoryCommit,
  type NewRecord,
  readCommits,
  recordsOverTime,
  rowsByStart,
} from "../../core/git/history/index.js";
import { codeOfRun, openRepository } from "../../core/git/index.js";
import { activeRows, numberAt } from "../../core/search/cells.js";
import type { Direction } from "../../core/search/metric-direction.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { formatAge } from "../output/time.js";
import { readFormat } from "../parse/format-options.js";
import { goalOf } from "../parse/goal.js";
import { prefixLength } from "../runs/id-prefix.js";
import { findMetric } from "../store/best-run.js";
import { openRuns, type StoreRuns } from "../store/open-runs.js";
import { runNameOf } from "../store/run-name.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import type { BlameArguments } from "./blame.js";

/** A new best value, and where it came from. */
interface Blamed extends NewRecord {
  readonly run: RunRecord;
  readonly commitId: string | null;
  /** Null: the repository here has no such commit. */
  readonly commit: HistoryCommit | null;
  readonly dirty: boolean | null;
}

export async function runBlame(context: CommandContext, args: BlameArguments): Promise<void> {
  const opened = openRuns(context, { experiments: args.experiment });
  tellAgeAtEnd(context, opened.table);
  const { key } = findMetric(opened.table, args.metric);
  const { direction } = goalOf(key, args);
  const column = opened.table.column({ entity: "metric", key, aggregate: args.last ? "last" : direction });
  const records = recordsOverTime(rowsByStart(opened.table, activeRows(opened.table)), {
    direction,
    bestOfRow: (row) => numberAt(column, row),
  });
  if (records.length === 0)
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `no active run has a finite number for '${key}'`, {
      data: { metric: key },
    });
  const blamed = await withCommits(context, opened, records);
  const prefix = prefixLength(blamed.map(({ run }) => run.runId));
  await printRows(context, {
    title: `${direction === "min" ? "smallest" : "greatest"} ${args.last ? "last " : ""}${key} over time`,
    columns: columnsOf(key),
    rows: blamed.map((one) => rowOf(one, { prefix, now: context.now() })),
    records: blamed.map((one) => recordOf(one, { key, direction })),
    format: readFormat(context, args),
    output: args.output,
  });
}

async function withCommits(
  context: CommandContext,
  { table }: StoreRuns,
  records: readonly NewRecord[],
): Promise<readonly Blamed[]> {
  const runs = records.map((record) => {
    const run = table.runAt(record.row);
    return { ...record, run, code: codeOfRun(run.tags) };
  });
  const commits = await commitsHere(
    context,
    runs.flatMap(({ code }) => code.commit ?? []),
  );
  return runs.map(({ code, ...one }) => ({
    ...{ ...one, commitId: code.commit, dirty: code.dirty },
    commit: code.commit === null ? null : (commits.get(code.commit) ?? null),
  }));
}

/** Outside a repository the ids are all there is to tell. */
async function commitsHere(
  { cwd, env }: CommandContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, HistoryCommit>> {
  try {
    return await readCommits(await openRepository({ cwd, env }), ids);
  } catch (error) {
    if (isRunstoneError(error, "NO_REPOSITORY")) return new Map();
    throw error;
  }
}

function columnsOf(key: string): readonly RowColumn[] {
  return [
    { key: "start_time", title: "AGE", type: "integer", align: "left" },
    { key: "value", title: key, type: "number" },
    { key: "change", title: "CHANGE", type: "number", dropOrder: 2 },
    { key: "commit", title: "COMMIT", type: "text" },
    { key: "dirty", title: "", type: "boolean" },
    { key: "author", title: "AUTHOR", type: "text", shrinkTo: 6, dropOrder: 3 },
    { key: "subject", title: "SUBJECT", type: "text", shrinkTo: 10, dropOrder: 4 },
    { key: "run_id", title: "RUN", type: "text" },
    { key: "run_name", title: "NAME", type: "text", shrinkTo: 8, dropOrder: 5 },
  ];
}

function rowOf(
  { run, value, before, commitId, commit, dirty }: Blamed,
  { prefix, now }: { readonly prefix: number; readonly now: number },
): readonly CellValue[] {
  const start = run.info?.startTime ?? null;
  return [
    { value: start, text: formatAge(start, now) },
    value,
    before === null ? null : value - before,
    { value: commitId, text: commitId === null ? "-" : commitId.slice(0, 7) },
    { value: dirty, text: dirty === true ? "dirty" : "" },
    commit?.author ?? null,
    commit?.subject ?? null,
    { value: run.runId, text: run.runId.slice(0, prefix) },
    runNameOf(run),
  ];
}

function recordOf(
  { run, value, before, commitId, commit, dirty }: Blamed,
  { key, direction }: { readonly key: string; readonly direction: Direction },
): object {
  return {
    ...{ metric: key, direction, value, before, commit: commitId, dirty },
    ...{ author: commit?.author ?? null, time: commit?.time ?? null, subject: commit?.subject ?? null },
    run_id: run.runId,
    run_name: runNameOf(run),
    experiment_id: run.experimentId,
    start_time: run.info?.startTime ?? null,
  };
}
