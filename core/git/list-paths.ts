import type { Repository } from "./repository.js";

/** What a Git command with `-z` lists, one path or line each; pathspecs among the arguments are plain paths. Rejects with GIT_FAILED. */
export async function listPaths(repository: Repository, args: readonly string[]): Promise<readonly string[]> {
  const text = await repository.text(["--literal-pathspecs", ...args]);
  return text.split("\0").filter((path) => path !== "");
}
