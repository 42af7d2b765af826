/** The runs that a commit takes, sealed, and their files. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { BUILDING_SITE } from "../../core/fs/directories.js";
import {
  isRecordPath,
  listCommittable,
  runOfStorePath,
  type TreePath,
  treePathOf,
} from "../../core/git/commit-runs/index.js";
import { rowsByStart } from "../../core/git/history/index.js";
import type { Repository } from "../../core/git/index.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { writable } from "../../core/store/writable.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { StoreRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { runNameOf } from "../store/run-name.js";
import { isSealedNow, reasonToSkip } from "./sealed-runs.js";

export interface RecordsToCommit {
  /** With something that Git does not have. */
  readonly runs: readonly RunRecord[];
  readonly paths: readonly TreePath[];
  /** Of the store, in the work tree. */
  readonly storePath: TreePath;
  readonly skipped: readonly { readonly runId: string; readonly runName: string; readonly reason: string }[];
}

export interface ChooseOptions {
  readonly repository: Repository;
  readonly opened: StoreRuns;
  /** Runs as people name them; none: all. */
  readonly words: readonly string[];
  /** Seals nothing. */
  readonly dryRun: boolean;
}

/** Throws INVALID_STATE for a store outside of the work tree, and as `resolveRuns`. */
export async function chooseRecords(
  context: CommandContext,
  options: ChooseOptions,
): Promise<RecordsToCommit> {
  const { repository, opened, words, dryRun } = options;
  const store = opened.place.context;
  if (!dryRun) writable(store);
  const storePath = storeInTree(repository, store.root);
  const within = [storePath, ...workspaceFiles(repository.root, store.workspace)];
  const isRecord = (path: TreePath): boolean =>
    path.startsWith(`${storePath}/`) && isRecordPath(path.slice(storePath.length + 1));
  const list = (): Promise<readonly TreePath[]> => listCommittable(repository, { within, isRecord });
  const isNamed = words.length > 0;
  const candidates = isNamed
    ? resolveRuns(context, opened, words)
    : runsOfPaths(opened, await list(), storePath);
  const { runs, skipped } = ended(opened, candidates, dryRun);
  const paths = (await list()).filter((path) => isOfCommit(path, { storePath, runs, skipped, isNamed }));
  const withPaths = new Set(paths.map((path) => runIdOf(path, storePath)));
  return { storePath, paths, skipped, runs: runs.filter(({ runId }) => withPaths.has(runId)) };
}

function storeInTree({ root }: Repository, store: string): TreePath {
  const path = treePathOf(root, realpathSync(store));
  if (path !== null) return path;
  throw new RunstoneError("INVALID_STATE", `the store ${store} is not in the work tree ${root}`, {
    hint: "Runs are committed next to the code: keep the store in the repository.",
    data: { store, root },
  });
}

/** The settings travel with the runs; what else lies in `.runstone` is local. */
function workspaceFiles(root: string, workspace: string | null): readonly TreePath[] {
  const own = workspace === null ? null : treePathOf(root, join(realpathSync(workspace), ".runstone"));
  return own === null ? [] : [`${own}/config.yaml`, `${own}/.gitignore`];
}

function runIdOf(path: TreePath, storePath: TreePath): string | null {
  if (!path.startsWith(`${storePath}/`)) return null;
  return runOfStorePath(path.slice(storePath.length + 1))?.runId ?? null;
}

/** In the order they started. */
function runsOfPaths(
  { table }: StoreRuns,
  paths: readonly TreePath[],
  storePath: TreePath,
): readonly RunRecord[] {
  const rows = new Set<number>();
  for (const path of paths) {
    const runId = runIdOf(path, storePath);
    const row = runId === null ? null : table.rowOf(runId);
    if (row !== null) rows.add(row);
  }
  return rowsByStart(table, [...rows]).map((row) => table.runAt(row));
}

type Skipped = RecordsToCommit["skipped"][number];

/** Runs that are over, sealed as they are now. */
function ended(
  opened: StoreRuns,
  candidates: readonly RunRecord[],
  dryRun: boolean,
): { readonly runs: readonly RunRecord[]; readonly skipped: readonly Skipped[] } {
  const runs: RunRecord[] = [];
  const skipped: Skipped[] = [];
  for (const run of candidates) {
    const reason =
      reasonToSkip(run) ?? (dryRun || isSealedNow(opened, run) ? null : "something writes into it");
    if (reason === null) runs.push(run);
    else skipped.push({ runId: run.runId, runName: runNameOf(run), reason });
  }
  return { runs, skipped };
}

interface Membership {
  readonly storePath: TreePath;
  readonly runs: readonly RunRecord[];
  readonly skipped: readonly Skipped[];
  readonly isNamed: boolean;
}

/** Of named runs their own files and those of their experiments; else everything but the runs that are left out. */
function isOfCommit(path: TreePath, { storePath, runs, skipped, isNamed }: Membership): boolean {
  if (path.startsWith(`${storePath}/${BUILDING_SITE}/`)) return false;
  const runId = runIdOf(path, storePath);
  if (runId === null) {
    if (!isNamed || !path.startsWith(`${storePath}/`)) return true;
    const [top = "", second = ""] = path.slice(storePath.length + 1).split("/");
    const experiment = top === ".trash" ? second : top;
    return (
      path === `${storePath}/.gitattributes` || runs.some(({ experimentId }) => experimentId === experiment)
    );
  }
  if (skipped.some((one) => one.runId === runId)) return false;
  return !isNamed || runs.some((run) => run.runId === runId);
}
