/** Which runs ran at each commit. */
import { activeRows, textAt } from "../../search/cells.js";
import type { RunTable } from "../../search/run-table.js";
import type { Repository } from "../repository.js";
import { runOfSnapshotRef, SNAPSHOT_REFS } from "../snapshot-refs.js";

/** Rows of a run table by the commit that was HEAD when the run began, the earliest started first. */
export type RunsOfCommits = ReadonlyMap<string, readonly number[]>;

export interface RunsOfCommitsOptions {
  /** Default: the runs that are not deleted. */
  readonly rows?: readonly number[];
}

/** By the tag `mlflow.source.git.commit`; a run without it by the parent of its snapshot. */
export async function runsOfCommits(
  repository: Repository,
  table: RunTable,
  { rows = activeRows(table) }: RunsOfCommitsOptions = {},
): Promise<RunsOfCommits> {
  const commits = table.column({ entity: "tag", key: "mlflow.source.git.commit" });
  const found = new Map<string, number[]>();
  const without: number[] = [];
  for (const row of rowsByStart(table, rows)) {
    const commit = textAt(commits, row)?.toLowerCase() ?? null;
    if (commit === null || !isObjectId(commit)) without.push(row);
    else add(found, commit, row);
  }
  if (without.length > 0) await addBySnapshot(repository, table, { rows: without, found });
  return found;
}

/** Rows in the order their runs started; those that tell no start last. */
export function rowsByStart(table: RunTable, rows: readonly number[]): readonly number[] {
  const starts = table.column({ entity: "attribute", key: "start_time" });
  if (starts?.kind !== "number") return rows;
  const { values, present } = starts;
  const startOf = (row: number): number =>
    present?.[row] === 0 ? Number.MAX_VALUE : (values[row] ?? Number.MAX_VALUE);
  return [...rows].sort((a, b) => startOf(a) - startOf(b));
}

async function addBySnapshot(
  repository: Repository,
  table: RunTable,
  { rows, found }: { readonly rows: readonly number[]; readonly found: Map<string, number[]> },
): Promise<void> {
  const heads = await headsOfSnapshots(repository);
  if (heads.size === 0) return;
  const ids = table.column({ entity: "attribute", key: "run_id" });
  for (const row of rows) {
    const commit = heads.get(textAt(ids, row) ?? "");
    if (commit !== undefined) add(found, commit, row);
  }
}

const SNAPSHOT_SUBJECT = "runstone: code of run ";

/** A ref points at a snapshot, whose parent was HEAD, or, where the work tree was clean, at HEAD's commit itself. */
async function headsOfSnapshots(repository: Repository): Promise<ReadonlyMap<string, string>> {
  const format = "--format=%(refname)%00%(objectname)%00%(parent)%00%(contents:subject)";
  const text = await repository.text(["for-each-ref", format, SNAPSHOT_REFS]);
  const heads = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [ref = "", commit = "", parents = "", subject = ""] = line.split("\0");
    const runId = runOfSnapshotRef(ref);
    const head = subject.startsWith(SNAPSHOT_SUBJECT) ? parents.split(" ")[0]! : commit;
    if (runId !== null && isObjectId(head)) heads.set(runId, head);
  }
  return heads;
}

function add(found: Map<string, number[]>, commit: string, row: number): void {
  const rows = found.get(commit);
  if (rows === undefined) found.set(commit, [row]);
  else rows.push(row);
}

function isObjectId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
