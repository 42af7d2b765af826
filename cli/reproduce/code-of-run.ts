/** The code of a run in a work tree, with what was kept of changes that are in no commit. */
import { type CheckedOut, checkoutCommit } from "../../core/git/checkout/index.js";
import type { Repository } from "../../core/git/index.js";
import type { CodeToCheckout } from "../git/code-to-checkout.js";

export interface PlacedCode extends CheckedOut {
  /** All of the code is there. */
  readonly isExact: boolean;
  /** What is not, for people. */
  readonly notes: readonly string[];
}

/** Throws as `checkoutCommit`. */
export async function placeCode(
  repository: Repository,
  code: CodeToCheckout,
  directory: string,
): Promise<PlacedCode> {
  const checkedOut = await checkoutCommit(repository, { commit: code.commit, directory });
  const needsPatch = code.from === "commit" && code.dirty !== false;
  const isPatched = needsPatch && code.patch !== null;
  if (isPatched)
    await repository.git(["-C", directory, "apply", "--whitespace=nowarn", "-"], { input: code.patch });
  const notes = [
    ...code.leftOut.map(({ path }) => `${path} was left out of the snapshot`),
    ...checkedOut.large.missing.map((path) => `${path} is a pointer of Git LFS only (git lfs pull)`),
    ...(needsPatch && !isPatched ? ["changes that were in no commit are not known"] : []),
    ...(isPatched ? ["untracked files of the run are not known"] : []),
  ];
  return { ...checkedOut, isExact: notes.length === 0, notes };
}

/** Also when the command left files in it. */
export async function removeWorkTree(repository: Repository, directory: string): Promise<void> {
  await repository.git(["worktree", "remove", "--force", "--force", "--", directory]);
}
