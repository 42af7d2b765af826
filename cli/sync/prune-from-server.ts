/** `prune` with an MLflow server, and what any `prune` leaves on the terminal. */
import { releaseObjects } from "../../core/transfer/index.js";
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
import type { NativeTarget } from "./native-sync.js";
import { withServer } from "./open-server.js";

/** What the server gives back with the right bytes is freed. */
export async function pruneFromServer(
  context: CommandContext,
  args: PruneArguments,
  target: NativeTarget,
): Promise<ExitCode> {
  const { runIds, experimentIds } = target.chosen;
  const jobs = jobsFor(undefined, target.remote);
  const dryRun = args["dry-run"];
  const server = { command: "runstone prune", connections: jobs, rate: null };
  const least = leastBytes(args);
  return withServer(target, server, async (parties, signal) => {
    const report = await pruneRuns(parties, {
      ...(runIds === undefined ? {} : { runIds }),
      ...(experimentIds === undefined ? {} : { experimentIds }),
      ...{ least, trustSize: args["trust-size"], dryRun, jobs, signal },
    });
    const freed = report.pruned.flatMap((run) => run.freed);
    const objectBytes = dryRun ? 0 : releaseObjects(parties.context, freed);
    return printPruned(context, { ...report, objectBytes, dryRun, remote: target.remote.name });
  });
}

/** Bytes. */
export function leastBytes(args: PruneArguments): number {
  return args["larger-than"] === undefined ? 0 : parseByteRate(args["larger-than"], "--larger-than");
}

export interface Pruned extends PruneReport {
  readonly remote: string;
  readonly dryRun: boolean;
  /** Bytes of objects that were freed besides. */
  readonly objectBytes: number;
}

export function printPruned(context: CommandContext, pruning: Pruned): ExitCode {
  const { pruned, kept, objectBytes, dryRun, remote } = pruning;
  const freed = pruned.flatMap((run) => run.freed);
  const bytes = freed.reduce((sum, { size }) => sum + size, 0);
  for (const { runId, reason } of kept)
    context.err.line(`runstone: ${runId.slice(0, 8)} keeps its artifacts: ${visible(reason)}`);
  if (context.json)
    printJsonObject(context, {
      ...{ remote, dry_run: dryRun, artifacts: freed.length, bytes, object_bytes: objectBytes },
      runs: pruned.map((run) => ({ run_id: run.runId, freed: run.freed.map(({ path }) => path) })),
      kept: kept.map(({ runId, reason }) => ({ run_id: runId, reason })),
    });
  else context.out.line(sentence(freed.length, bytes, dryRun));
  return kept.length > 0 ? EXIT.partial : EXIT.ok;
}

function sentence(count: number, bytes: number, dryRun: boolean): string {
  if (count === 0) return "Nothing to free";
  const what = `${counted(count, "artifact")} of ${formatBytes(bytes)}`;
  return dryRun ? `Would free ${what}` : `Freed ${what}; \`runstone fetch RUN\` brings them back`;
}
