import { joinReports, push, type SyncEvent, type SyncReport, verify } from "../../sync/index.js";
import { syncNative } from "../../sync/native/native-sync.js";
import { verifyNative } from "../../sync/native/verify-native.js";
import { type OpenedRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { rateOf } from "../parse/byte-rate.js";
import { type Chosen, chooseForSync, openChosenRemote } from "../sync/chosen.js";
import { jobsFor } from "../sync/jobs.js";
import { type NativeTarget, nativeOptions, withPeer } from "../sync/native-sync.js";
import { withServer } from "../sync/open-server.js";
import { printSyncReport } from "../sync/print-report.js";
import { syncProgress } from "../sync/sync-progress.js";
import { tellWaits } from "../sync/tell-waits.js";
import type { VerifyArguments } from "./verify.js";

export async function runVerify(context: CommandContext, args: VerifyArguments): Promise<void> {
  const chosen = chooseForSync(context, args);
  const remote = openChosenRemote(context, chosen);
  const rate = rateOf(args["limit-rate"]);
  const native = (): Promise<number> => verifyPeer(context, args, { chosen, remote, rate });
  process.exitCode = await openByKind(remote, {
    mlflow: (opened) => verifyMlflow(context, args, { chosen, remote: opened }),
    directory: native,
    ssh: native,
  });
}

/** The far end hashes every file: that costs no transfer. */
async function verifyPeer(
  context: CommandContext,
  args: VerifyArguments,
  target: NativeTarget,
): Promise<number> {
  const progress = syncProgress(context, "Verifying");
  const report = await withPeer(context, target, "runstone verify", async (parties, signal) => {
    const how = nativeOptions(target, {
      jobs: jobsFor(args.jobs, target.remote),
      withArtifacts: !args["no-artifacts"] && target.remote.settings.artifacts !== "none",
      includeDeleted: args["include-deleted"],
    });
    const options = { ...how, signal, onEvent: (event: SyncEvent): void => progress.tell(event) };
    try {
      const found = await verifyNative(parties, { ...options, deep: true });
      const broken = unequal(found);
      if (!args.fix || broken.length === 0) return found;
      await syncNative(parties, { ...options, direction: "push", runIds: broken, recheck: true });
      return joinReports(found, await verifyNative(parties, { ...options, runIds: broken, deep: true }));
    } finally {
      progress.clear();
    }
  });
  return printSyncReport(context, report, "equal at");
}

interface Target {
  readonly chosen: Chosen;
  readonly remote: OpenedRemote;
}

async function verifyMlflow(context: CommandContext, args: VerifyArguments, target: Target): Promise<number> {
  const { runIds, experimentIds, place } = target.chosen;
  const { experiments, receipts, artifacts } = target.remote.settings;
  const progress = syncProgress(context, "Verifying");
  const jobs = jobsFor(args.jobs, target.remote);
  const server = {
    command: "runstone verify",
    connections: 2 * jobs,
    rate: rateOf(args["limit-rate"]),
    onWait: tellWaits(context),
  };
  const report = await withServer(target, server, async (parties, signal) => {
    const options = {
      ...(experimentIds === undefined ? {} : { experimentIds }),
      onDamage: place.onDamage,
      withArtifacts: !args["no-artifacts"] && artifacts !== "none",
      includeDeleted: args["include-deleted"],
      hash: args.hash ? ("all" as const) : ("small" as const),
      experiments: { map: new Map(Object.entries(experiments.map)), prefix: experiments.prefix },
      commitReceipts: receipts === "committed",
      signal,
      onEvent: (event: SyncEvent): void => progress.tell(event),
    };
    try {
      const found = await verify(parties, { ...options, ...(runIds === undefined ? {} : { runIds }) });
      // What was refused is asked again, too.
      const broken = [...unequal(found), ...found.excepted];
      if (!args.fix || broken.length === 0) return found;
      const fixed = await push(parties, {
        ...options,
        runIds: broken,
        jobs: jobsFor(args.jobs, target.remote),
        recheck: true,
        experiments: { ...options.experiments, restore: false },
      });
      return joinReports(found, fixed);
    } finally {
      progress.clear();
    }
  });
  return printSyncReport(context, report, "equal at");
}

function unequal({ outcomes }: SyncReport): readonly string[] {
  return outcomes.filter(({ result }) => result === "failed").map(({ runId }) => runId);
}
