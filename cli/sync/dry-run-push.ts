/** `--dry-run` of a push to an MLflow server: the server is asked what it has, so that the counts are those of the push. */
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import type { PushForesight, PushOptions } from "../../sync/index.js";
import type { CommandContext } from "../context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { visible } from "../output/visible.js";
import { dryRowsOf } from "./dry-run-native.js";
import { askServer, type DryRunTarget } from "./dry-run-pull.js";
import { type DryRow, printDryRun, printRowsOfDryRun } from "./print-dry-run.js";
import { exitCodeFor, tellProblems } from "./print-report.js";

/** Takes no claim, sends nothing and keeps nothing. Where the server does not answer, the journal does. */
export async function dryRunPush(
  context: CommandContext,
  target: DryRunTarget,
  options: PushOptions,
): Promise<ExitCode> {
  const { foreseePush } = await import("../../sync/mlflow/push.js");
  const report = await askServer(context, { ...target, jobs: options.jobs }, (parties, signal) =>
    foreseePush(parties, { ...options, signal }),
  );
  const error = shutOut(report);
  const name = target.remote.name;
  if (error !== undefined) {
    const what = `${visible(error.message)}; what was known of ${visible(name)} before is counted`;
    context.err.line(`runstone: ${what}`);
    await printDryRun(context, target.chosen, options);
    return EXIT.ok;
  }
  if (!context.json) tellProblems(context, report);
  const words = {
    command: "push",
    ...{ remoteName: name, excepted: report.excepted.length },
    ...{ catalog: report.catalog, withModels: options.withRegistry === true },
  } as const;
  await printRowsOfDryRun(context, rowsOf(report), words);
  return exitCodeFor(report);
}

/** Set when the server could not be asked. */
function shutOut({ outcomes }: PushForesight): RunstoneError | undefined {
  return outcomes.find(({ error }) => isRunstoneError(error, "REMOTE_UNREACHABLE"))?.error;
}

/** Runs of which something would go; of one in conflict the rest goes. */
function rowsOf({ outcomes, created }: PushForesight): readonly DryRow[] {
  const damaged = new Set(
    outcomes.filter(({ error }) => error?.code === "DAMAGED").map(({ runId }) => runId),
  );
  const rows = dryRowsOf({ outcomes, created });
  return rows.map((row) => (damaged.has(row.runId) ? { ...row, state: "damaged" } : row));
}
