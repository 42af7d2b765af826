/** Commits by the names that people give them. */
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { Repository } from "./repository.js";

/**
 * The commit that `revision` names: 40 hex digits (64 in SHA-256 repositories). Throws RESOURCE_DOES_NOT_EXIST when it
 * names none, INVALID_PARAMETER_VALUE for what could be an option of Git's.
 */
export async function resolveCommit(repository: Repository, revision: string): Promise<string> {
  // Git reads a leading dash as an option in more places than `--end-of-options` protects.
  if (revision === "" || revision.startsWith("-") || /[\0\n]/.test(revision))
    throw new RunstoneError("INVALID_PARAMETER_VALUE", `${JSON.stringify(revision)} is no name of a commit`, {
      data: { revision },
    });
  try {
    const wanted = `${revision}^{commit}`;
    return await repository.text(["rev-parse", "--verify", "--quiet", "--end-of-options", wanted]);
  } catch (error) {
    if (!isRunstoneError(error, "GIT_FAILED")) throw error;
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no commit '${revision}'`, {
      hint: "git log --oneline --all lists commits.",
      data: { revision },
      cause: error,
    });
  }
}

/** The commit of HEAD, or null before the first one. */
export function readHeadCommit(repository: Repository): Promise<string | null> {
  return readRefCommit(repository, "HEAD");
}

/** The commit of a ref that the program names itself, or null when there is none. */
export async function readRefCommit(repository: Repository, ref: string): Promise<string | null> {
  const args = ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`];
  const { stdout } = await repository.git(args, { answers: [0, 1] });
  return stdout.toString("latin1").trim() || null;
}
