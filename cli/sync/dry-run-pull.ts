/** `--dry-run` of what comes from an MLflow server: it is asked as the pull asks it, but for the bytes of artifacts. */
import { addCatalog, addMoved, readRemoteState, type SyncReport, withCatalog } from "../../sync/index.js";
import type { ForeseeParties, PullForesight } from "../../sync/mlflow/foresee-pull.js";
import type { CommandContext } from "../context.js";
import type { ExitCode } from "../exit-codes.js";
import { dryRowsOf } from "./dry-run-native.js";
import { onInterrupt } from "./interrupt.js";
import { openHttp } from "./open-server.js";
import {
  type DryCommand,
  type DryRow,
  type DryRunChoice,
  plannedPush,
  printRowsOfDryRun,
} from "./print-dry-run.js";
import { exitCodeFor, tellProblems } from "./print-report.js";
import { pullOptions, type ServerPull, type ServerTarget } from "./pull-from-server.js";
import { tellWaits } from "./tell-waits.js";

export interface DryRunTarget extends ServerTarget {
  /** Bytes a second; absent or null: no limit. */
  readonly rate?: number | null;
}

export async function dryRunPull(
  context: CommandContext,
  target: DryRunTarget,
  how: ServerPull & { readonly command: DryCommand },
): Promise<ExitCode> {
  const report = await foreseeFromServer(context, target, how);
  return printForesight(context, report, { rows: dryRowsOf(report), ...how });
}

/** Both halves of a sync: of a run that the pull looks at, a push sends what is left then. */
export async function dryRunSync(
  context: CommandContext,
  target: DryRunTarget,
  { pull, push }: { readonly pull: ServerPull; readonly push: DryRunChoice },
): Promise<ExitCode> {
  const report = await foreseeBoth(context, target, { pull, push });
  const rows = new Map(dryRowsOf(report).map((row) => [row.runId, row]));
  for (const row of pushedRows(target, push, report)) {
    const pulled = rows.get(row.runId);
    rows.set(row.runId, pulled === undefined ? row : { ...pulled, moved: addMoved(pulled.moved, row.moved) });
  }
  const { withRegistry = false } = pull;
  return printForesight(context, report, { rows: [...rows.values()], command: "sync", withRegistry });
}

/** The pull, and what the push after it does to experiments and models. */
async function foreseeBoth(
  context: CommandContext,
  target: DryRunTarget,
  { pull, push }: { readonly pull: ServerPull; readonly push: DryRunChoice },
): Promise<PullForesight> {
  const { foreseePull } = await import("../../sync/mlflow/foresee-pull.js");
  const { foreseePushedCatalog } = await import("../../sync/mlflow/foresee-pushed-catalog.js");
  const options = pullOptions(target, pull);
  return askServer(context, { ...target, jobs: pull.jobs }, async (parties, signal) => {
    const report = await foreseePull(parties, { ...options, signal });
    if (report.catalogAfter === null) return report;
    const { runIds, experimentIds } = target.chosen;
    const pushed = await foreseePushedCatalog(parties, report.catalogAfter, {
      ...(runIds === undefined ? {} : { runIds }),
      ...(experimentIds === undefined ? {} : { experimentIds }),
      ...{ includeDeleted: push.includeDeleted, withRegistry: pull.withRegistry === true, signal },
      experiments: { ...options.experiments, restore: false },
    });
    const counts = addCatalog(report.catalog, pushed.counts);
    return { ...withCatalog(report, pushed), catalog: counts };
  });
}

export async function foreseeFromServer(
  context: CommandContext,
  target: DryRunTarget,
  how: ServerPull,
): Promise<PullForesight> {
  // Loaded for servers only: remotes in directories do without.
  const { foreseePull } = await import("../../sync/mlflow/foresee-pull.js");
  const options = pullOptions(target, how);
  return askServer(context, { ...target, jobs: how.jobs }, (parties, signal) =>
    foreseePull(parties, { ...options, signal }),
  );
}

/** Takes no claim and writes nothing: the journal is read as it is. The signal is aborted by Ctrl-C. */
export async function askServer<Result>(
  context: CommandContext,
  { chosen, remote, jobs, rate = null }: DryRunTarget & Pick<ServerPull, "jobs">,
  ask: (parties: ForeseeParties, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const store = chosen.place.context;
  const onWait = tellWaits(context);
  const http = await openHttp(remote, { connections: 2 * jobs, rate, onWait });
  const interrupt = onInterrupt();
  const state = readRemoteState(store, remote.name, { address: remote.address.text });
  try {
    return await ask({ context: store, http, state }, interrupt.signal);
  } finally {
    state.close();
    interrupt.release();
    await http.destroy();
  }
}

export async function printForesight(
  context: CommandContext,
  report: SyncReport,
  {
    rows,
    command,
    withRegistry = false,
  }: {
    readonly rows: readonly DryRow[];
    readonly command: DryCommand;
    readonly withRegistry?: boolean;
  },
): Promise<ExitCode> {
  if (!context.json) tellProblems(context, report);
  const { remote, catalog } = report;
  await printRowsOfDryRun(context, rows, { command, remoteName: remote, catalog, withModels: withRegistry });
  return exitCodeFor(report);
}

function* pushedRows(
  { chosen, remote }: DryRunTarget,
  choice: DryRunChoice,
  { left, outcomes }: PullForesight,
): Generator<DryRow> {
  const state = readRemoteState(chosen.place.context, remote.name, { address: remote.address.text });
  const names = new Map(outcomes.map(({ runId, runName }) => [runId, runName]));
  try {
    const { runs } = plannedPush(chosen, state, choice);
    const planned = new Set(runs.map(({ runId }) => runId));
    for (const row of runs) if (!left.has(row.runId)) yield row;
    for (const [runId, moved] of left) {
      // What the journal says is there as far as it can be is not sent again.
      const isSent = state.run(runId) !== null && !planned.has(runId);
      if (moved === null || isSent) continue;
      yield { runId, runName: names.get(runId) ?? "", state: "changed", moved };
    }
  } finally {
    state.close();
  }
}
