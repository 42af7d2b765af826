/** What `runstone reproduce` tells people: the plan before the command runs, the verdict after it. */
import { shellLine } from "../../core/capture/shell-words.js";
import type { MetricOutcome, Outcome, PointDifference } from "../../core/compare/compare-outcomes.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { printComparison } from "../compare/print-comparison.js";
import type { CommandContext } from "../context.js";
import type { Output } from "../output/output.js";
import { visible } from "../output/visible.js";
import { prefixLength } from "../runs/id-prefix.js";
import { runNameOf } from "../store/run-name.js";
import type { Plan } from "./plan.js";
import { environmentDifferences, type Planned, type Reproduction } from "./reproduction.js";

const MOST_LINES = 10;

/** A plan that is carried out goes to stderr: stdout is the command's. */
export function printPlan(
  { style }: CommandContext,
  to: Output,
  { origin, code, plan, worktree }: Planned,
): void {
  to.line(`Reproducing run ${shown(origin)} in ${visible(worktree)}`);
  for (const line of planLines(code.commit, plan)) to.line(`  ${line}`);
  for (const note of plan.notes) to.line(`${style.yellow("note:")} ${visible(note)}`);
  to.flush();
}

function planLines(commit: string, { command, cwd, variables, unset, options }: Plan): readonly string[] {
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const lines = [
    ["commit", commit.slice(0, 7)],
    ["command", shellLine(command)],
    ["directory", cwd],
    ["variables", shellLine(settings)],
    ["not set", unset.join(" ")],
    ["options", shellLine(options)],
  ] as const;
  return lines.filter(([, text]) => text !== "").map(([name, text]) => `${name.padEnd(9)}  ${visible(text)}`);
}

function shown(run: RunRecord): string {
  const name = runNameOf(run);
  return `${run.runId.slice(0, 7)}${name === "" ? "" : ` (${visible(name)})`}`;
}

export function printResult(context: CommandContext, reproduction: Reproduction): void {
  const { out, err, style } = context;
  const { placed, outcome, directory, again, record, origin } = reproduction;
  for (const note of placed.notes) err.line(`${style.yellow("note:")} ${visible(note)}`);
  if (again.isInterrupted) out.line("Interrupted: no verdict");
  else if (outcome === null) printVariation(context, reproduction);
  else printVerdict(context, reproduction, outcome);
  printEnvironment(context, reproduction);
  if (record.info?.status === "FAILED" && origin.info?.status === "FINISHED")
    err.line(
      "Files that Git ignores are not in the work tree: --link PATH brings those that the command needs.",
    );
  if (directory !== null)
    err.line(`The work tree is kept: ${visible(directory)} (git worktree remove --force DIR removes it)`);
}

function printVerdict({ out, style }: CommandContext, reproduction: Reproduction, outcome: Outcome): void {
  const { origin, tolerance } = reproduction;
  const { verdict, first } = outcome;
  const run = shown(origin);
  if (verdict === "identical") out.line(`${style.green("Identical")} to run ${run}: ${countsText(outcome)}`);
  if (verdict === "equal")
    out.line(
      `${style.green("Equal")} to run ${run} within ${tolerance}: ${countsText(outcome)}${farthestText(outcome)}`,
    );
  if (verdict === "different") {
    const where = first === null ? "" : `: ${differenceText(first)}`;
    out.line(`${style.red("Different")} from run ${run}${where}`);
  }
  for (const line of differenceLines(outcome)) out.line(`  ${line}`);
}

function countsText({ counts: { points, params, artifacts } }: Outcome): string {
  const text = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
  return [text(points, "point"), text(params, "param"), text(artifacts, "artifact")].join(", ");
}

/** The metric whose values are farthest apart. */
function farthestText({ metrics }: Outcome): string {
  const farthest = metrics.reduce<MetricOutcome | null>(
    (most, one) => (one.distance > (most?.distance ?? 0) ? one : most),
    null,
  );
  return farthest === null
    ? ""
    : `; farthest apart: ${visible(farthest.key)}, by ${farthest.distance.toExponential(1)}`;
}

/** `loss parts at step 3: 0.25, then 0.26`; every digit, since they may differ in the last one. */
function differenceText({ metric, step, index, values }: PointDifference): string {
  const [before, after] = values.map((value) => (value === null ? "no point" : String(value)));
  const which = index === 0 ? "" : ` (point ${index + 1} of that step)`;
  return `${visible(metric)} parts at step ${step}${which}: ${before}, then ${after}`;
}

function differenceLines({ statuses, first, metrics, params, artifacts }: Outcome): readonly string[] {
  const [before, after] = statuses;
  const others = metrics.flatMap((one) => (one.first === null || one.key === first?.metric ? [] : one.first));
  return [
    ...(before === after ? [] : [`status: ${before ?? "unknown"}, then ${after ?? "unknown"}`]),
    ...shortened(others.map(differenceText), "metrics"),
    ...shortened(
      params.map(({ key, values }) => `param ${visible(key)}: ${values.map(paramText).join(", then ")}`),
      "params",
    ),
    ...shortened(
      artifacts.map(({ key, values }) => `artifact ${visible(key)}: ${artifactText(values)}`),
      "artifacts",
    ),
  ];
}

function paramText(value: string | null): string {
  return value === null ? "none" : visible(value);
}

function artifactText([before, after]: readonly (string | null)[]): string {
  if (before == null) return "not in the origin";
  return after == null ? "not made again" : "other content";
}

function shortened(lines: readonly string[], what: string): readonly string[] {
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more ${what} (--json lists all)`];
}

function printVariation(context: CommandContext, { comparison, record }: Reproduction): void {
  const prefix = prefixLength(comparison.runs.map(({ runId }) => runId));
  const empty = { environment: [], packages: [], code: [], tags: [], datasets: [] };
  const results = { ...comparison, texts: { ...comparison.texts, ...empty } };
  const shownRows = { all: false, atStep: undefined, tolerance: 0, prefix, ascii: false };
  printComparison(context, { ...shownRows, comparison: results, stateOf, storesOf: () => [] });
  if (record.info?.status !== "FINISHED") context.out.line(`The command ended as ${record.info?.status}`);
}

function printEnvironment({ out, style }: CommandContext, { comparison }: Reproduction): void {
  const differences = environmentDifferences(comparison);
  if (differences.length === 0) return;
  out.line(style.bold("The environment is another one"));
  const lines = differences.map(
    ({ name, recorded, now }) => `${visible(name)}: ${paramText(recorded)}, now ${paramText(now)}`,
  );
  for (const line of shortened(lines, "differences")) out.line(`  ${line}`);
}
