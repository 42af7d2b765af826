import { RunstoneError } from "../../store-format/index.js";
import { type Conflict, type RemoteStateView, readRemoteState } from "../../sync/index.js";
import type { ConflictTaking } from "../../sync/mlflow/settle-conflicts.js";
import { syncNative } from "../../sync/native/native-sync.js";
import { settleWithPeer } from "../../sync/native/settle-with-peer.js";
import { defaultRemote, type OpenedRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { usageError } from "../parse/usage-error.js";
import { openRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { catalogInConflict, isCatalogWord, valueWords } from "../sync/catalog-words.js";
import { type Chosen, openChosenRemote, workspaceOf } from "../sync/chosen.js";
import { nativeOptions, withPeer } from "../sync/native-sync.js";
import { withServer } from "../sync/open-server.js";
import { printSyncReport } from "../sync/print-report.js";
import { pullOptions } from "../sync/pull-from-server.js";
import { resolveCatalog } from "../sync/resolve-catalog.js";
import { tellWaits } from "../sync/tell-waits.js";
import type { ResolveArguments } from "./resolve.js";

export async function runResolve(context: CommandContext, args: ResolveArguments): Promise<void> {
  const opened = openRuns(context, {});
  const { place } = opened;
  const word = args.run !== undefined && isCatalogWord(args.run) ? args.run : undefined;
  const runIds =
    args.run === undefined || word !== undefined
      ? undefined
      : resolveRuns(context, opened, [args.run]).map(({ runId }) => runId);
  const remoteName = args.remote ?? defaultRemote(workspaceOf(place));
  const chosen: Chosen = { place, remoteName, runIds, experimentIds: undefined };
  const take = takingOf(args);
  if (take === null) return list(context, chosen, word);
  if (word !== undefined) return settleCatalog(context, args, { chosen, word, take });
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

/** `word`: only of this experiment or model. */
async function list(
  context: CommandContext,
  { place, remoteName, runIds }: Chosen,
  word: string | undefined,
): Promise<void> {
  const state = readRemoteState(place.context, remoteName);
  try {
    const runs = word === undefined ? ofRuns(state, runIds) : [];
    const all = [...runs, ...(runIds === undefined ? ofCatalog(state, word) : [])];
    if (all.length === 0 && !context.json)
      return context.out.line(`Nothing is in conflict with ${remoteName}`);
    await printRows(context, {
      title: `in conflict with ${remoteName}`,
      columns: COLUMNS,
      rows: all.map(({ row }) => row),
      records: all.map(({ record }) => record),
      format: context.json ? "json" : "table",
      output: undefined,
    });
  } finally {
    state.close();
  }
}

interface Listed {
  readonly row: readonly CellValue[];
  readonly record: object;
}

function ofRuns(state: RemoteStateView, runIds: readonly string[] | undefined): readonly Listed[] {
  const ids = [...state.runsInConflict()].filter((id) => runIds?.includes(id) !== false);
  return ids.flatMap((runId) =>
    state.conflicts(runId).map((conflict) => {
      const { base, mine, theirs } = conflict;
      const field = fieldOf(conflict);
      return {
        row: [{ value: runId, text: runId.slice(0, 8) }, field, ...textsOf([base, mine, theirs])],
        record: { run_id: runId, field, base, mine, theirs },
      };
    }),
  );
}

function ofCatalog(state: RemoteStateView, only: string | undefined): readonly Listed[] {
  const found = catalogInConflict(state).filter(({ word }) => only === undefined || word === only);
  return found.flatMap(({ word, conflicts }) =>
    conflicts.map(({ kind, what, field, base, mine, theirs }) => ({
      row: [word, field, ...textsOf([base, mine, theirs].map((value) => valueWords(field, value)))],
      record: { kind, name: what, word, field, base, mine, theirs },
    })),
  );
}

function textsOf(values: readonly (string | null)[]): readonly string[] {
  return values.map((value) => value ?? "-");
}

async function settleCatalog(
  context: CommandContext,
  { field }: ResolveArguments,
  { chosen, word, take }: { readonly chosen: Chosen; readonly word: string; readonly take: ConflictTaking },
): Promise<void> {
  if (take === "accept") throw usageError("--accept is for params of runs", ONE_SIDE);
  const remote = openChosenRemote(context, chosen);
  process.exitCode = await resolveCatalog(context, { chosen, remote, word, field, take });
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
