/** The commits between two revisions. */
import { RunstoneError } from "../../../store-format/index.js";
import type { Repository } from "../repository.js";
import { readRefCommit, resolveCommit } from "../revision.js";

export interface CommitRange {
  /** What was there before: an object id; null: nothing. */
  readonly from: string | null;
  /** An object id. */
  readonly to: string;
}

/**
 * `A..B`, `A...B` (since both parted), `A` (up to HEAD), with an empty side for HEAD; undefined: what HEAD has more than the
 * remote's default branch, or all of HEAD where there is none. Throws as `resolveCommit`.
 */
export async function readRange(repository: Repository, words: string | undefined): Promise<CommitRange> {
  if (words === undefined) return sinceDefaultBranch(repository);
  const [, left = words, dots = "..", right = ""] = /^(.*?)(\.\.\.?)(.*)$/s.exec(words) ?? [];
  const from = await resolveCommit(repository, left || "HEAD");
  const to = await resolveCommit(repository, right || "HEAD");
  return { from: dots === "..." ? await mergeBase(repository, from, to) : from, to };
}

async function sinceDefaultBranch(repository: Repository): Promise<CommitRange> {
  const to = await resolveCommit(repository, "HEAD");
  const upstream = await readRefCommit(repository, "refs/remotes/origin/HEAD");
  if (upstream === null) return { from: null, to };
  return { from: await mergeBase(repository, upstream, to), to };
}

/** Null for histories that share nothing. */
async function mergeBase(repository: Repository, a: string, b: string): Promise<string | null> {
  const { stdout } = await repository.git(["merge-base", a, b], { answers: [0, 1] });
  return stdout.toString("latin1").trim() || null;
}

/** Of a range: the ids that `to` has and `from` has not, and those that `from` has. Throws GIT_FAILED. */
export async function listRange(
  repository: Repository,
  { from, to }: CommitRange,
): Promise<{ readonly added: ReadonlySet<string>; readonly before: ReadonlySet<string> }> {
  for (const id of [from, to])
    if (id !== null && !/^[0-9a-f]{40,64}$/.test(id))
      throw new RunstoneError("INVALID_PARAMETER_VALUE", `${id} is no commit id`, { data: { commit: id } });
  const list = async (args: readonly string[]): Promise<ReadonlySet<string>> =>
    new Set((await repository.text(["rev-list", ...args, "--"])).split("\n").filter(Boolean));
  const [added, before] = await Promise.all([
    list(from === null ? [to] : [to, `^${from}`]),
    from === null ? new Set<string>() : list([from]),
  ]);
  return { added, before };
}
