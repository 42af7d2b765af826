import { joinDirections, type PushOptions, type SyncEvent, type SyncReport } from "../../sync/index.js";
import { type OpenedRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { rateOf } from "../parse/byte-rate.js";
import { parsePairs } from "../parse/pairs.js";
import { chooseForBoth, chooseForSync, openChosenRemote } from "../sync/chosen.js";
import { dryRunNative } from "../sync/dry-run-native.js";
import { afterExperiments } from "../sync/experiment-names.js";
import { jobsFor } from "../sync/jobs.js";
import { type NativeChosen, runNativeSync } from "../sync/native-sync.js";
import { withServer } from "../sync/open-server.js";
import { printSyncReport } from "../sync/print-report.js";
import { pullOptions, type ServerPull } from "../sync/pull-from-server.js";
import { pushWhileRunning } from "../sync/push-rounds.js";
import { syncProgress } from "../sync/sync-progress.js";
import { tellWaits } from "../sync/tell-waits.js";
import type { PushArguments } from "./push-options.js";

export async function runPush(context: CommandContext, args: PushArguments): Promise<void> {
  return pushOrSync(context, args, "push");
}

export async function pushOrSync(
  context: CommandContext,
  args: PushArguments,
  direction: "push" | "both",
): Promise<void> {
  const chosen = direction === "both" ? chooseForBoth(context, args) : chooseForSync(context, args);
  const remote = openChosenRemote(context, chosen);
  const native = (): Promise<number> => syncWithPeer(context, args, { chosen, remote, direction });
  const exitCode = await openByKind(remote, {
    mlflow: (opened) => syncWithMlflow(context, args, { chosen, remote: opened, direction }),
    directory: native,
    ssh: native,
  });
  process.exitCode = args["dry-run"] ? exitCode : afterExperiments(context, chosen, exitCode);
}

async function syncWithPeer(
  context: CommandContext,
  args: PushArguments,
  target: Target & { readonly direction: "push" | "both" },
): Promise<number> {
  const { direction } = target;
  const limited = { ...target, rate: rateOf(args["limit-rate"]) };
  if (args["dry-run"])
    return dryRunNative(context, limited, {
      ...{ direction, command: direction === "push" ? "push" : "sync" },
      ...{ map: args.map, jobs: jobsFor(args.jobs, target.remote) },
      withArtifacts: withArtifacts(args, target.remote),
      includeDeleted: args["include-deleted"],
      withRegistry: args.models,
    });
  const report = await runNativeSync(context, limited, {
    ...{ direction, map: args.map, watch: args.watch },
    ...(direction === "push"
      ? { command: "runstone push", verb: "Pushing" }
      : { command: "runstone sync", verb: "Syncing" }),
    jobs: jobsFor(args.jobs, target.remote),
    withArtifacts: withArtifacts(args, target.remote),
    includeDeleted: args["include-deleted"],
    withRegistry: args.models,
  });
  return printSyncReport(context, report, direction === "push" ? "pushed to" : "synced with");
}

interface Target {
  readonly chosen: NativeChosen;
  readonly remote: OpenedRemote;
}

async function syncWithMlflow(
  context: CommandContext,
  args: PushArguments,
  target: Target & { readonly direction: "push" | "both" },
): Promise<number> {
  const { direction } = target;
  const isPush = direction === "push";
  const jobs = jobsFor(args.jobs, target.remote);
  const rate = rateOf(args["limit-rate"]);
  if (args["dry-run"]) return dryRunServer(context, args, target);
  const progress = syncProgress(context, isPush ? "Pushing" : "Syncing");
  const server = {
    command: isPush ? "runstone push" : "runstone sync",
    connections: 2 * jobs,
    rate,
    onWait: tellWaits(context),
  };
  // Loaded for servers only: remotes in directories do without, and most of their time is the start of the command.
  const [{ push }, { pull }] = await Promise.all([
    import("../../sync/mlflow/push.js"),
    import("../../sync/mlflow/pull.js"),
  ]);
  const report = await withServer(target, server, async (parties, signal) => {
    const onEvent = (event: SyncEvent): void => progress.tell(event);
    const options = { ...optionsOf(args, target, jobs), signal, onEvent };
    const pushing = (): Promise<SyncReport> =>
      args.watch ? pushWhileRunning(parties, options) : push(parties, options);
    try {
      if (isPush) return await pushing();
      const how = pullOptions(target, pullHalf(args, target.remote));
      const pulled = await pull(parties, { ...how, signal, onEvent });
      return signal.aborted ? pulled : joinDirections(pulled, await pushing());
    } finally {
      progress.clear();
    }
  });
  return printSyncReport(context, report, isPush ? "pushed to" : "synced with");
}

async function dryRunServer(
  context: CommandContext,
  args: PushArguments,
  target: Target & { readonly direction: "push" | "both" },
): Promise<number> {
  const { remote, direction } = target;
  const limited = { ...target, rate: rateOf(args["limit-rate"]) };
  if (direction === "push") {
    const { dryRunPush } = await import("../sync/dry-run-push.js");
    return dryRunPush(context, limited, optionsOf(args, target, jobsFor(args.jobs, remote)));
  }
  const choice = { withArtifacts: withArtifacts(args, remote), includeDeleted: args["include-deleted"] };
  const { dryRunSync } = await import("../sync/dry-run-pull.js");
  return dryRunSync(context, limited, { pull: pullHalf(args, remote), push: choice });
}

/** Of a sync. Artifacts that are pulled on demand are none of it. */
function pullHalf(args: PushArguments, remote: OpenedRemote): ServerPull {
  return {
    jobs: jobsFor(args.jobs, remote),
    withArtifacts: withArtifacts(args, remote) && remote.settings.artifacts === "all",
    includeDeleted: args["include-deleted"],
    withRegistry: args.models,
    map: args.map,
  };
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
    withRegistry: args.models,
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
