/** `--link PATH`: what Git does not hold (data), reachable in the new work tree. */
import { existsSync, lstatSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Repository } from "../../core/git/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { pathBelow } from "./recorded-run.js";

export interface LinkOptions {
  readonly repository: Repository;
  /** Paths are seen from here. */
  readonly cwd: string;
  /** The top of the new work tree. */
  readonly worktree: string;
}

/**
 * Symbolic links at the same places as in the user's work tree. Throws INVALID_PARAMETER_VALUE for a path outside of it,
 * RESOURCE_DOES_NOT_EXIST, and RESOURCE_ALREADY_EXISTS for what the code of the run has itself.
 */
export function linkIgnored(paths: readonly string[], { repository, cwd, worktree }: LinkOptions): void {
  for (const path of paths) {
    const from = resolve(cwd, path);
    const below = pathBelow(repository.root, from);
    if (below === null || below === "")
      throw cannot("INVALID_PARAMETER_VALUE", path, "is not in the work tree");
    if (!existsSync(from)) throw cannot("RESOURCE_DOES_NOT_EXIST", path, "is not there");
    const to = join(worktree, below);
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
      throw cannot("RESOURCE_ALREADY_EXISTS", path, "is in the code of the run itself");
    mkdirSync(dirname(to), { recursive: true });
    // A link in the code may lead out of the work tree.
    if (pathBelow(worktree, realpathSync(dirname(to))) === null)
      throw cannot("INVALID_PARAMETER_VALUE", path, "leads out of the new work tree");
    symlinkSync(from, to);
  }
}

function cannot(
  code: "INVALID_PARAMETER_VALUE" | "RESOURCE_DOES_NOT_EXIST" | "RESOURCE_ALREADY_EXISTS",
  path: string,
  why: string,
): RunstoneError {
  return new RunstoneError(code, `--link ${path}: it ${why}`, {
    hint: "--link names files and directories of this work tree that Git does not hold.",
    data: { path },
  });
}
