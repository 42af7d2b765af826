/** What `runstone diff` compares: a run, a commit with the run that stands for it, or the work tree. */

import { rowsByStart, runsOfCommits } from "../../core/git/history/index.js";
import { codeOfRun, type Repository, resolveCommit } from "../../core/git/index.js";
import { metricDirection } from "../../core/search/metric-direction.js";
import { rankRows } from "../../core/search/rank-rows.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { findMetric } from "../store/best-run.js";
import type { StoreRuns } from "../store/open-runs.js";
import { resolveSingly } from "../store/resolve-runs.js";

export interface DiffSide {
  readonly word: string;
  /** Null: the work tree, or a commit that no run ran at. */
  readonly run: RunRecord | null;
  /** The code: an object id. Null: the work tree as it is, or a run that tells no commit. */
  readonly commit: string | null;
  readonly isWorkTree: boolean;
  /** Of a run without a snapshot: its uncommitted changes are not in `commit`. */
  readonly lacksChanges: boolean;
}

export interface DiffSideOptions {
  readonly repository: Repository;
  readonly opened: StoreRuns;
  /** By which the best run of a commit is chosen; without it the newest one. */
  readonly metric: string | undefined;
}

/** A word names a run, else a commit; `.` is the work tree. Throws as `resolveSingly` when it names neither. */
export async function findDiffSide(
  context: CommandContext,
  word: string,
  options: DiffSideOptions,
): Promise<DiffSide> {
  if (word === ".") return { word, run: null, commit: null, isWorkTree: true, lacksChanges: false };
  try {
    return ofRun(word, resolveSingly(context, options.opened, [word])[0]!);
  } catch (error) {
    if (
      !isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST") &&
      !isRunstoneError(error, "INVALID_PARAMETER_VALUE")
    )
      throw error;
    const commit = await commitOrNull(options.repository, word);
    if (commit === null) throw error;
    return await ofCommit(word, commit, options);
  }
}

function ofRun(word: string, run: RunRecord): DiffSide {
  const { snapshot, commit, dirty } = codeOfRun(run.tags);
  const lacksChanges = snapshot === null && dirty !== false;
  return { word, run, commit: snapshot ?? commit, isWorkTree: false, lacksChanges };
}

async function commitOrNull(repository: Repository, word: string): Promise<string | null> {
  try {
    return await resolveCommit(repository, word);
  } catch (error) {
    if (
      isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST") ||
      isRunstoneError(error, "INVALID_PARAMETER_VALUE")
    )
      return null;
    throw error;
  }
}

/** The code is that of the commit, whatever its run changed. */
async function ofCommit(
  word: string,
  commit: string,
  { repository, opened, metric }: DiffSideOptions,
): Promise<DiffSide> {
  const rows = (await runsOfCommits(repository, opened.table)).get(commit) ?? [];
  const row = metric === undefined ? rowsByStart(opened.table, rows).at(-1) : bestRow(opened, rows, metric);
  const run = row === undefined ? null : opened.table.runAt(row);
  return { word, run, commit, isWorkTree: false, lacksChanges: false };
}

function bestRow({ table }: StoreRuns, rows: readonly number[], word: string): number | undefined {
  const { key, aggregate } = findMetric(table, word);
  return rankRows(table, rows, { key, aggregate, direction: metricDirection(key) ?? "max" })[0]?.row;
}
