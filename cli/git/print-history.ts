/** The history as a graph for people. */

import { codeOfRun } from "../../core/git/code-of-run.js";
import type { CommitValue } from "../../core/git/history/index.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import type { CommandContext } from "../context.js";
import { formatNumber } from "../output/number.js";
import { paintState } from "../output/run-state.js";
import { formatAge } from "../output/time.js";
import { visible } from "../output/visible.js";
import { runNameOf } from "../store/run-name.js";
import { chosenRows, type ShownCommit, type ShownHistory, type ShownMetric } from "./shown-history.js";

const SHORT = 7;

export function printHistory(context: CommandContext, history: ShownHistory): void {
  const { out, style } = context;
  for (const shown of history.commits) {
    for (const line of shown.above) out.line(line.trimEnd());
    out.line(commitLine(context, shown, history));
    const rows = chosenRows(shown, history);
    const below = rows.map((row) => runLine(context, { shown, row, history }));
    const more = shown.rows.length - rows.length;
    if (more > 0) below.push(style.dim(`${more} more ${runs(more)}`));
    for (const [index, text] of below.entries()) out.line(`${graphBelow(shown, index)}  ${text}`);
    if (below.length === 0 && graphBelow(shown, 0) !== graphBelow(shown, 1))
      out.line(graphBelow(shown, 0).trimEnd());
  }
  if (history.isCut) context.err.line("more commits: -n N, or -n 0 for all");
  tellElsewhere(context, history);
}

/** Where lines part below a merge, the first line shows it. */
function graphBelow({ below }: ShownCommit, index: number): string {
  return below[Math.min(index, below.length - 1)] ?? "";
}

function commitLine(
  { style }: CommandContext,
  { commit, graph }: ShownCommit,
  { now }: ShownHistory,
): string {
  const { refs, subject, author, time } = commit;
  const where = refs.length === 0 ? "" : ` ${style.cyan(`(${visible(refs.join(", "))})`)}`;
  const who = style.dim(`${visible(author)}, ${formatAge(time, now)}`);
  return `${graph}${style.yellow(commit.commit.slice(0, SHORT))}${where} ${visible(subject)}  ${who}`;
}

interface RunOfCommit {
  readonly shown: ShownCommit;
  readonly row: number;
  readonly history: ShownHistory;
}

function runLine(context: CommandContext, { shown, row, history }: RunOfCommit): string {
  const { style } = context;
  const run = history.opened.table.runAt(row);
  const state = stateOf(run);
  const isDirty = codeOfRun(run.tags).dirty === true;
  const values = history.metrics.flatMap((metric) => valueText(context, { metric, row, shown }));
  return [
    style.bold(run.runId.slice(0, SHORT)),
    visible(runNameOf(run)),
    state === "FINISHED" ? "" : paintState(style, state, state),
    ...(isDirty ? ["dirty"] : []),
    ...values,
  ]
    .filter((part) => part !== "")
    .join("  ");
}

/** `val_loss 0.312 (best)`; only the run that had the commit's best value is marked. */
function valueText(
  { style }: CommandContext,
  { metric, row, shown }: { readonly metric: ShownMetric; readonly row: number; readonly shown: ShownCommit },
): readonly string[] {
  const value = metric.bestOfRow(row);
  if (value === null) return [];
  const text = `${visible(metric.key)} ${formatNumber(value)}`;
  const found = metric.values.get(shown.commit.commit);
  if (found === undefined || found.row !== row) return [text];
  const note = noteOf(found);
  if (note === "") return [text];
  return [`${text} ${found.isRegression ? style.red(note) : style.green(note)}`];
}

function noteOf({ isBest, isRegression, before, value }: CommitValue): string {
  if (isBest) return "(best)";
  return isRegression && before !== null ? `(worse by ${formatNumber(Math.abs(value - before))})` : "";
}

function tellElsewhere({ err }: CommandContext, { elsewhere, isCut }: ShownHistory): void {
  const { otherCommits, noCommit } = elsewhere;
  if (otherCommits > 0 && !isCut)
    err.line(
      `${otherCommits} ${runs(otherCommits)} ran at commits that are not in this history (--branches)`,
    );
  if (noCommit > 0) err.line(`${noCommit} ${runs(noCommit)} tell${noCommit === 1 ? "s" : ""} no commit`);
}

function runs(count: number): string {
  return count === 1 ? "run" : "runs";
}
