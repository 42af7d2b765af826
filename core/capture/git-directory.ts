import { existsSync, lstatSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";

/** A Git work tree as its files show it, found without starting Git. */
export interface GitDirectory {
  /** Root of the work tree. */
  readonly root: string;
  /** Where its HEAD and index are: `<root>/.git`, or elsewhere for linked work trees and submodules. */
  readonly gitDir: string;
  /** True for a work tree made by `git worktree add`. */
  readonly linkedWorktree: boolean;
}

export const GIT_OPERATIONS = ["merge", "rebase", "cherry-pick", "revert", "bisect", "am"] as const;
export type GitOperation = (typeof GIT_OPERATIONS)[number];

/** The work tree that holds `cwd` (an existing directory, real path), or null outside Git. */
export function findGitDirectory(cwd: string): GitDirectory | null {
  for (let root = cwd; ; root = dirname(root)) {
    const gitDir = gitDirectoryAt(root);
    if (gitDir !== null) return { root, gitDir, linkedWorktree: existsSync(join(gitDir, "commondir")) };
    if (dirname(root) === root) return null;
  }
}

/** The work tree whose top is `root`, or null. */
export function gitDirectoryOf(root: string): GitDirectory | null {
  const gitDir = gitDirectoryAt(root);
  if (gitDir === null) return null;
  return { root, gitDir, linkedWorktree: existsSync(join(gitDir, "commondir")) };
}

/** gitrepository-layout(5): `.git` is the directory itself, or a file that names it. */
function gitDirectoryAt(root: string): string | null {
  const path = join(root, ".git");
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const gitDir = stat.isFile() ? namedDirectory(path) : path;
  return gitDir !== null && existsSync(join(gitDir, "HEAD")) ? gitDir : null;
}

function namedDirectory(path: string): string | null {
  const target = /^gitdir: (.+?)\r?\n?$/.exec(readFileSync(path, "utf8"))?.[1];
  if (target === undefined) return null;
  return isAbsolute(target) ? target : resolve(dirname(path), target);
}

/** The branch HEAD points to; null when detached. For when `git status` gives no answer. */
export function branchOfHead({ gitDir }: GitDirectory): string | null {
  const branch = /^ref: refs\/heads\/(.+?)\n?$/.exec(readFileSync(join(gitDir, "HEAD"), "utf8"))?.[1];
  // Repositories of the reftable format keep this placeholder in HEAD.
  return branch === undefined || branch === ".invalid" ? null : branch;
}

/** What the user is in the middle of; such a work tree is often half-done. */
export function operationInProgress({ gitDir }: GitDirectory): GitOperation | null {
  const has = (name: string): boolean => existsSync(join(gitDir, name));
  if (has("rebase-apply/applying")) return "am";
  if (has("rebase-merge") || has("rebase-apply")) return "rebase";
  if (has("MERGE_HEAD")) return "merge";
  if (has("CHERRY_PICK_HEAD")) return "cherry-pick";
  if (has("REVERT_HEAD")) return "revert";
  return has("BISECT_LOG") ? "bisect" : null;
}
