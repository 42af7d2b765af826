import { type PushOptions, push, type SyncEvent } from "../../sync/index.js";
import { type OpenedRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { parseByteRate } from "../parse/byte-rate.js";
import { parsePairs } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { type Chosen, chooseForSync, openChosenRemote } from "../sync/chosen.js";
import { withServer } from "../sync/open-server.js";
import { printDryRun } from "../sync/print-dry-run.js";
import { printSyncReport } from "../sync/print-report.js";
import { pushWhileRunning } from "../sync/push-rounds.js";
import { syncProgress } from "../sync/sync-progress.js";
import type { PushArguments } from "./push-options.js";

const USUAL_JOBS = 4;
const MOST_JOBS = 64;

export async function runPush(context: CommandContext, args: PushArguments): Promise<void> {
  const chosen = chooseForSync(context, args);
  const remote = openChosenRemote(context, chosen);
  const choice = { withArtifacts: withArtifacts(args, remote), includeDeleted: args["include-deleted"] };
  if (args["dry-run"]) return printDryRun(context, chosen, choice);
  process.exitCode = await openByKind(remote, {
    mlflow: (opened) => pushToMlflow(context, args, { chosen, remote: opened }),
  });
}

interface Target {
  readonly chosen: Chosen;
  readonly remote: OpenedRemote;
}

async function pushToMlflow(context: CommandContext, args: PushArguments, target: Target): Promise<number> {
  const jobs = jobsOf(args, target.remote);
  const rate = args["limit-rate"] === undefined ? null : parseByteRate(args["limit-rate"], "--limit-rate");
  const progress = syncProgress(context, "Pushing");
  const server = { command: "runstone push", connections: 2 * jobs, rate };
  const report = await withServer(target, server, async (parties, signal) => {
    const onEvent = (event: SyncEvent): void => progress.tell(event);
    const options = { ...optionsOf(args, target, jobs), signal, onEvent };
    try {
      return await (args.watch ? pushWhileRunning(parties, options) : push(parties, options));
    } finally {
      progress.clear();
    }
  });
  return printSyncReport(context, report, "pushed to");
}

function optionsOf(args: PushArguments, { chosen, remote }: Target, jobs: number): PushOptions {
  const { runIds, experimentIds, place } = chosen;
  const { experiments, receipts } = remote.settings;
  return {
    ...(runIds === undefined ? {} : { runIds }),
    ...(experimentIds === undefined ? {} : { experimentIds }),
    onDamage: place.onDamage,
    jobs,
    withArtifacts: withArtifacts(args, remote),
    includeDeleted: args["include-deleted"],
    hash: args.hash ? "all" : "none",
    experiments: {
      map: new Map(Object.entries({ ...experiments.map, ...parsePairs(args.map) })),
      prefix: experiments.prefix,
      restore: args.restore,
    },
    commitReceipts: receipts === "committed",
  };
}

function withArtifacts(args: Pick<PushArguments, "no-artifacts">, { settings }: OpenedRemote): boolean {
  return !args["no-artifacts"] && settings.artifacts !== "none";
}

function jobsOf({ jobs }: PushArguments, { settings }: OpenedRemote): number {
  if (jobs === undefined) return settings.jobs ?? USUAL_JOBS;
  if (jobs >= 1 && jobs <= MOST_JOBS) return Number(jobs);
  throw usageError(`--jobs must be from 1 to ${MOST_JOBS}`);
}
