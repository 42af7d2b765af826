import { RunstoneError } from "../../store-format/index.js";
import { type RemoteStateView, readRemoteState } from "../../sync/index.js";
import { type RemoteSettings, readRemotes } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { serializePrettyJson } from "../output/json.js";
import { renderTable } from "../output/table.js";
import { formatAge } from "../output/time.js";
import { visible } from "../output/visible.js";
import { findExperimentIds } from "../store/find-experiment.js";
import { openPlace } from "../store/open-place.js";
import { type Chosen, workspaceOf } from "../sync/chosen.js";
import { plannedRuns } from "../sync/print-dry-run.js";
import type { StatusArguments } from "./status.js";

/** Runs that are listed of each kind; `--json` lists all. */
const SHOWN = 10;

interface RunRow {
  readonly runId: string;
  readonly runName: string;
  readonly state: "new" | "changed" | "damaged" | "conflict";
}

interface RemoteStatus {
  readonly name: string;
  readonly address: string;
  readonly synced: number;
  readonly runs: readonly RunRow[];
  /** Milliseconds since 1970 of the newest receipt; null: nothing was ever synced. */
  readonly lastTime: number | null;
}

export function runStatus(context: CommandContext, args: StatusArguments): void {
  const place = openPlace(context);
  const experimentIds = findExperimentIds(place, args.experiment);
  const remotes = remotesOf(workspaceOf(place), args.remote);
  const statuses = remotes.map((settings) =>
    statusOf({ place, remoteName: settings.name, runIds: undefined, experimentIds }, settings),
  );
  if (context.json) context.out.line(serializePrettyJson(statuses.map(recordOf)));
  else print(context, statuses);
}

function remotesOf(workspace: string, names: readonly string[]): readonly RemoteSettings[] {
  const { remotes } = readRemotes(workspace);
  for (const name of names)
    if (!remotes.some((remote) => remote.name === name))
      throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no remote ${name}`, {
        hint: "`runstone remote list` lists them.",
        data: { remote: name },
      });
  return names.length === 0 ? remotes : remotes.filter(({ name }) => names.includes(name));
}

function statusOf(chosen: Chosen, { name, address, artifacts }: RemoteSettings): RemoteStatus {
  const state = readRemoteState(chosen.place.context, name, { address: address.text });
  try {
    const inConflict = new Set(state.runsInConflict());
    const rows: RunRow[] = [];
    for (const run of plannedRuns(chosen, state, {
      withArtifacts: artifacts !== "none",
      includeDeleted: false,
    }))
      rows.push({ ...run, state: inConflict.has(run.runId) ? "conflict" : run.state });
    const outside = new Set(rows.map(({ runId }) => runId));
    return { name, address: address.text, runs: rows, ...synced(state, outside) };
  } finally {
    state.close();
  }
}

function synced(
  state: RemoteStateView,
  outside: ReadonlySet<string>,
): Pick<RemoteStatus, "synced" | "lastTime"> {
  let count = 0;
  let lastTime: number | null = null;
  for (const runId of state.runIds()) {
    const receipt = state.run(runId)?.receipt ?? null;
    if (receipt === null) continue;
    if (!outside.has(runId)) count += 1;
    lastTime = Math.max(lastTime ?? 0, receipt.verifiedTime);
  }
  return { synced: count, lastTime };
}

function countOf({ runs }: RemoteStatus, state: RunRow["state"]): number {
  return runs.filter((run) => run.state === state).length;
}

function print(context: CommandContext, statuses: readonly RemoteStatus[]): void {
  const { out } = context;
  if (statuses.length === 0) {
    out.line("This workspace has no remote");
    return context.err.line("Add one: runstone remote add NAME URL");
  }
  const columns = ["REMOTE", "SYNCED", "NEW", "CHANGED", "CONFLICT", "LAST SYNC"].map((title) => ({ title }));
  const rows = statuses.map((status) => [
    visible(status.name),
    String(status.synced),
    ...(["new", "changed", "conflict"] as const).map((state) => String(countOf(status, state))),
    formatAge(status.lastTime, context.now()),
  ]);
  for (const line of renderTable(columns, rows)) out.line(line);
  for (const status of statuses) printRuns(context, status, statuses.length > 1);
}

function printRuns({ out, style }: CommandContext, { name, runs }: RemoteStatus, isNamed: boolean): void {
  if (runs.length === 0) return;
  out.line("");
  if (isNamed) out.line(`${visible(name)}:`);
  for (const { runId, runName, state } of runs.slice(0, SHOWN))
    out.line(`  ${state.padEnd(8)}  ${style.cyan(runId.slice(0, 8))}  ${visible(runName)}`);
  if (runs.length > SHOWN) out.line(`  and ${runs.length - SHOWN} more`);
}

function recordOf(status: RemoteStatus): object {
  const { name, address, lastTime, runs } = status;
  return {
    ...{ remote: name, address, synced: status.synced },
    ...{
      new: countOf(status, "new"),
      changed: countOf(status, "changed"),
      conflict: countOf(status, "conflict"),
    },
    last_sync: lastTime,
    runs: runs.map(({ runId, runName, state }) => ({ run_id: runId, run_name: runName, state })),
  };
}
