import { join, relative, resolve } from "node:path";
import { type AdoptReport, adoptInGit } from "../../core/adopt/index.js";
import { followedStatIfExists, realPathIfExists } from "../../core/fs/index.js";
import { IGNORE_DAMAGE } from "../../core/store/read/damages.js";
import { listExperimentLocations } from "../../core/store/read/experiments.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { openPlaceTelling } from "../store/open-place.js";
import type { AdoptArguments } from "./adopt.js";

export async function runAdopt(context: CommandContext, args: AdoptArguments): Promise<void> {
  if (args.directory !== undefined && context.store !== undefined)
    throw usageError("two stores are named", "Give the directory, or --store.");
  const place = openPlaceTelling(withStore(context, args.directory), IGNORE_DAMAGE);
  const { env } = context;
  const report = await adoptInGit(place.context, {
    ...{ env, apply: args.apply, take: args.take, untrackLarge: args["untrack-large"] },
  });
  if (report.failures.length > 0) process.exitCode = EXIT.damaged;
  if (context.json) printJsonObject(context, jsonReport(report));
  else printReport(context, report);
}

function withStore(context: CommandContext, directory: string | undefined): CommandContext {
  if (directory === undefined) return context;
  const given = resolve(context.cwd, directory);
  const store = storeIn(realPathIfExists(given) ?? given);
  return { ...context, store, stores: [store] };
}

/** The directory itself if it holds experiments, else the `mlruns` in it. */
function storeIn(directory: string): string {
  const below = join(directory, "mlruns");
  if (followedStatIfExists(directory)?.kind !== "directory") return directory;
  const experiments = listExperimentLocations({ root: directory, workspace: null }, IGNORE_DAMAGE);
  if (experiments.next().done !== true) return directory;
  return followedStatIfExists(below)?.kind === "directory" ? below : directory;
}

function jsonReport({ root, leftAlone, failures, keptIn, ...report }: AdoptReport): object {
  return { store: root, ...report, left_alone: leftAlone, failed: failures, kept_in: keptIn };
}

function printReport(context: CommandContext, report: AdoptReport): void {
  const { out, err, style } = context;
  const word = report.applied ? style.green("changed") : style.cyan("plan");
  for (const { path, what, why } of report.changes)
    out.line(`${word}  ${visible(path)}: ${visible(what)} ${style.dim(`(${visible(why)})`)}`);
  for (const { path, reason, hint } of report.leftAlone)
    out.line(`${style.yellow("left")}  ${visible(path)}: ${visible(withHint(reason, hint))}`);
  for (const { path, reason } of report.failures)
    out.line(`${style.red("failed")}  ${visible(path)}: ${visible(reason)}`);
  out.line(summaryOf(report));
  for (const line of nextSteps(context, report)) err.line(line);
}

function withHint(reason: string, hint: string): string {
  return hint === "" ? reason : `${reason.replace(/\.$/, "")}. ${hint}`;
}

function summaryOf({ applied, changes, leftAlone, failures }: AdoptReport): string {
  const counts = [
    changes.length === 0
      ? "nothing to change"
      : `${counted(changes.length, "change")}${applied ? "" : " planned"}`,
    ...(leftAlone.length === 0 ? [] : [`${counted(leftAlone.length, "thing")} left to you`]),
    ...(failures.length === 0 ? [] : [`${failures.length} failed`]),
  ];
  return counts.join(", ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function nextSteps({ cwd }: CommandContext, { applied, changes, keptIn }: AdoptReport): readonly string[] {
  if (changes.length === 0) return [];
  if (!applied) return ["Nothing was changed. Do it: the same command with --apply"];
  const kept =
    keptIn === null ? [] : [`What was there before is in ${visible(relative(cwd, keptIn) || keptIn)}`];
  return [...kept, "Next: runstone init (Git learns to merge runs), git diff, git add, git commit"];
}
