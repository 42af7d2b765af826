/** `prune` with an MLflow server, and what any `prune` leaves on the terminal. */
import type { StoreContext } from "../../core/store/context.js";
import { type ReleasedObjects, releaseObjects } from "../../core/transfer/index.js";
import { type PruneReport, pruneRuns } from "../../sync/mlflow/prune-runs.js";
import type { PruneArguments } from "../commands/prune.js";
import type { CommandContext } from "../context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { formatBytes } from "../output/number.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { parseByteRate } from "../parse/byte-rate.js";
import { counted } from "./counted.js";
import { jobsFor } from "./jobs.js";
import { namedRun } from "./named-run.js";
import type { NativeTarget } from "./native-sync.js";
import { withServer } from "./open-server.js";
import { tellWaits } from "./tell-waits.js";

/** What the server gives back with the right bytes is freed. */
export async function pruneFromServer(
  context: CommandContext,
  args: PruneArguments,
  target: NativeTarget,
): Promise<ExitCode> {
  const { runIds, experimentIds } = target.chosen;
  const jobs = jobsFor(undefined, target.remote);
  const dryRun = args["dry-run"];
  const server = { command: "runstone prune", connections: jobs, rate: null, onWait: tellWaits(context) };
  const least = leastBytes(args);
  return withServer(target, server, async (parties, signal) => {
    const report = await pruneRuns(parties, {
      ...(runIds === undefined ? {} : { runIds }),
      ...(experimentIds === undefined ? {} : { experimentIds }),
      ...{ least, trustSize: args["trust-size"], dryRun, jobs, signal },
    });
    const freed = report.pruned.flatMap((run) => run.freed);
    const objects = dryRun ? NO_OBJECTS : releaseObjects(parties.context, freed);
    return printPruned(context, {
      ...report,
      objects,
      dryRun,
      remote: target.remote.name,
      store: parties.context,
    });
  });
}

/** Bytes. */
export function leastBytes(args: PruneArguments): number {
  return args["larger-than"] === undefined ? 0 : parseByteRate(args["larger-than"], "--larger-than");
}

export interface Pruned extends PruneReport {
  readonly remote: string;
  readonly dryRun: boolean;
  readonly store: StoreContext;
  /** Objects of the same bytes, which lie beside the runs. */
  readonly objects: ReleasedObjects;
}

/** Of a dry run. */
export const NO_OBJECTS: ReleasedObjects = { freed: 0, later: 0 };

export function printPruned(context: CommandContext, pruning: Pruned): ExitCode {
  const { pruned, kept, objects, dryRun, remote, store } = pruning;
  const freed = pruned.flatMap((run) => run.freed);
  const bytes = freed.reduce((sum, { size }) => sum + size, 0);
  for (const { runId, reason } of kept)
    context.err.line(`runstone: ${visible(namedRun(store, runId))} keeps its artifacts: ${visible(reason)}`);
  if (context.json)
    printJsonObject(context, {
      ...{ remote, dry_run: dryRun, artifacts: freed.length, bytes },
      ...{ object_bytes: objects.freed, object_bytes_later: objects.later },
      runs: pruned.map((run) => ({ run_id: run.runId, freed: run.freed.map(({ path }) => path) })),
      kept: kept.map(({ runId, reason }) => ({ run_id: runId, reason })),
    });
  else context.out.line(sentence(freed.length, bytes, pruning));
  return kept.length > 0 ? EXIT.partial : EXIT.ok;
}

function sentence(count: number, bytes: number, { dryRun, objects }: Pruned): string {
  if (count === 0) return "Nothing to free";
  const what = `${counted(count, "artifact")} of ${formatBytes(bytes)}`;
  if (dryRun) return `Would free ${what}`;
  const freed = `Freed ${what}; \`runstone fetch RUN\` brings them back`;
  if (objects.later === 0) return freed;
  return `${freed}. Copies of ${formatBytes(objects.later)} are objects of the last ten minutes: \`runstone gc\` frees them later`;
}
