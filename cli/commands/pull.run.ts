import { openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { rateOf } from "../parse/byte-rate.js";
import { choosePull } from "../sync/choose-pull.js";
import { openChosenRemote } from "../sync/chosen.js";
import { dryRunNative } from "../sync/dry-run-native.js";
import { dryRunPull } from "../sync/dry-run-pull.js";
import { afterExperiments } from "../sync/experiment-names.js";
import { jobsFor } from "../sync/jobs.js";
import { type NativeTarget, runNativeSync } from "../sync/native-sync.js";
import { printSyncReport } from "../sync/print-report.js";
import { pullFromServer } from "../sync/pull-from-server.js";
import type { PullArguments } from "./pull.js";

export async function runPull(context: CommandContext, args: PullArguments): Promise<void> {
  const chosen = choosePull(context, args);
  const remote = openChosenRemote(context, chosen);
  const native = (): Promise<number> => pullNative(context, args, { chosen, remote });
  const exitCode = await openByKind(remote, {
    mlflow: () => pullMlflow(context, args, { chosen, remote }),
    directory: native,
    ssh: native,
  });
  process.exitCode = args["dry-run"] ? exitCode : afterExperiments(context, chosen, exitCode);
}

async function pullMlflow(
  context: CommandContext,
  args: PullArguments,
  target: NativeTarget,
): Promise<number> {
  const rate = rateOf(args["limit-rate"]);
  const choice = choiceOf(args, target);
  if (args["dry-run"]) return dryRunPull(context, { ...target, rate }, { ...choice, command: "pull" });
  const report = await pullFromServer(context, target, {
    ...{ command: "runstone pull", verb: "Pulling", rate, ...choice },
  });
  return printSyncReport(context, report, "pulled from");
}

function choiceOf(
  args: PullArguments,
  { remote }: NativeTarget,
): {
  readonly jobs: number;
  readonly withArtifacts: boolean;
  readonly includeDeleted: boolean;
  readonly withRegistry: boolean;
  readonly map: readonly string[];
} {
  return {
    ...{ withRegistry: args.models, map: args.map },
    jobs: jobsFor(args.jobs, remote),
    withArtifacts: !args["no-artifacts"] && remote.settings.artifacts === "all",
    includeDeleted: args["include-deleted"],
  };
}

async function pullNative(
  context: CommandContext,
  args: PullArguments,
  target: NativeTarget,
): Promise<number> {
  const limited = { ...target, rate: rateOf(args["limit-rate"]) };
  const choice = choiceOf(args, target);
  if (args["dry-run"])
    return dryRunNative(context, limited, { direction: "pull", command: "pull", ...choice });
  const report = await runNativeSync(context, limited, {
    ...{ direction: "pull", command: "runstone pull", verb: "Pulling" },
    ...choice,
  });
  return printSyncReport(context, report, "pulled from");
}
