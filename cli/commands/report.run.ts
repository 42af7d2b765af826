import { listChangedFiles } from "../../core/git/diff/diff-code.js";
import {
  type CommitRange,
  listRange,
  readCommits,
  readRange,
  runsOfCommits,
} from "../../core/git/history/index.js";
import { openRepository, type Repository } from "../../core/git/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { reportHtml } from "../git/report-html.js";
import { reportMarkdown } from "../git/report-markdown.js";
import { type BestValue, documentOf, type ReportOfRange, reportOfRange } from "../git/report-of-range.js";
import { withOutput } from "../output/output-file.js";
import { printJsonObject } from "../output/print-json.js";
import { usageError } from "../parse/usage-error.js";
import { findMetric } from "../store/best-run.js";
import { openRuns } from "../store/open-runs.js";
import { runNameOf } from "../store/run-name.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import type { ReportArguments } from "./report.js";

/** Git's empty tree: what a history without a beginning is compared with. */
const EMPTY_TREE = ["hash-object", "-t", "tree", "--stdin"];

export async function runReport(context: CommandContext, args: ReportArguments): Promise<void> {
  const format = formatOf(context, args);
  const report = await makeReport(context, args);
  await withOutput(context, args.output, (into) => {
    if (format === "json") printJsonObject(into, recordOf(report));
    else
      into.out.write(format === "html" ? reportHtml(documentOf(report)) : reportMarkdown(documentOf(report)));
  });
  const gotWorse = report.metrics.some(({ verdict }) => verdict === "worse");
  if (args["exit-code"] && gotWorse) process.exitCode = EXIT.failure;
}

function formatOf({ json }: CommandContext, { format, output }: ReportArguments): "md" | "html" | "json" {
  if (json && format !== undefined && format !== "json")
    throw usageError(`--json and --format ${format} are both given`, "Give one of them");
  if (json) return "json";
  const named = /\.html?$/i.test(output ?? "") ? "html" : /\.json$/i.test(output ?? "") ? "json" : "md";
  return (format as "md" | "html" | "json" | undefined) ?? named;
}

async function makeReport(context: CommandContext, args: ReportArguments): Promise<ReportOfRange> {
  const { tolerance = 0, range, metric } = args;
  if (!(tolerance >= 0)) throw usageError("--tolerance must not be negative");
  const repository = await openRepository({ cwd: context.cwd, env: context.env });
  const opened = openRuns(context, { experiments: args.experiment });
  tellAgeAtEnd(context, opened.table);
  const metrics = metric.map((word) => findMetric(opened.table, word).key);
  const ends = await readRange(repository, range);
  const [{ added, before }, runs, files] = await Promise.all([
    listRange(repository, ends),
    runsOfCommits(repository, opened.table),
    changedFiles(repository, ends, opened.place.context.root),
  ]);
  const told = await readCommits(repository, added);
  const commits = [...added].flatMap((id) => told.get(id) ?? []);
  return reportOfRange({
    ...{ opened, runs, commits, before, files, metrics, tolerance },
    range: range ?? rangeText(ends),
  });
}

async function changedFiles(
  repository: Repository,
  { from, to }: CommitRange,
  storePath: string,
): ReturnType<typeof listChangedFiles> {
  const base = from ?? (await repository.text(EMPTY_TREE, { input: "" }));
  return listChangedFiles(repository, { from: base, to, paths: [], storePath });
}

function rangeText({ from, to }: CommitRange): string {
  return from === null ? to.slice(0, 7) : `${from.slice(0, 7)}..${to.slice(0, 7)}`;
}

function recordOf({ options, newRuns, metrics }: ReportOfRange): object {
  const { range, commits, files } = options;
  const best = (value: BestValue | null) =>
    value && { value: value.value, run_id: value.run.runId, run_name: runNameOf(value.run) };
  return {
    range,
    commits: commits.map(({ commit, author, time, subject }) => ({ commit, author, time, subject })),
    runs: newRuns.map(({ run, commit }) => ({ run_id: run.runId, run_name: runNameOf(run), commit })),
    metrics: metrics.map(({ experimentId, key, direction, before, after, verdict }) => ({
      ...{ experiment_id: experimentId, metric: key, direction },
      ...{ before: best(before), after: best(after), verdict },
    })),
    files,
  };
}
