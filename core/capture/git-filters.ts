import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type GitDirectory, gitDirectoryOf } from "./git-directory.js";

/** Runs one Git command in the work tree; the same signature for both ways we start Git. */
type Ask = (args: readonly string[]) => Promise<string>;

/**
 * Arguments that switch off the filter drivers which the repository's own configuration names: `git status` and `git
 * diff` would start them (gitattributes(5)), and a repository that came as an archive may name anything. Those of the
 * user's and the system's configuration (Git LFS, as a rule) stay. Rejects when one cannot be switched off.
 */
export async function withoutFilters(root: string, ask: Ask): Promise<readonly string[]> {
  const directory = gitDirectoryOf(root);
  if (directory === null || !mayNameFilters(directory)) return [];
  const text = await ask(["config", "--null", "--show-scope", "--name-only", "--get-regexp", "^filter\\."]);
  const words = text.split("\0");
  const keys = words.filter((_, i) => i % 2 === 1 && isOwnScope(words[i - 1]));
  if (keys.some((key) => key.includes("=")))
    throw new Error("the repository's configuration names a filter that cannot be switched off");
  return [...new Set(keys)].flatMap((key) => ["-c", `${key}=${/\.required$/i.test(key) ? "false" : ""}`]);
}

function isOwnScope(scope: string | undefined): boolean {
  return scope === "local" || scope === "worktree";
}

/** Most repositories name none: then no Git is started to ask. */
export function mayNameFilters({ gitDir }: GitDirectory): boolean {
  const shared = join(gitDir, "commondir");
  const common = existsSync(shared) ? resolve(gitDir, readFileSync(shared, "utf8").trim()) : gitDir;
  const files = [join(common, "config"), join(common, "config.worktree"), join(gitDir, "config.worktree")];
  return files.some((path) => existsSync(path) && /filter|include/i.test(readFileSync(path, "latin1")));
}
