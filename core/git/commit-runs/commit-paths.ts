/** A commit of some files, whatever else is staged. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Repository } from "../repository.js";
import { readHeadCommit } from "../revision.js";
import type { TreePath } from "./committable.js";

/** In the environment of the hooks of a commit whose files were checked already, as the user allowed them. */
export const CHECKED = { RUNSTONE_COMMIT_CHECKED: "1" } as const;

export interface CommitOptions {
  readonly paths: readonly TreePath[];
  readonly message: string;
  /** Commits what the user has staged along. Default: these files alone; what is staged stays so. */
  readonly withStaged: boolean;
  /** Replaces the last commit. */
  readonly amend: boolean;
}

/**
 * Stages the files and commits them, with the user's hooks and identity: `repository` was opened as `user`. Returns the
 * commit. Throws GIT_FAILED; the files stay staged then, as with `git add`.
 */
export async function commitPaths(repository: Repository, options: CommitOptions): Promise<string> {
  const { paths, message, withStaged, amend } = options;
  const listed = Buffer.from(paths.map((path) => `${path}\0`).join(""));
  const fromInput = ["--pathspec-from-file=-", "--pathspec-file-nul"];
  // Forced: what is ignored was chosen on purpose.
  await repository.git(["--literal-pathspecs", "add", "--all", "--force", ...fromInput], { input: listed });
  const directory = mkdtempSync(join(tmpdir(), "runstone-commit-"));
  try {
    const file = join(directory, "message");
    writeFileSync(file, message, { mode: 0o600 });
    const how = [
      "commit",
      "--quiet",
      `--file=${file}`,
      "--cleanup=whitespace",
      ...(amend ? ["--amend"] : []),
    ];
    const what = withStaged ? [] : ["--only", ...fromInput];
    await repository.git(["--literal-pathspecs", ...how, ...what], {
      input: withStaged ? "" : listed,
      env: CHECKED,
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
  return (await readHeadCommit(repository)) ?? "";
}
