/** What a sync leaves on the terminal: what is missing and why, then one line with the sums. */
import type { ErrorCode } from "../../store-format/index.js";
import { isPartial, NOT_TRIED, type RunOutcome, STOPPED, type SyncReport } from "../../sync/index.js";
import type { CommandContext } from "../context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { serializeJson } from "../output/json.js";
import { formatBytes } from "../output/number.js";
import { formatDuration } from "../output/time.js";
import { visible } from "../output/visible.js";
import { exitCodeOf } from "../report-error.js";
import { catalogParts, conflictLine } from "./catalog-words.js";
import { counted } from "./counted.js";
import { runWords } from "./named-run.js";

/** In the words of the summary. */
const VERBS: Readonly<Record<string, string>> = {
  "pushed to": "sent",
  "pulled from": "brought",
  "cloned from": "brought",
  "synced with": "synced",
  "equal at": "compared",
};

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
export function exitCodeFor(report: SyncReport): ExitCode {
  if (!isPartial(report)) return EXIT.ok;
  const { outcomes, interrupted } = report;
  const [first] = outcomes;
  const isShut = outcomes.every(({ error }) => error !== undefined && SHUT.has(error.code));
  return isShut && !interrupted && first?.error !== undefined ? exitCodeOf(first.error) : EXIT.partial;
}

const SHUT: ReadonlySet<ErrorCode> = new Set(["UNAUTHENTICATED", "REMOTE_UNREACHABLE"]);

/** What failed and what is in conflict is told whole and first; the rest as far as it is new, else as counts. */
export function tellProblems({ err }: CommandContext, report: SyncReport): void {
  const { outcomes, notes, interrupted, catalogConflicts } = report;
  const say = (line: string): void => err.line(`runstone: ${visible(line)}`);
  for (const line of [...failuresOf(outcomes), ...outcomes.flatMap(conflictsOf)]) say(line);
  for (const conflict of catalogConflicts) say(conflictLine(conflict));
  if (catalogConflicts.length > 0 || outcomes.some(({ conflicts }) => conflicts.length > 0))
    say("`runstone resolve` lists what is in conflict and settles it");
  for (const line of untriedOf(outcomes, interrupted)) say(line);
  const known = outcomes.filter((one) => isKnown(one) && !one.incomplete && one.exceptions.length > 0);
  const fresh = outcomes.filter((outcome) => !isKnown(outcome)).flatMap(exceptionsOf);
  const lines = [...notes, ...fresh];
  for (const line of lines.slice(0, SHOWN)) say(line);
  if (lines.length > SHOWN) say(`and ${lines.length - SHOWN} more; --json has all of them`);
  for (const line of leftOut(outcomes)) say(line);
  for (const line of exceptedOf(report)) say(line);
  const sentences = known.reduce((sum, { exceptions }) => sum + exceptions.length, 0);
  if (sentences > 0)
    say(
      `${counted(known.length, "run")} cannot be there as here, as their receipts say (${counted(sentences, "sentence")}; --json has all of them)`,
    );
}

/** Nothing of the run was on its way: what is to be said of it was said when it was. */
function isKnown({ moved, result, incomplete }: RunOutcome): boolean {
  const isIdle = Object.values(moved).every((count) => count === 0);
  if (incomplete && result !== "unchanged") return false;
  return isIdle && result !== "failed" && result !== "conflict";
}

/** Runs that were synced with exceptions before. */
function exceptedOf({ excepted, outcomes, remote }: SyncReport): readonly string[] {
  const told = new Set(outcomes.filter((outcome) => !isKnown(outcome)).map(({ runId }) => runId));
  const count = excepted.filter((runId) => !told.has(runId)).length;
  if (count === 0) return [];
  const what = count === 1 ? "1 run is" : `${count} runs are`;
  return [
    `${what} synced with exceptions: \`runstone verify ${remote}\` tells what is not there and why, \`--fix\` asks for it again`,
  ];
}

/** Runs whose turn did not come, and why. */
function untriedOf(outcomes: readonly RunOutcome[], interrupted: boolean): readonly string[] {
  const untried = outcomes.filter(isUntried);
  if (untried.length === 0 || interrupted) return [];
  const cause = outcomes.findLast(({ error }) => error !== undefined)?.error;
  const why = cause?.code === "REMOTE_UNREACHABLE" ? "the server went away" : "others failed before";
  const names = untried.slice(0, SHOWN).map(nameOf).join(", ");
  const more = untried.length > SHOWN ? ` and ${untried.length - SHOWN} more` : "";
  return [`${counted(untried.length, "run")} not tried, because ${why}: ${names}${more}`];
}

function isUntried({ result, reason }: RunOutcome): boolean {
  return result === "skipped" && (reason === NOT_TRIED || reason === STOPPED);
}

/** Runs that were left out for one reason are told in one line. */
function leftOut(outcomes: readonly RunOutcome[]): readonly string[] {
  const byReason = new Map<string, RunOutcome[]>();
  for (const outcome of outcomes.filter((one) => one.result === "skipped" && !isUntried(one))) {
    const reason = outcome.reason ?? "";
    byReason.set(reason, [...(byReason.get(reason) ?? []), outcome]);
  }
  return [...byReason].map(([reason, [first, ...others]]) =>
    others.length === 0
      ? `${nameOf(first!)} was left out: ${reason}`
      : `${others.length + 1} runs were left out: of each, ${reason}`,
  );
}

/** Runs that failed for one reason, as where nobody answers, are told in one line. */
function failuresOf(outcomes: readonly RunOutcome[]): readonly string[] {
  const byReason = new Map<string, RunOutcome[]>();
  for (const outcome of outcomes.filter(({ result }) => result === "failed")) {
    const { message = "", hint = "" } = outcome.error ?? {};
    const reason = hint === "" ? message : `${message} (${hint})`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), outcome]);
  }
  return [...byReason].map(([reason, failed]) => {
    const names = failed.slice(0, SHOWN).map(nameOf).join(", ");
    const more = failed.length > SHOWN ? ` and ${failed.length - SHOWN} more` : "";
    return `${names}${more} failed: ${reason}`;
  });
}

function conflictsOf(outcome: RunOutcome): readonly string[] {
  return outcome.conflicts.map(({ field, key, mine, theirs }) => {
    const what = key === null ? field : `${field} '${key}'`;
    return `${nameOf(outcome)}: ${what} is ${mine ?? "gone"} here and ${theirs ?? "gone"} there`;
  });
}

function exceptionsOf(outcome: RunOutcome): readonly string[] {
  return outcome.exceptions.map((sentence) => `${nameOf(outcome)}: ${sentence}`);
}

function nameOf({ runId, runName }: RunOutcome): string {
  return runWords(runId, runName);
}

function summaryOf(report: SyncReport, what: string): string {
  const { remote, counts, excepted, moved, duration, interrupted, outcomes } = report;
  const sent = counts.done + counts.running;
  const untried = outcomes.filter(isUntried).length;
  const isSound = !interrupted && untried + counts.failed + counts.conflict === 0;
  const besides = catalogParts(report.catalog, report.counts.done > 0);
  const isNothing = sent === 0 && counts.unchanged > 0 && besides.length === 0 && isSound;
  const parts = [
    isNothing
      ? `Nothing is new for ${remote}`
      : `${counted(sent, "run")} ${what} ${remote}${contentOf(moved)}`,
    ...besides,
    ...(counts.running === 0 ? [] : [`${counts.running} still running`]),
    ...(counts.unchanged === 0 ? [] : [`${counts.unchanged} unchanged`]),
    ...(excepted.length === 0 ? [] : [`${excepted.length} with exceptions`]),
    ...(counts.conflict === 0 ? [] : [`${counts.conflict} in conflict`]),
    ...(counts.skipped === untried ? [] : [`${counts.skipped - untried} left out`]),
    ...(counts.failed === 0 ? [] : [`${counts.failed} failed`]),
    ...(untried === 0 ? [] : [`${untried} not ${VERBS[what] ?? "tried"}`]),
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
  const { remote, counts, excepted, moved, notes, requests, duration, interrupted, outcomes } = report;
  const { catalog, catalogConflicts } = report;
  return {
    remote,
    complete: !isPartial(report),
    interrupted,
    ...{ counts, excepted, moved, requests },
    duration_ms: Math.round(duration),
    ...{ catalog, catalog_conflicts: catalogConflicts },
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
