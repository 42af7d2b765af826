import { checkMerge } from "../../core/git/check-merge.js";
import { openRepository } from "../../core/git/repository.js";
import { findRun } from "../../core/index.js";
import { type FsckReport, fsck } from "../../core/maintenance/fsck.js";
import { type RepairReport, repair } from "../../core/maintenance/repair.js";
import type { StoreContext } from "../../core/store/context.js";
import { type Damage, type DamageSeverity, isRunstoneError } from "../../store-format/index.js";
import { remotesWithReceipt } from "../../sync/state/receipts.js";
import type { CommandContext, Environment } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { printJsonObject } from "../output/print-json.js";
import { ProgressLine } from "../output/progress-line.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { runIdOf } from "../run-words.js";
import { openStoreQuietly } from "../store/open-store.js";
import type { FsckArguments } from "./fsck.js";

export async function runFsck(context: CommandContext, args: FsckArguments): Promise<void> {
  if (args.repair && args.runs.length > 0) throw usageError("--repair works on the whole store");
  const opened = openStoreQuietly(context);
  const runIds = await Promise.all(args.runs.map((word) => runIdOf(context, opened, word)));
  const repaired = args.repair ? await repairAll(context, opened.store.writable) : null;
  const progress = new ProgressLine(context, "checked", "runs");
  const found = fsck(opened.store.context, {
    ...(runIds.length === 0 ? {} : { runIds }),
    onRun: (checked) => progress.show(checked),
  });
  const report = withPlaces(opened.store.context, found);
  progress.clear();
  if (isDamaged(report) || (repaired?.failures.length ?? 0) > 0) process.exitCode = EXIT.damaged;
  if (context.json) printJsonObject(context, jsonReport(report, repaired));
  else printReport(context, report, repaired);
}

/** First what a merge of Git's left to be done: it knows more than the files alone do. */
async function repairAll({ env }: CommandContext, store: StoreContext): Promise<RepairReport> {
  const merged = await repairMerge(store, env);
  const { actions, failures } = repair(store);
  return { actions: [...merged.actions, ...actions], failures: [...merged.failures, ...failures] };
}

async function repairMerge(store: StoreContext, env: Environment): Promise<RepairReport> {
  try {
    return await checkMerge({ repository: await openRepository({ cwd: store.root, env }), context: store });
  } catch (error) {
    if (isRunstoneError(error, "NO_REPOSITORY") || isRunstoneError(error, "UNSUPPORTED"))
      return { actions: [], failures: [] };
    if (!isRunstoneError(error, "GIT_FAILED")) throw error;
    return { actions: [], failures: [{ path: ".git", reason: error.message }] };
  }
}

/** Of artifacts whose bytes were given up here: which receipts say that a remote has them. */
function withPlaces(store: StoreContext, report: FsckReport): FsckReport {
  const words = new Map<string, string>();
  const placed = (damage: Damage): Damage => {
    const { kind, runId } = damage;
    if (kind !== "object_missing" || runId === undefined) return damage;
    if (!words.has(runId)) words.set(runId, wordsOnReceipts(store, runId));
    return { ...damage, reason: `${damage.reason} (${words.get(runId)})` };
  };
  return { ...report, damages: report.damages.map(placed) };
}

function wordsOnReceipts(store: StoreContext, runId: string): string {
  const location = findRun(store, runId);
  const names = location === null ? [] : remotesWithReceipt(store, location);
  if (names.length === 0) return "no receipt here says where";
  return names.length === 1 ? `the receipt of ${names[0]} says so` : `receipts of ${names.join(", ")} say so`;
}

function isDamaged({ damages }: FsckReport): boolean {
  return damages.some((damage) => damage.severity !== "note");
}

function jsonReport(report: FsckReport, repaired: RepairReport | null): object {
  return {
    runs: report.runs,
    sealed: report.sealed,
    files: report.files,
    objects: report.objects,
    damages: report.damages.map((damage) => ({
      kind: damage.kind,
      severity: damage.severity,
      path: damage.path,
      offset: damage.offset ?? null,
      reason: damage.reason,
      experiment_id: damage.experimentId ?? null,
      run_id: damage.runId ?? null,
    })),
    changed: report.changes.map(({ runId, experimentId, path, what }) => ({
      run_id: runId,
      experiment_id: experimentId,
      path,
      what,
    })),
    ...(repaired === null ? {} : { repaired: repaired.actions, failed: repaired.failures }),
  };
}

function printReport(context: CommandContext, report: FsckReport, repaired: RepairReport | null): void {
  const { out, style } = context;
  for (const { path, done } of repaired?.actions ?? [])
    out.line(`${style.green("repaired")}  ${visible(path)}: ${visible(done)}`);
  for (const { path, reason } of repaired?.failures ?? [])
    out.line(`${style.red("failed")}  ${visible(path)}: ${visible(reason)}`);
  for (const damage of report.damages) out.line(damageLine(context, damage));
  for (const { path, what } of report.changes)
    out.line(`${style.cyan("changed")}  ${visible(path)}: ${what} since the seal`);
  out.line(summaryOf(report));
}

function damageLine({ style }: CommandContext, { severity, path, offset, reason, kind }: Damage): string {
  const paint = { lost: style.red, rebuildable: style.yellow, note: style.dim }[severity];
  const at = offset === undefined ? "" : ` at byte ${offset}`;
  return `${paint(severity)}  ${visible(path)}${at}: ${visible(reason)} ${style.dim(`[${kind}]`)}`;
}

function summaryOf(report: FsckReport): string {
  const counts = (["lost", "rebuildable", "note"] as const)
    .map((severity) => [severity, countOf(report, severity)] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}`);
  const changed = report.changes.length > 0 ? [`${report.changes.length} changed since the seal`] : [];
  const verdict = [...counts, ...changed].join(", ") || "no damage";
  const runs = report.runs === 1 ? "1 run" : `${report.runs} runs`;
  return `${runs} (${report.sealed} sealed), ${report.files} files and ${report.objects} objects hashed: ${verdict}`;
}

function countOf({ damages }: FsckReport, severity: DamageSeverity): number {
  return damages.filter((damage) => damage.severity === severity).length;
}
