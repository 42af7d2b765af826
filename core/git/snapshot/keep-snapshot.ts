/** The ref of a run's snapshot. Set once; a further attempt of the run moves it, and the earlier snapshot keeps a ref of its own. */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Repository } from "../repository.js";
import { ATTEMPT_REFS, readSnapshotRef, SNAPSHOT_REFS, snapshotRef } from "../snapshot-refs.js";

export interface KeptSnapshot {
  readonly runId: string;
  readonly commit: string;
  /** The run was there before: it may have a snapshot. */
  readonly resumed?: boolean;
}

/** Rejects GIT_FAILED or the system's error; the run has no ref then. */
export async function keepSnapshot(repository: Repository, kept: KeptSnapshot): Promise<void> {
  const { runId, commit, resumed = false } = kept;
  const ref = snapshotRef(runId);
  const earlier = resumed ? await readSnapshotRef(repository, runId) : null;
  if (earlier === commit) return;
  if (earlier === null) return createRef(repository, ref, commit);
  const name = ref.slice(SNAPSHOT_REFS.length);
  await createRef(repository, `${ATTEMPT_REFS}${name}/${earlier}`, earlier);
  await repository.git(["update-ref", "--no-deref", ref, commit, earlier]);
}

/**
 * A ref that is not there yet, as a file that appears complete (gitrepository-layout(5), `refs`): without a lock that a
 * killed process would leave, and without a process of Git's. Where refs are no files, or no links can be made, by Git.
 */
async function createRef(repository: Repository, ref: string, commit: string): Promise<void> {
  if (await areRefsFiles(repository)) {
    try {
      return await linkRef(repository, ref, commit);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
  // Only where there is none.
  await repository.git(["update-ref", "--no-deref", ref, commit, "0".repeat(commit.length)]);
}

/** gitrepository-layout(5): with the reftable format `HEAD` names `refs/heads/.invalid`. */
async function areRefsFiles({ gitDir }: Repository): Promise<boolean> {
  return !(await readFile(join(gitDir, "HEAD"), "latin1")).includes("refs/heads/.invalid");
}

async function linkRef({ commonDir }: Repository, ref: string, commit: string): Promise<void> {
  const path = join(commonDir, ref);
  // A name that `git prune` takes away when a killed process left it.
  const temporary = join(commonDir, "objects", `tmp_obj_${randomBytes(6).toString("hex")}`);
  const file = await open(temporary, "wx", 0o644);
  try {
    try {
      await file.writeFile(`${commit}\n`);
    } finally {
      await file.close();
    }
    await mkdir(dirname(path), { recursive: true });
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => unlessSame(error, path, commit));
  } finally {
    await rm(temporary, { force: true });
  }
}

async function unlessSame(error: NodeJS.ErrnoException, path: string, commit: string): Promise<void> {
  if (error.code !== "EEXIST" || (await readFile(path, "latin1")).trim() !== commit) throw error;
}
