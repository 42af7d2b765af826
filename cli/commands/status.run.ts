import { findRun, type RunLocation, readRunInfo, readRunState } from "../../core/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { type RemoteStateView, readRemoteState } from "../../sync/index.js";
import { type RemoteSettings, readRemotes } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { serializePrettyJson } from "../output/json.js";
import { renderTable } from "../output/table.js";
import { formatAge } from "../output/time.js";
import { visible } from "../output/visible.js";
import { truncateMiddle } from "../output/width.js";
import { findExperimentIds } from "../store/find-experiment.js";
import { openPlace } from "../store/open-place.js";
import { type CatalogInConflict, catalogInConflict } from "../sync/catalog-words.js";
import { type Chosen, workspaceOf } from "../sync/chosen.js";
import { plannedPush } from "../sync/print-dry-run.js";
import type { StatusArguments } from "./status.js";

/** Runs that are listed of each remote; `--json` lists all. */
const SHOWN = 10;

/** A run that is not synced, or runs. */
interface RunRow {
  readonly runId: string;
  readonly runName: string;
  readonly here: "new" | "changed" | "damaged" | null;
  /** Null: as it was known, or nobody was asked. */
  readonly there: "new" | "changed" | "gone" | null;
  readonly inConflict: boolean;
  /** It is synced with exceptions. */
  readonly hasExceptions: boolean;
  readonly isRunning: boolean;
}

interface RemoteStatus {
  readonly name: string;
  readonly address: string;
  readonly synced: number;
  readonly rows: readonly RunRow[];
  readonly catalog: readonly CatalogInConflict[];
  /** Milliseconds since 1970 of the newest receipt; null: nothing was ever synced. */
  readonly lastTime: number | null;
  /** Set when the remote was asked and did not answer. */
  readonly error: RunstoneError | null;
}

export async function runStatus(context: CommandContext, args: StatusArguments): Promise<void> {
  const place = openPlace(context);
  const experimentIds = findExperimentIds(place, args.experiment);
  const remotes = remotesOf(workspaceOf(place), args.remote);
  const statuses: RemoteStatus[] = [];
  for (const settings of remotes) {
    const chosen = { place, remoteName: settings.name, runIds: undefined, experimentIds };
    statuses.push(await statusOf(context, chosen, { settings, online: args.online }));
  }
  const failed = statuses.filter(({ error }) => error !== null);
  const [first] = failed;
  if (first?.error != null && failed.length === statuses.length) throw first.error;
  for (const { name, error } of failed)
    context.err.line(`runstone: ${visible(name)} was not asked: ${visible(error!.message)}`);
  if (context.json)
    context.out.line(serializePrettyJson(statuses.map((status) => recordOf(status, args.online))));
  else print(context, statuses, args.online);
  if (failed.length > 0) process.exitCode = EXIT.partial;
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

interface Asked {
  readonly settings: RemoteSettings;
  readonly online: boolean;
}

async function statusOf(
  context: CommandContext,
  chosen: Chosen,
  { settings, online }: Asked,
): Promise<RemoteStatus> {
  const { name, address } = settings;
  const state = readRemoteState(chosen.place.context, name, { address: address.text });
  try {
    const here = rowsHere(chosen, state, settings);
    const { rows, error } = online ? await withThere(context, { chosen, state, here }) : asTheyAre(here);
    const catalog = catalogInConflict(state).filter((one) => isMeant(chosen, one));
    return { name, address: address.text, rows: [...rows.values()], catalog, error, ...synced(state, rows) };
  } finally {
    state.close();
  }
}

/** Models belong to no experiment. */
function isMeant({ experimentIds }: Chosen, { key, conflicts: [first] }: CatalogInConflict): boolean {
  if (experimentIds === undefined) return true;
  const [, , id = ""] = JSON.parse(key) as readonly string[];
  return first?.kind === "experiment" && experimentIds.includes(id);
}

type Rows = ReadonlyMap<string, RunRow>;

/** What the receipts tell. */
function rowsHere(chosen: Chosen, state: RemoteStateView, { artifacts }: RemoteSettings): Rows {
  const inConflict = new Set(state.runsInConflict());
  const rows = new Map<string, RunRow>();
  const choice = { withArtifacts: artifacts !== "none", includeDeleted: false };
  const { runs, excepted } = plannedPush(chosen, state, choice);
  for (const { runId, runName, state: here, isRunning } of runs)
    rows.set(runId, {
      ...{ runId, runName, here, there: null, isRunning },
      ...{ inConflict: inConflict.has(runId), hasExceptions: false },
    });
  const withExceptions = new Set(excepted);
  for (const runId of state.runIds()) {
    const flags = { inConflict: inConflict.has(runId), hasExceptions: withExceptions.has(runId) };
    const isOdd = flags.inConflict || flags.hasExceptions;
    if (!rows.has(runId) && (isOdd || state.run(runId)?.common?.status === "RUNNING"))
      addSynced(chosen, rows, { runId, ...flags });
  }
  return rows;
}

/** A run of which a push has nothing to send: it is in conflict, or was synced as far as it was, and runs. */
function addSynced(
  { place, experimentIds }: Chosen,
  rows: Map<string, RunRow>,
  { runId, inConflict, hasExceptions }: Pick<RunRow, "runId" | "inConflict" | "hasExceptions">,
): void {
  const location = findRun(place.context, runId);
  if (location === null || experimentIds?.includes(location.experimentId) === false) return;
  const info = infoOf(location);
  const isRunning = info !== null && readRunState(location, info).state === "RUNNING";
  const runName = info?.runName ?? "";
  if (isRunning || inConflict || hasExceptions)
    rows.set(runId, { runId, runName, here: null, there: null, inConflict, hasExceptions, isRunning });
}

function infoOf(location: RunLocation): ReturnType<typeof readRunInfo> | null {
  try {
    return readRunInfo(location);
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED")) return null;
    throw error;
  }
}

interface Looking {
  readonly chosen: Chosen;
  readonly state: RemoteStateView;
  readonly here: Rows;
}

interface Looked {
  readonly rows: Rows;
  readonly error: RunstoneError | null;
}

function asTheyAre(rows: Rows): Looked {
  return { rows, error: null };
}

/** Adds what the remote says. */
async function withThere(context: CommandContext, { chosen, state, here }: Looking): Promise<Looked> {
  const rows = new Map(here);
  // Loaded when a remote is asked only.
  const { lookAtRemote } = await import("../sync/look-at-remote.js");
  try {
    const { runs, seen } = await lookAtRemote(context, chosen, state);
    for (const row of here.values())
      if (row.here === "new" && seen.has(row.runId)) rows.set(row.runId, { ...row, here: "changed" });
    for (const { runId, runName, change } of runs) {
      const row = rows.get(runId) ?? unchangedHere(runId, runName);
      // What runs is looked at each time.
      if (change !== "changed" || !row.isRunning) rows.set(runId, { ...row, there: change });
    }
    return { rows, error: null };
  } catch (error) {
    if (error instanceof RunstoneError) return { rows, error };
    throw error;
  }
}

function unchangedHere(runId: string, runName: string): RunRow {
  return {
    ...{ runId, runName, here: null, there: null },
    ...{ inConflict: false, hasExceptions: false, isRunning: false },
  };
}

function synced(state: RemoteStateView, rows: Rows): Pick<RemoteStatus, "synced" | "lastTime"> {
  let count = 0;
  let lastTime: number | null = null;
  for (const runId of state.runIds()) {
    const receipt = state.run(runId)?.receipt ?? null;
    if (receipt === null) continue;
    if (isSynced(rows.get(runId))) count += 1;
    lastTime = Math.max(lastTime ?? 0, receipt.verifiedTime);
  }
  return { synced: count, lastTime };
}

function isSynced(row: RunRow | undefined): boolean {
  return row === undefined || (row.here === null && row.there === null && !row.inConflict);
}

interface Counts {
  readonly new: number;
  readonly changed: number;
  readonly newThere: number;
  readonly changedThere: number;
  readonly goneThere: number;
  readonly conflict: number;
  /** Experiments and models. */
  readonly catalogConflict: number;
  readonly withExceptions: number;
  readonly running: number;
}

/** A run in conflict is no changed one. */
function countsOf({ rows, catalog }: RemoteStatus): Counts {
  const calm = rows.filter(({ inConflict }) => !inConflict);
  const here = (state: RunRow["here"]): number => calm.filter((row) => row.here === state).length;
  const there = (state: RunRow["there"]): number => calm.filter((row) => row.there === state).length;
  return {
    ...{ new: here("new"), changed: here("changed") },
    ...{ newThere: there("new"), changedThere: there("changed"), goneThere: there("gone") },
    conflict: rows.length - calm.length,
    catalogConflict: catalog.length,
    withExceptions: rows.filter(({ hasExceptions }) => hasExceptions).length,
    running: rows.filter(({ isRunning }) => isRunning).length,
  };
}

function print(context: CommandContext, statuses: readonly RemoteStatus[], online: boolean): void {
  const { out } = context;
  if (statuses.length === 0) {
    out.line("This workspace has no remote");
    return context.err.line("Add one: runstone remote add NAME URL");
  }
  const there = online ? ["NEW THERE", "CHANGED THERE", "GONE THERE"] : [];
  const titles = ["REMOTE", "SYNCED", "NEW", "CHANGED", ...there, "CONFLICT", "RUNNING", "LAST SYNC"];
  const lines = renderTable(
    titles.map((title) => ({ title })),
    statuses.map((status) => [
      visible(status.name),
      ...cellsOf(status, online),
      formatAge(status.lastTime, context.now()),
    ]),
  );
  for (const line of lines) out.line(line);
  for (const status of statuses) printRuns(context, status, statuses.length > 1);
}

/** Of what a remote that did not answer has nothing is known. */
function cellsOf(status: RemoteStatus, online: boolean): readonly string[] {
  const counts = countsOf(status);
  const cell = (count: number): string => (status.error === null ? String(count) : "?");
  const there = [counts.newThere, counts.changedThere, counts.goneThere].map(cell);
  const here = [status.synced, counts.new, counts.changed].map(String);
  return [
    ...here,
    ...(online ? there : []),
    String(counts.conflict + counts.catalogConflict),
    String(counts.running),
  ];
}

/** On however narrow a terminal. */
const SHORTEST_NAME = 8;

function printRuns(
  { out, style, width: most = Number.POSITIVE_INFINITY }: CommandContext,
  status: RemoteStatus,
  isNamed: boolean,
): void {
  const { name, rows, catalog } = status;
  if (rows.length + catalog.length === 0) return;
  out.line("");
  if (isNamed) out.line(`${visible(name)}:`);
  const shown = rows.slice(0, SHOWN);
  const width = Math.max(8, ...shown.map((row) => wordsOf(row).length));
  // Behind the indent, the words, the id and the gaps between them.
  const room = Math.max(SHORTEST_NAME, most - width - 14);
  for (const row of shown)
    out.line(
      `  ${wordsOf(row).padEnd(width)}  ${style.cyan(row.runId.slice(0, 8))}  ${truncateMiddle(visible(row.runName), room)}`,
    );
  if (rows.length > SHOWN) out.line(`  and ${rows.length - SHOWN} more`);
  for (const { word, conflicts } of catalog.slice(0, SHOWN)) {
    const fields = conflicts.map(({ field }) => field).join(", ");
    out.line(`  ${"conflict".padEnd(width)}  ${style.cyan(visible(word))}  ${visible(fields)}`);
  }
  if (catalog.length > SHOWN) out.line(`  and ${catalog.length - SHOWN} more`);
}

function wordsOf({ here, there, inConflict, hasExceptions, isRunning }: RunRow): string {
  const words = [
    ...(inConflict ? ["conflict"] : here === null ? [] : [here]),
    ...(hasExceptions ? ["with exceptions"] : []),
    ...(there === null ? [] : [`${there} there`]),
    ...(isRunning ? ["running"] : []),
  ];
  return words.join(", ");
}

function recordOf(status: RemoteStatus, online: boolean): object {
  const { name, address, lastTime, rows, catalog, error } = status;
  const counts = countsOf(status);
  return {
    ...{ remote: name, address, synced: status.synced },
    ...{ new: counts.new, changed: counts.changed },
    ...(online && error === null
      ? { new_there: counts.newThere, changed_there: counts.changedThere, gone_there: counts.goneThere }
      : {}),
    ...{ conflict: counts.conflict, with_exceptions: counts.withExceptions },
    ...{ running: counts.running, last_sync: lastTime },
    ...(error === null ? {} : { error: error.toJSON() }),
    catalog_conflicts: catalog.flatMap(({ word, conflicts }) =>
      conflicts.map((conflict) => ({ word, ...conflict })),
    ),
    runs: rows.map(({ runId, runName, here, there, inConflict, hasExceptions, isRunning }) => ({
      ...{ run_id: runId, run_name: runName, state: inConflict ? "conflict" : here },
      ...(online && error === null ? { there } : {}),
      ...(hasExceptions ? { with_exceptions: true } : {}),
      running: isRunning,
    })),
  };
}
