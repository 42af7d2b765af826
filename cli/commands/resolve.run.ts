import { RunstoneError } from "../../store-format/index.js";
import { type Conflict, type RemoteStateView, readRemoteState } from "../../sync/index.js";
import type { ConflictTaking } from "../../sync/mlflow/settle-conflicts.js";
import { syncNative } from "../../sync/native/native-sync.js";
import { settleWithPeer } from "../../sync/native/settle-with-peer.js";
import { defaultRemote, type OpenedRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { usageError } from "../parse/usage-error.js";
import { openRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { type Chosen, openChosenRemote, workspaceOf } from "../sync/chosen.js";
import { nativeOptions, withPeer } from "../sync/native-sync.js";
import { withServer } from "../sync/open-server.js";
import { printSyncReport } from "../sync/print-report.js";
import { pullOptions } from "../sync/pull-from-server.js";
import { tellWaits } from "../sync/tell-waits.js";
import type { ResolveArguments } from "./resolve.js";

export async function runResolve(context: CommandContext, args: ResolveArguments): Promise<void> {
  const opened = openRuns(context, {});
  const { place } = opened;
  const runIds =
    args.run === undefined ? undefined : resolveRuns(context, opened, [args.run]).map(({ runId }) => runId);
  const remoteName = args.remote ?? defaultRemote(workspaceOf(place));
  const chosen: Chosen = { place, remoteName, runIds, experimentIds: undefined };
  const take = takingOf(args);
  if (take === null) return list(context, chosen);
  if (runIds === undefined)
    throw usageError("resolve needs a run to settle", "runstone resolve RUN --theirs");
  const remote = openChosenRemote(context, chosen);
  const settling = { chosen, remote, take };
  const native = (): Promise<number> => settleAtPeer(context, args, settling);
  process.exitCode = await openByKind(remote, {
    mlflow: () => settleAtServer(context, args, settling),
    directory: native,
    ssh: native,
  });
}

function takingOf({ ours, theirs, accept, value }: ResolveArguments): ConflictTaking | null {
  const given = [ours, theirs, accept, value !== undefined].filter((one) => one).length;
  if (given === 0) return null;
  if (given > 1) throw usageError("only one of --ours, --theirs, --accept and --value can be taken");
  if (value !== undefined) return { value };
  return ours ? "ours" : theirs ? "theirs" : "accept";
}

const COLUMNS: readonly RowColumn[] = [
  { key: "run_id", title: "ID", type: "text" },
  { key: "field", title: "FIELD", type: "text" },
  { key: "base", title: "BEFORE", type: "text", shrinkTo: 8 },
  { key: "mine", title: "HERE", type: "text", shrinkTo: 8 },
  { key: "theirs", title: "THERE", type: "text", shrinkTo: 8 },
];

async function list(context: CommandContext, { place, remoteName, runIds }: Chosen): Promise<void> {
  const state = readRemoteState(place.context, remoteName);
  try {
    const ids = [...state.runsInConflict()].filter((id) => runIds?.includes(id) !== false);
    const rows = ids.flatMap((runId) =>
      state
        .conflicts(runId)
        .map((conflict) => [
          { value: runId, text: runId.slice(0, 8) },
          fieldOf(conflict),
          ...[conflict.base, conflict.mine, conflict.theirs].map((text) => text ?? "-"),
        ]),
    );
    if (rows.length === 0 && !context.json)
      return context.out.line(`Nothing is in conflict with ${remoteName}`);
    await printRows(context, {
      title: `in conflict with ${remoteName}`,
      columns: COLUMNS,
      rows,
      format: context.json ? "json" : "table",
      output: undefined,
    });
  } finally {
    state.close();
  }
}

/** As `--field` takes it. */
function fieldOf({ field, key }: Conflict): string {
  return key === null ? field : `${field}:${key}`;
}

interface Settling {
  readonly chosen: Chosen;
  readonly remote: OpenedRemote;
  readonly take: ConflictTaking;
}

async function settleAtServer(
  context: CommandContext,
  args: ResolveArguments,
  { chosen, remote, take }: Settling,
): Promise<number> {
  const { resolveAtServer } = await import("../../sync/mlflow/settle-conflicts.js");
  const [runId] = chosen.runIds ?? [];
  const { artifacts } = remote.settings;
  const server = {
    command: "runstone resolve",
    connections: 2 * JOBS,
    rate: null,
    onWait: tellWaits(context),
  };
  const report = await withServer({ chosen, remote }, server, async (parties, signal) => {
    const conflicts = wanted(parties.state, runId!, args.field).filter(
      ({ field }) => take !== "accept" || args.field !== undefined || field === "param",
    );
    const how = { jobs: JOBS, withArtifacts: artifacts === "all", includeDeleted: true };
    const pulling = { ...pullOptions({ chosen, remote }, how), signal };
    const experiments = { ...pulling.experiments, restore: false };
    const pushing = {
      ...{ ...how, withArtifacts: artifacts !== "none", hash: "none" as const, experiments, signal },
      ...{ commitReceipts: pulling.commitReceipts, onDamage: chosen.place.onDamage },
    };
    const settling = { runId: runId!, conflicts, take, signal };
    return resolveAtServer(parties, settling, { push: pushing, pull: pulling });
  });
  return printSyncReport(context, report, "settled with");
}

async function settleAtPeer(
  context: CommandContext,
  args: ResolveArguments,
  { chosen, remote, take }: Settling,
): Promise<number> {
  if (take === "accept")
    throw usageError("--accept is for params at MLflow servers, which never change them", ONE_SIDE);
  const [runId] = chosen.runIds ?? [];
  const target = { chosen, remote };
  const report = await withPeer(context, target, "runstone resolve", async (parties, signal) => {
    const conflicts = wanted(parties.state, runId!, args.field);
    await settleWithPeer(parties, { runId: runId!, conflicts, take });
    const how = { jobs: JOBS, withArtifacts: true, includeDeleted: true, recheck: true };
    return syncNative(parties, { ...nativeOptions(target, how), direction: "both", signal });
  });
  return printSyncReport(context, report, "settled with");
}

const JOBS = 1;
const ONE_SIDE = "Take one of both: --ours or --theirs";

function wanted(state: RemoteStateView, runId: string, field: string | undefined): readonly Conflict[] {
  const all = state.conflicts(runId);
  const conflicts = field === undefined ? all : all.filter((conflict) => fieldOf(conflict) === field);
  if (conflicts.length > 0) return conflicts;
  const known = all.length === 0 ? "" : ` It has: ${all.map(fieldOf).join(", ")}.`;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} has no such conflict`, {
    hint: `\`runstone resolve\` lists conflicts.${known}`,
    data: { runId },
  });
}
