import { processOwner } from "../../core/leases/index.js";
import { collectGarbage, type GcReport } from "../../core/maintenance/gc.js";
import type { CommandContext } from "../context.js";
import { formatBytes } from "../output/number.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { parseDuration } from "../parse/duration.js";
import { openStore } from "../store/open-store.js";
import type { GcArguments } from "./gc.js";

const DEFAULT_AGE = "14d";

export async function runGc(context: CommandContext, args: GcArguments): Promise<void> {
  const graceMs = parseDuration(args.grace ?? DEFAULT_AGE, "--grace");
  const age = parseDuration(args["older-than"] ?? DEFAULT_AGE, "--older-than");
  const removesDeleted = args.deleted || args["older-than"] !== undefined;
  const now = context.now();
  const report = collectGarbage(openStore(context).store.writable, {
    now,
    graceMs,
    dryRun: args["dry-run"],
    ...(removesDeleted ? { deletedBefore: now - age } : {}),
    owner: processOwner("runstone gc"),
    force: args["take-over"],
  });
  if (context.json) printJsonObject(context, jsonReport(report));
  else printReport(context, report);
}

function jsonReport({ dryRun, temporaries, deleted, objects }: GcReport): object {
  return {
    dry_run: dryRun,
    temporaries,
    deleted: deleted.map(({ experimentId, runId, directory }) => ({
      experiment_id: experimentId,
      run_id: runId ?? null,
      path: directory,
    })),
    objects,
  };
}

function printReport({ out, err }: CommandContext, report: GcReport): void {
  const would = report.dryRun ? "would be " : "";
  for (const path of report.temporaries)
    out.line(`${would}removed  ${visible(path)}: left by a killed process`);
  for (const { runId, directory } of report.deleted)
    out.line(`${would}removed  ${visible(directory)}: deleted ${runId === undefined ? "experiment" : "run"}`);
  const objects = report.objects;
  if (objects === null) return err.line("No workspace: there are no shared objects.");
  const counts = [
    ["moved to the trash", objects.trashed],
    ["deleted", objects.deleted],
    ["brought back", objects.restored],
  ] as const;
  for (const [what, { objects: count, bytes }] of counts)
    if (count > 0) out.line(`${count} objects (${formatBytes(bytes)}) ${would}${what}`);
  for (const { path } of objects.unreadable)
    err.line(`runstone: ${visible(path)} cannot be read and may name any object: none was touched`);
  if (isNothing(report)) err.line("Nothing to remove.");
}

function isNothing({ temporaries, deleted, objects }: GcReport): boolean {
  const touched =
    objects === null ? 0 : objects.trashed.objects + objects.deleted.objects + objects.restored.objects;
  return temporaries.length + deleted.length + touched === 0 && (objects?.unreadable.length ?? 0) === 0;
}
