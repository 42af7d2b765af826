/** The history for programs: a row for each run of each commit, an object for each commit. */
import { codeOfRun } from "../../core/git/code-of-run.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import type { CellValue } from "../output/cell.js";
import type { RowColumn } from "../output/row-column.js";
import { runNameOf } from "../store/run-name.js";
import type { ShownCommit, ShownHistory } from "./shown-history.js";

export function historyColumns({ metrics }: ShownHistory): readonly RowColumn[] {
  return [
    { key: "commit", title: "COMMIT", type: "text" },
    { key: "time", title: "TIME", type: "integer" },
    { key: "author", title: "AUTHOR", type: "text" },
    { key: "subject", title: "SUBJECT", type: "text" },
    { key: "run_id", title: "RUN", type: "text" },
    { key: "run_name", title: "NAME", type: "text" },
    { key: "state", title: "STATUS", type: "text" },
    ...metrics.map(({ key }) => ({ key: `metrics.${key}`, title: key, type: "number" as const })),
  ];
}

/** A commit without runs has one row. */
export function* historyRows(history: ShownHistory): Generator<readonly CellValue[]> {
  for (const shown of history.commits) {
    const { commit, time, author, subject } = shown.commit;
    const first = [commit, time, author, subject];
    if (shown.rows.length === 0) yield [...first, null, null, null, ...history.metrics.map(() => null)];
    for (const row of shown.rows) {
      const run = history.opened.table.runAt(row);
      const values = history.metrics.map(({ bestOfRow }) => bestOfRow(row));
      yield [...first, run.runId, runNameOf(run), stateOf(run), ...values];
    }
  }
}

export function* historyRecords(history: ShownHistory): Generator<object> {
  for (const shown of history.commits) {
    const { commit, parents, author, time, refs, subject } = shown.commit;
    yield {
      ...{ commit, parents, author, time, refs, subject },
      runs: shown.rows.map((row) => runRecord(history, row)),
      metrics: metricsRecord(history, shown),
    };
  }
}

function runRecord({ opened, metrics }: ShownHistory, row: number): object {
  const run = opened.table.runAt(row);
  return {
    run_id: run.runId,
    run_name: runNameOf(run),
    experiment_id: run.experimentId,
    state: stateOf(run),
    start_time: run.info?.startTime ?? null,
    dirty: codeOfRun(run.tags).dirty === true,
    snapshot: codeOfRun(run.tags).snapshot,
    metrics: Object.fromEntries(
      metrics.flatMap(({ key, bestOfRow }) => {
        const value = bestOfRow(row);
        return value === null ? [] : [[key, value]];
      }),
    ),
  };
}

function metricsRecord({ opened, metrics }: ShownHistory, { commit }: ShownCommit): object {
  return Object.fromEntries(
    metrics.flatMap(({ key, values }) => {
      const found = values.get(commit.commit);
      if (found === undefined) return [];
      const { value, before, isBest, isRegression, row } = found;
      const runId = opened.table.runAt(row).runId;
      return [[key, { value, run_id: runId, before, best: isBest, regression: isRegression }]];
    }),
  );
}
