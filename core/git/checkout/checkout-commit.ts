/** The code of a commit in a work tree of its own, beside the user's. */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { isRunstoneError, RunstoneError } from "../../../store-format/index.js";
import type { Repository } from "../repository.js";
import { type LargeFiles, restoreLargeFiles } from "./restore-large-files.js";

export interface CheckoutOptions {
  /** An object id. */
  readonly commit: string;
  /** Absolute; not there yet, or empty. */
  readonly directory: string;
}

export interface CheckedOut {
  readonly directory: string;
  readonly commit: string;
  /** Files of Git LFS: whose content was here and stands in its place, and those that are pointers still. */
  readonly large: LargeFiles;
}

/**
 * Makes a linked work tree with a detached HEAD. No hook and no filter that the repository names is started; files of Git LFS get
 * their content from what Git LFS has here. Throws RESOURCE_ALREADY_EXISTS for a directory that has something in it,
 * RESOURCE_DOES_NOT_EXIST for a commit that is not here, GIT_FAILED.
 */
export async function checkoutCommit(
  repository: Repository,
  { commit, directory }: CheckoutOptions,
): Promise<CheckedOut> {
  assertFree(directory);
  await assertCommit(repository, commit);
  // Git LFS would ask its server for each file.
  const env = { GIT_LFS_SKIP_SMUDGE: "1" };
  await repository.git(["worktree", "add", "--quiet", "--detach", "--", directory, commit], { env });
  return { directory, commit, large: await restoreLargeFiles(repository, directory) };
}

function assertFree(directory: string): void {
  if (!existsSync(directory)) return;
  if (lstatSync(directory).isDirectory() && readdirSync(directory).length === 0) return;
  throw new RunstoneError("RESOURCE_ALREADY_EXISTS", `${directory} is there already`, {
    hint: "Name a directory that is not there: --worktree DIR. An old one: git worktree remove DIR.",
    data: { path: directory },
  });
}

async function assertCommit(repository: Repository, commit: string): Promise<void> {
  try {
    await repository.git(["cat-file", "-e", `${commit}^{commit}`]);
  } catch (error) {
    if (!isRunstoneError(error, "GIT_FAILED")) throw error;
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `the commit ${commit} is not in this repository`, {
      hint: "It may be at a remote: git fetch brings branches, runstone snapshots fetch the code of runs.",
      data: { commit },
      cause: error,
    });
  }
}
