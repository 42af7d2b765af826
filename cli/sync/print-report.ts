/** What a sync leaves on the terminal: what is missing and why, then one line with the sums. */
import type { ErrorCode } from "../../store-format/index.js";
import { isPartial, type RunOutcome, type SyncReport } from "../../sync/index.js";
import type { CommandContext } from "../context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { serializeJson } from "../output/json.js";
import { formatBytes } from "../output/number.js";
import { formatDuration } from "../output/time.js";
import { visible } from "../output/visible.js";
import { exitCodeOf } from "../report-error.js";
import { counted } from "./counted.js";

/** Sentences on one kind of thing that are shown; `--json` has all. */
const SHOWN = 10;

/** Prints the report and returns the exit code it stands for. `what`: `pushed to`. */
export function printSyncReport(context: CommandContext, report: SyncReport, what: string): ExitCode {
  if (context.json) context.out.line(serializeJson({ event: "report", ...reportRecord(report) }));
  else {
    tellProblems(context, report);
    context.out.line(summaryOf(report, what));
  }
  return exitCodeFor(report);
}

/** Partial is 11; where the remote could not be asked at all, the reason decides. */
function exitCodeFor(report: SyncReport): ExitCode {
  if (!isPartial(report)) return EXIT.ok;
  const { outcomes, interrupted } = report;
  const [first] = outcomes;
  const isShut = outcomes.every(({ error }) => error !== undefined && SHUT.has(error.code));
  return isShut && !interrupted && first?.error !== undefined ? exitCodeOf(first.error) : EXIT.partial;
}

const SHUT: ReadonlySet<ErrorCode> = new Set(["UNAUTHENTICATED", "REMOTE_UNREACHABLE"]);

function tellProblems({ err }: CommandContext, { outcomes, notes }: SyncReport): void {
  const lines = [...notes, ...leftOut(outcomes), ...outcomes.flatMap(problemsOf)];
  for (const line of lines.slice(0, SHOWN)) err.line(`runstone: ${visible(line)}`);
  if (lines.length > SHOWN) err.line(`runstone: and ${lines.length - SHOWN} more; --json has all of them`);
}

/** Runs that were left out for one reason are told in one line. */
function leftOut(outcomes: readonly RunOutcome[]): readonly string[] {
  const byReason = new Map<string, RunOutcome[]>();
  for (const outcome of outcomes.filter(({ result }) => result === "skipped")) {
    const reason = outcome.reason ?? "";
    byReason.set(reason, [...(byReason.get(reason) ?? []), outcome]);
  }
  return [...byReason].map(([reason, [first, ...others]]) =>
    others.length === 0
      ? `${nameOf(first!)} was left out: ${reason}`
      : `${others.length + 1} runs were left out: of each, ${reason}`,
  );
}

function problemsOf(outcome: RunOutcome): readonly string[] {
  const { result, error, conflicts, exceptions } = outcome;
  const name = nameOf(outcome);
  const lines: string[] = [];
  if (result === "failed")
    lines.push(`${name} failed: ${error?.message}${error?.hint ? ` (${error.hint})` : ""}`);
  for (const { field, key, mine, theirs } of conflicts) {
    const what = key === null ? field : `${field} '${key}'`;
    lines.push(`${name}: ${what} is ${mine ?? "gone"} here and ${theirs ?? "gone"} there`);
  }
  for (const sentence of exceptions) lines.push(`${name}: ${sentence}`);
  return lines;
}

function nameOf({ runId, runName }: RunOutcome): string {
  return runName === "" ? runId.slice(0, 8) : `${runId.slice(0, 8)} (${runName})`;
}

function summaryOf({ remote, counts, moved, duration, interrupted }: SyncReport, what: string): string {
  const sent = counts.done + counts.running;
  const isNothing = sent === 0 && counts.unchanged > 0;
  const parts = [
    isNothing
      ? `Nothing is new for ${remote}`
      : `${counted(sent, "run")} ${what} ${remote}${contentOf(moved)}`,
    ...(counts.running === 0 ? [] : [`${counts.running} still running`]),
    ...(counts.unchanged === 0 ? [] : [`${counts.unchanged} unchanged`]),
    ...(counts.conflict === 0 ? [] : [`${counts.conflict} in conflict`]),
    ...(counts.skipped === 0 ? [] : [`${counts.skipped} left out`]),
    ...(counts.failed === 0 ? [] : [`${counts.failed} failed`]),
  ];
  return `${interrupted ? "Stopped: " : ""}${parts.join(", ")} in ${formatDuration(duration)}`;
}

function contentOf({ params, points, artifacts, bytes }: SyncReport["moved"]): string {
  const parts = [
    ...(params === 0 ? [] : [counted(params, "param")]),
    ...(points === 0 ? [] : [counted(points, "point")]),
    ...(artifacts === 0 ? [] : [`${counted(artifacts, "artifact")} of ${formatBytes(bytes)}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function reportRecord(report: SyncReport): object {
  const { remote, counts, moved, notes, requests, duration, interrupted, outcomes } = report;
  return {
    remote,
    complete: !isPartial(report),
    interrupted,
    ...{ counts, moved, requests },
    duration_ms: Math.round(duration),
    notes,
    runs: outcomes.map(outcomeRecord),
  };
}

export function outcomeRecord(outcome: RunOutcome): object {
  const { runId, runName, remoteRunId, result, reason, error, conflicts, exceptions, moved } = outcome;
  return {
    run_id: runId,
    run_name: runName,
    remote_run_id: remoteRunId,
    ...{ result, reason },
    error: error?.toJSON(),
    ...{ conflicts, exceptions, moved },
  };
}
