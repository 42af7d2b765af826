/** What changed between two revisions, in runs, metrics and code. */
import type { ChangedFile } from "../../core/git/diff/diff-code.js";
import type { HistoryCommit, RunsOfCommits } from "../../core/git/history/index.js";
import { type Direction, metricDirection } from "../../core/search/metric-direction.js";
import { rankRows } from "../../core/search/rank-rows.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { formatNumber } from "../output/number.js";
import type { StoreRuns } from "../store/open-runs.js";
import { runNameOf } from "../store/run-name.js";
import { summaryOf } from "./print-code.js";
import type { ReportCell, ReportDocument, ReportTable, Verdict } from "./report-document.js";

export interface ReportOptions {
  readonly opened: StoreRuns;
  readonly runs: RunsOfCommits;
  /** Of the commits of the range, the newest first, and of those before it. */
  readonly commits: readonly HistoryCommit[];
  readonly before: ReadonlySet<string>;
  readonly files: readonly ChangedFile[];
  /** None: every metric that runs of the range have, but for those of the machine. */
  readonly metrics: readonly string[];
  readonly tolerance: number;
  /** `main..feature` */
  readonly range: string;
}

export interface ComparedMetricOfRange {
  readonly experimentId: string;
  readonly key: string;
  readonly direction: Direction;
  readonly before: BestValue | null;
  readonly after: BestValue;
  readonly verdict: Verdict | null;
}

export interface BestValue {
  readonly run: RunRecord;
  readonly value: number;
}

export interface ReportOfRange {
  readonly options: ReportOptions;
  /** Runs of the range, the newest commit first. */
  readonly newRuns: readonly { readonly run: RunRecord; readonly commit: string }[];
  readonly metrics: readonly ComparedMetricOfRange[];
}

export function reportOfRange(options: ReportOptions): ReportOfRange {
  const { opened, runs, commits, before } = options;
  const newRows = commits.flatMap(({ commit }) => (runs.get(commit) ?? []).map((row) => ({ row, commit })));
  const oldRows = [...runs].flatMap(([commit, rows]) => (before.has(commit) ? rows : []));
  const newRuns = newRows.map(({ row, commit }) => ({ run: opened.table.runAt(row), commit }));
  const experiments = [...new Set(newRuns.map(({ run }) => run.experimentId))];
  const ids = opened.table.column({ entity: "attribute", key: "experiment_id" });
  const ofExperiment = (rows: readonly number[], id: string): readonly number[] =>
    rows.filter((row) => ids?.kind === "text" && ids.texts[(ids.codes[row] ?? 0) - 1] === id);
  const rows = newRows.map(({ row }) => row);
  const metrics = experiments.flatMap((experimentId) =>
    comparedMetrics(options, experimentId, {
      newRows: ofExperiment(rows, experimentId),
      oldRows: ofExperiment(oldRows, experimentId),
    }),
  );
  return { options, newRuns, metrics };
}

function comparedMetrics(
  { opened: { table }, metrics, tolerance }: ReportOptions,
  experimentId: string,
  { newRows, oldRows }: { readonly newRows: readonly number[]; readonly oldRows: readonly number[] },
): readonly ComparedMetricOfRange[] {
  const keys =
    metrics.length > 0 ? metrics : table.keys("metric").filter((key) => !key.startsWith("system/"));
  return keys.flatMap((key) => {
    const direction = metricDirection(key) ?? "max";
    const best = (rows: readonly number[]): BestValue | null => {
      const [first] = rankRows(table, rows, { key, aggregate: direction, direction });
      return first === undefined ? null : { run: table.runAt(first.row), value: first.value };
    };
    const [before, after] = [best(oldRows), best(newRows)];
    if (after === null) return [];
    const verdict = before === null ? null : verdictOf(before.value, after.value, { key, tolerance });
    return [{ experimentId, key, direction, before, after, verdict }];
  });
}

/** Of a metric whose name does not say which way is better: null. */
function verdictOf(
  before: number,
  after: number,
  { key, tolerance }: { readonly key: string; readonly tolerance: number },
): Verdict | null {
  if (Math.abs(after - before) <= tolerance) return "same";
  const direction = metricDirection(key);
  if (direction === null) return null;
  return after < before === (direction === "min") ? "better" : "worse";
}

const RUNS_SHOWN = 50;
const COMMITS_SHOWN = 50;

export function documentOf(report: ReportOfRange): ReportDocument {
  const { options, newRuns, metrics } = report;
  const { commits, files, range } = options;
  const words = [
    `${count(commits.length, "commit")}, ${count(newRuns.length, "run")}.`,
    `Code: ${summaryOf(files)}.`,
  ];
  return {
    title: `Runs of ${range}`,
    paragraphs: [words.join(" "), ...(newRuns.length === 0 ? ["No run ran at these commits."] : [])],
    tables: [
      ...(metrics.length === 0 ? [] : [metricTable(report)]),
      ...(newRuns.length === 0 ? [] : [runTable(report)]),
      ...(commits.length === 0 ? [] : [commitTable(report)]),
    ],
  };
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function metricTable({ metrics, options: { opened } }: ReportOfRange): ReportTable {
  const several = new Set(metrics.map(({ experimentId }) => experimentId)).size > 1;
  return {
    title: "Metrics",
    columns: [
      ...(several ? [{ title: "experiment" }] : []),
      { title: "metric" },
      { title: "before", isNumber: true },
      { title: "now", isNumber: true },
      { title: "change", isNumber: true },
      { title: "run" },
    ],
    rows: metrics.map((metric) => [
      ...(several ? [{ text: opened.experimentNames.get(metric.experimentId) ?? metric.experimentId }] : []),
      ...metricCells(metric),
    ]),
    note: "Before: the best run of the commits before. Now: the best of these commits. Each by its best value.",
  };
}

function metricCells({
  key,
  direction,
  before,
  after,
  verdict,
}: ComparedMetricOfRange): readonly ReportCell[] {
  const change = before === null ? null : after.value - before.value;
  const sign = change !== null && change > 0 ? "+" : "";
  return [
    { text: `${key} (${direction})` },
    { text: before === null ? "-" : formatNumber(before.value) },
    { text: formatNumber(after.value) },
    {
      text: change === null ? "new" : `${sign}${formatNumber(change)}`,
      ...(verdict === null ? {} : { verdict }),
    },
    runCell(after.run),
  ];
}

function runCell(run: RunRecord): ReportCell {
  const name = runNameOf(run);
  return name === ""
    ? { text: run.runId.slice(0, 8), isCode: true }
    : { text: `${name} (${run.runId.slice(0, 8)})` };
}

function runTable({ newRuns, metrics }: ReportOfRange): ReportTable {
  const keys = [...new Set(metrics.map(({ key }) => key))].slice(0, 6);
  return {
    title: "Runs",
    columns: [
      { title: "run" },
      { title: "commit" },
      { title: "state" },
      ...keys.map((title) => ({ title, isNumber: true })),
    ],
    rows: newRuns
      .slice(0, RUNS_SHOWN)
      .map(({ run, commit }) => [
        runCell(run),
        { text: commit.slice(0, 7), isCode: true },
        { text: stateOf(run) },
        ...keys.map((key) => ({ text: bestText(run, key) })),
      ]),
    note: newRuns.length > RUNS_SHOWN ? `${count(newRuns.length - RUNS_SHOWN, "more run")}.` : "",
  };
}

function bestText({ metrics }: RunRecord, key: string): string {
  const summary = Object.hasOwn(metrics, key) ? metrics[key] : undefined;
  if (summary === undefined) return "-";
  const best = summary[metricDirection(key) ?? "max"] ?? summary.last;
  return formatNumber(best.value);
}

function commitTable({ options: { commits, runs } }: ReportOfRange): ReportTable {
  return {
    title: "Commits",
    columns: [
      { title: "commit" },
      { title: "subject" },
      { title: "author" },
      { title: "runs", isNumber: true },
    ],
    rows: commits
      .slice(0, COMMITS_SHOWN)
      .map(({ commit, subject, author }) => [
        { text: commit.slice(0, 7), isCode: true },
        { text: subject },
        { text: author },
        { text: String(runs.get(commit)?.length ?? 0) },
      ]),
    note: commits.length > COMMITS_SHOWN ? `${count(commits.length - COMMITS_SHOWN, "more commit")}.` : "",
  };
}
