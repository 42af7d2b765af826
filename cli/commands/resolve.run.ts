import { mustFindRun } from "../../core/index.js";
import { resolveConflict } from "../../core/transfer/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { type Conflict, readRemoteState } from "../../sync/index.js";
import { syncNative } from "../../sync/native/native-sync.js";
import type { NativeParties } from "../../sync/native/sync-session.js";
import { defaultRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { usageError } from "../parse/usage-error.js";
import { openRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { type Chosen, openChosenRemote, workspaceOf } from "../sync/chosen.js";
import { nativeOptions, withPeer } from "../sync/native-sync.js";
import { printSyncReport } from "../sync/print-report.js";
import type { ResolveArguments } from "./resolve.js";

export async function runResolve(context: CommandContext, args: ResolveArguments): Promise<void> {
  const opened = openRuns(context, {});
  const { place } = opened;
  const runIds =
    args.run === undefined ? undefined : resolveRuns(context, opened, [args.run]).map(({ runId }) => runId);
  const remoteName = args.remote ?? defaultRemote(workspaceOf(place));
  const chosen: Chosen = { place, remoteName, runIds, experimentIds: undefined };
  const choice = choiceOf(args);
  if (choice === null) return list(context, chosen);
  if (runIds === undefined)
    throw usageError("resolve needs a run to settle", "runstone resolve RUN --theirs");
  const remote = openChosenRemote(context, chosen);
  const native = (): Promise<number> => settle(context, args, { chosen, remote, choice });
  process.exitCode = await openByKind(remote, { directory: native, ssh: native });
}

type Choice = (conflict: Conflict) => string | null;

function choiceOf({ ours, theirs, value }: ResolveArguments): Choice | null {
  const given = [ours, theirs, value !== undefined].filter((one) => one).length;
  if (given === 0) return null;
  if (given > 1) throw usageError("only one of --ours, --theirs and --value can be taken");
  if (value !== undefined) return () => value;
  return (conflict) => (ours ? conflict.mine : conflict.theirs);
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
  readonly remote: ReturnType<typeof openChosenRemote>;
  readonly choice: Choice;
}

async function settle(
  context: CommandContext,
  args: ResolveArguments,
  { chosen, remote, choice }: Settling,
): Promise<number> {
  const [runId] = chosen.runIds ?? [];
  const target = { chosen, remote };
  const report = await withPeer(context, target, "runstone resolve", async (parties, signal) => {
    const conflicts = wanted(parties, runId!, args.field);
    for (const conflict of conflicts) await settleOne(parties, runId!, { conflict, value: choice(conflict) });
    const how = { jobs: 1, withArtifacts: true, includeDeleted: true, recheck: true };
    return syncNative(parties, { ...nativeOptions(target, how), direction: "both", signal });
  });
  return printSyncReport(context, report, "settled with");
}

function wanted({ state }: NativeParties, runId: string, field: string | undefined): readonly Conflict[] {
  const all = state.conflicts(runId);
  const conflicts = field === undefined ? all : all.filter((conflict) => fieldOf(conflict) === field);
  if (conflicts.length > 0) return conflicts;
  const known = all.length === 0 ? "" : ` It has: ${all.map(fieldOf).join(", ")}.`;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} has no such conflict`, {
    hint: `\`runstone resolve\` lists conflicts.${known}`,
    data: { runId },
  });
}

/** There first: what fails there is still a conflict here. */
async function settleOne(
  { context, remote, state }: NativeParties,
  runId: string,
  { conflict, value }: { readonly conflict: Conflict; readonly value: string | null },
): Promise<void> {
  const { field, key } = conflict;
  if (field === "artifact")
    throw new RunstoneError("UNSUPPORTED", "a conflict of artifacts cannot be settled by a value", {
      hint: "Copy the one that is wanted over the other (`runstone artifacts download`), and sync again.",
      data: { runId, key },
    });
  if (value !== conflict.theirs) await remote.settle(runId, { field, key, value });
  if (value !== conflict.mine)
    await resolveConflict(context, mustFindRun(context, runId), { field, key }, { value });
  state.saveConflicts(
    runId,
    state.conflicts(runId).filter((other) => fieldOf(other) !== fieldOf(conflict)),
  );
}
