import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  type CommitValue,
  type HistoryLine,
  metricOnHistory,
  type RunsOfCommits,
  runsOfCommits,
  walkHistory,
} from "../../core/git/history/index.js";
import { openRepository, type Repository } from "../../core/git/index.js";
import { activeRows, numberAt } from "../../core/search/cells.js";
import type { CommandContext } from "../context.js";
import { historyColumns, historyRecords, historyRows } from "../git/history-rows.js";
import { printHistory } from "../git/print-history.js";
import type { ShownCommit, ShownHistory, ShownMetric } from "../git/shown-history.js";
import { withOutput } from "../output/output-file.js";
import { printRows } from "../output/print-rows.js";
import { readFormat } from "../parse/format-options.js";
import { goalOf } from "../parse/goal.js";
import { nearest } from "../parse/nearest.js";
import { usageError } from "../parse/usage-error.js";
import { findMetric } from "../store/best-run.js";
import { openRuns, type StoreRuns } from "../store/open-runs.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import type { HistoryArguments } from "./log-history.js";

const DEFAULT_COMMITS = 20;
const DEFAULT_RUNS = 5;
const VERBS = ["metric", "param", "tag", "artifact", "text"];

export async function runHistory(context: CommandContext, args: HistoryArguments): Promise<void> {
  const format = readFormat(context, args);
  assertNoVerb(context, args);
  const repository = await openRepository({ cwd: context.cwd, env: context.env });
  const opened = openRuns(context, { experiments: args.experiment });
  tellAgeAtEnd(context, opened.table);
  const history = await readHistory(context, args, { repository, opened });
  if (history.commits.length === 0) tellNothing(context, args);
  if (format === "table") return withOutput(context, args.output, (into) => printHistory(into, history));
  await printRows(context, {
    columns: historyColumns(history),
    rows: historyRows(history),
    records: historyRecords(history),
    format,
    output: args.output,
  });
}

interface Opened {
  readonly repository: Repository;
  readonly opened: StoreRuns;
}

async function readHistory(
  context: CommandContext,
  args: HistoryArguments,
  { repository, opened }: Opened,
): Promise<ShownHistory> {
  const limit = limitOf(args.limit, DEFAULT_COMMITS);
  const [runs, lines] = await Promise.all([
    runsOfCommits(repository, opened.table),
    readLines(
      context,
      args,
      repository,
      args.metric.length > 0 || args.ran ? Number.POSITIVE_INFINITY : limit,
    ),
  ]);
  const metrics = args.metric.map((word) => metricOf(word, args, { opened, runs, lines }));
  return {
    ...{ opened, metrics, runsShown: limitOf(args.runs, DEFAULT_RUNS), now: context.now() },
    ...cut(lines, { runs, limit, ran: args.ran }),
    elsewhere: countElsewhere(opened, runs, lines),
  };
}

function limitOf(given: HistoryArguments["limit"], usual: number): number {
  if (given === undefined) return usual;
  if (given < 0) throw usageError("a limit must not be negative", "0 shows all");
  return given === 0 ? Number.POSITIVE_INFINITY : Number(given);
}

/** As many lines as hold so many commits, and one commit more, which tells that there are more. */
async function readLines(
  context: CommandContext,
  { revision, branches, path }: HistoryArguments,
  repository: Repository,
  limit: number,
): Promise<readonly HistoryLine[]> {
  if (branches && revision.length > 0) throw usageError("--branches and --revision are both given");
  const lines: HistoryLine[] = [];
  let commits = 0;
  const history = walkHistory(repository, {
    ...(revision.length > 0 ? { revisions: revision } : {}),
    all: branches,
    paths: path.map((one) => resolve(context.cwd, one)),
  });
  for await (const line of history) {
    lines.push(line);
    if (line.commit !== null) commits += 1;
    if (commits > limit) break;
  }
  return lines;
}

interface Cut {
  readonly runs: RunsOfCommits;
  readonly limit: number;
  readonly ran: boolean;
}

/** Without commits between, the graph says nothing: `--ran` draws none. */
function cut(
  lines: readonly HistoryLine[],
  { runs, limit, ran }: Cut,
): { readonly commits: readonly ShownCommit[]; readonly isCut: boolean } {
  const commits: ShownCommit[] = [];
  let above: string[] = [];
  for (const { graph, commit, below } of lines) {
    if (commit === null) {
      above.push(graph);
      continue;
    }
    const rows = runs.get(commit.commit) ?? [];
    if (ran && rows.length === 0) continue;
    if (commits.length >= limit) return { commits, isCut: true };
    commits.push(
      ran ? { commit, rows, above: [], graph: "* ", below: ["  "] } : { commit, rows, above, graph, below },
    );
    above = [];
  }
  return { commits, isCut: false };
}

function metricOf(
  word: string,
  { min, max, tolerance = 0 }: HistoryArguments,
  { opened, runs, lines }: { opened: StoreRuns; runs: RunsOfCommits; lines: readonly HistoryLine[] },
): ShownMetric {
  if (!(tolerance >= 0)) throw usageError("--tolerance must not be negative");
  const { key } = findMetric(opened.table, word);
  const { direction } = goalOf(key, { min, max });
  const column = opened.table.column({ entity: "metric", key, aggregate: direction });
  const values: ReadonlyMap<string, CommitValue> = metricOnHistory(
    lines.flatMap(({ commit }) => commit ?? []),
    (commit) => runs.get(commit) ?? [],
    { direction, tolerance, bestOfRow: (row) => numberAt(column, row) },
  );
  return { key, direction, values, bestOfRow: (row) => numberAt(column, row) };
}

/** Runs of commits that were not walked, and runs that tell no commit. */
function countElsewhere(
  { table }: StoreRuns,
  runs: RunsOfCommits,
  lines: readonly HistoryLine[],
): ShownHistory["elsewhere"] {
  const walked = new Set(lines.flatMap(({ commit }) => commit?.commit ?? []));
  let [here, known] = [0, 0];
  for (const [commit, rows] of runs) {
    known += rows.length;
    if (walked.has(commit)) here += rows.length;
  }
  return { otherCommits: known - here, noCommit: activeRows(table).length - known };
}

/** `log metirc loss=1`: no path, and nearly a subcommand. Throws USAGE. */
function assertNoVerb({ cwd }: CommandContext, { path: [first] }: HistoryArguments): void {
  if (first === undefined || existsSync(resolve(cwd, first))) return;
  const meant = nearest(first, VERBS);
  if (meant !== undefined)
    throw usageError(`runstone log has no subcommand ${first}`, `Did you mean runstone log ${meant}?`);
}

function tellNothing(context: CommandContext, { path, ran }: HistoryArguments): void {
  const what = path.length > 0 ? `no commit changed ${path.join(", ")}` : "no commits";
  context.err.line(ran ? "no runs ran at these commits" : what);
}
