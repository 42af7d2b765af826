/** The code of runs in Git: listing it, sharing it, freeing it. */
import { existsSync } from "node:fs";
import { stripUrlCredentials } from "../../core/capture/remote-url.js";
import { type CodeOfRun, codeOfRun } from "../../core/git/code-of-run.js";
import { openRepository, type Repository } from "../../core/git/repository.js";
import {
  compareRefs,
  defaultGitRemote,
  fetchRefs,
  listRemoteRefs,
  listRemotes,
  listSharedRefs,
  listWorkspaceRoots,
  pushRefs,
  type RefDifference,
  removeRefs,
  type SharedRef,
} from "../../core/git/snapshot/share-snapshots.js";
import { SNAPSHOT_REFS } from "../../core/git/snapshot-refs.js";
import type { StoreContext } from "../../core/store/context.js";
import { openContext } from "../../core/store/open-context.js";
import { readTags, toStringMap } from "../../core/store/read/records.js";
import { findRun } from "../../core/store/read/runs.js";
import { findWorkspace } from "../../core/workspace/find-workspace.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import { visible } from "../output/visible.js";
import { expandRunWords, runIdOf } from "../run-words.js";
import { type OpenStore, openStore } from "../store/open-store.js";
import type { FetchArguments, PruneArguments, PushArguments } from "./snapshots.js";

function openGit({ cwd, env }: CommandContext): Promise<Repository> {
  return openRepository({ cwd, env, manner: "user" });
}

export async function runList(context: CommandContext): Promise<void> {
  const opened = openStore(context);
  const repository = await openGit(context);
  const times = await readTimes(repository);
  const refs = (await listSharedRefs(repository)).filter(({ ref }) => ref.startsWith(SNAPSHOT_REFS));
  if (refs.length === 0 && !context.json)
    return context.err.line("No snapshots. A run in a Git work tree takes one: runstone run -- COMMAND");
  await printRows(context, {
    columns: [
      { key: "run_id", title: "RUN", type: "text", shrinkTo: 8 },
      { key: "commit", title: "COMMIT", type: "text", shrinkTo: 12 },
      { key: "time", title: "DATE", type: "text" },
      { key: "complete", title: "COMPLETE", type: "text" },
      { key: "note", title: "NOTE", type: "text" },
    ],
    rows: refs.map((shared) => rowOf(opened, shared, times.get(shared.ref) ?? "")),
    format: context.json ? "json" : "table",
  });
}

/** When each commit was made, by ref. */
async function readTimes(repository: Repository): Promise<ReadonlyMap<string, string>> {
  const format = "--format=%(refname) %(creatordate:iso-strict)";
  const lines = (await repository.text(["for-each-ref", format, SNAPSHOT_REFS])).split("\n");
  return new Map(lines.map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]));
}

function rowOf(opened: OpenStore, { runId, commit }: SharedRef, time: string): readonly string[] {
  const code = codeInStore(opened, runId);
  const complete = code === null || code.complete === null ? "" : code.complete ? "yes" : "no";
  return [runId, commit, time, complete, noteOf(code, commit)];
}

function noteOf(code: CodeOfRun | null, commit: string): string {
  if (code === null) return "the run is not here";
  if (code.snapshot !== commit) return "the run names another commit";
  return code.commit === commit ? "as committed" : "";
}

/** Null: the run is not in this store. */
function codeInStore({ store, onDamage }: OpenStore, runId: string): CodeOfRun | null {
  const run = findRun(store.context, runId);
  if (run === null) return null;
  return codeOfRun(toStringMap(readTags(run, onDamage)));
}

export async function runPush(context: CommandContext, args: PushArguments): Promise<void> {
  const repository = await openGit(context);
  const { remote, runIds } = await readWhat(context, repository, args.what);
  const here = (await listSharedRefs(repository)).filter(wantedBy(runIds));
  const difference = compareRefs(here, await listRemoteRefs(repository, remote));
  await pushRefs(repository, remote, difference.fresh);
  report(context, { verb: "sent", where: "to", remote, difference });
}

export async function runFetch(context: CommandContext, args: FetchArguments): Promise<void> {
  const opened = openStore(context);
  const repository = await openGit(context);
  const { remote, runIds } = await readWhat(context, repository, args.what);
  const there = (await listRemoteRefs(repository, remote)).filter(wantedBy(runIds));
  const known = there.filter(({ runId }) => args.all || findRun(opened.store.context, runId) !== null);
  const difference = compareRefs(known, await listSharedRefs(repository));
  // A remote may be anybody's: what a run here says of its code counts.
  const isForeign = ({ ref, runId, commit }: SharedRef): boolean => {
    const named = ref.startsWith(SNAPSHOT_REFS) ? codeInStore(opened, runId)?.snapshot : null;
    return named != null && named !== commit;
  };
  const [foreign, fresh] = [
    difference.fresh.filter(isForeign),
    difference.fresh.filter((ref) => !isForeign(ref)),
  ];
  await fetchRefs(repository, remote, fresh);
  const conflicts = [...difference.conflicts, ...foreign];
  report(context, {
    verb: "fetched",
    where: "from",
    remote,
    difference: { ...difference, fresh, conflicts },
  });
}

interface What {
  readonly remote: string;
  /** Null: all. */
  readonly runIds: ReadonlySet<string> | null;
}

/** A first word that names a remote, or is an address, is one. */
async function readWhat(
  context: CommandContext,
  repository: Repository,
  what: readonly string[],
): Promise<What> {
  const [first, ...rest] = what;
  const isRemote =
    first !== undefined && (/[/:\\]/.test(first) || (await listRemotes(repository)).includes(first));
  const words = isRemote ? rest : what;
  const remote = isRemote ? first : await defaultGitRemote(repository);
  if (words.length === 0) return { remote, runIds: null };
  const opened = openStore(context);
  const runIds = new Set<string>();
  for (const word of await expandRunWords(context, words)) runIds.add(await runIdOf(context, opened, word));
  return { remote, runIds };
}

function wantedBy(runIds: What["runIds"]): (shared: SharedRef) => boolean {
  return ({ runId }) => runIds === null || runIds.has(runId);
}

interface Reported {
  readonly verb: string;
  readonly where: string;
  readonly remote: string;
  readonly difference: RefDifference;
}

function report(context: CommandContext, { verb, where, remote, difference }: Reported): void {
  const { fresh, conflicts, same } = difference;
  process.exitCode = conflicts.length > 0 ? EXIT.partial : EXIT.ok;
  const record = ({ runId, ref, commit }: SharedRef): object => ({ run_id: runId, ref, commit });
  if (context.json)
    return printJsonObject(context, {
      ...{ remote: stripUrlCredentials(remote), [verb]: fresh.map(record), same },
      conflicts: conflicts.map(record),
    });
  for (const { runId, commit } of conflicts)
    context.err.line(
      `runstone: ${visible(runId.slice(0, 8))} has another snapshot there (${commit.slice(0, 12)}) than here: left as it is`,
    );
  const place = `${where} ${visible(stripUrlCredentials(remote))}`;
  context.out.line(`${count(fresh.length)} ${verb} ${place}${same > 0 ? `, ${same} known already` : ""}`);
}

function count(snapshots: number): string {
  return snapshots === 1 ? "1 snapshot" : `${snapshots} snapshots`;
}

export async function runPrune(context: CommandContext, args: PruneArguments): Promise<void> {
  const opened = openStore(context);
  const repository = await openGit(context);
  const stores = [opened.store.context, ...(await otherStores(context, repository))];
  const isGone = ({ runId }: SharedRef): boolean => stores.every((store) => findRun(store, runId) === null);
  const refs = await listSharedRefs(repository);
  const gone = refs.filter(isGone);
  if (!args["dry-run"]) await removeRefs(repository, gone);
  if (context.json)
    return printJsonObject(context, {
      dry_run: args["dry-run"],
      removed: gone.map(({ runId, ref, commit }) => ({ run_id: runId, ref, commit })),
      kept: refs.length - gone.length,
    });
  if (args["dry-run"]) for (const { ref } of gone) context.out.line(visible(ref));
  context.out.line(
    `${count(gone.length)} of runs that are gone${args["dry-run"] ? " would be" : ""} removed, ${refs.length - gone.length} kept`,
  );
}

/** Stores of the repository's other work trees and of workspaces in it: their runs are not gone. */
async function otherStores(
  context: CommandContext,
  repository: Repository,
): Promise<readonly StoreContext[]> {
  const roots = await listWorkspaceRoots(repository);
  return roots.flatMap((cwd) => {
    try {
      return existsSync(cwd) && findWorkspace(cwd) !== null ? [openContext({ cwd, now: context.now })] : [];
    } catch (error) {
      // One that was never made has no runs; any other failure must not make its runs look gone.
      if (isRunstoneError(error, "NOT_A_STORE") || isRunstoneError(error, "NO_WORKSPACE")) return [];
      throw error;
    }
  });
}
