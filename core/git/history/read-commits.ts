/** What commits say, by their ids. */
import type { Repository } from "../repository.js";
import { COMMIT_FORMAT, type HistoryCommit, parseCommitLine } from "./commit-line.js";

/** The commits of these ids that the repository has; others are left out. */
export async function readCommits(
  repository: Repository,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, HistoryCommit>> {
  const wanted = [...new Set(ids)].filter((id) => /^[0-9a-f]{40,64}$/.test(id));
  if (wanted.length === 0) return new Map();
  const args = [
    "log",
    "--no-walk=unsorted",
    "--ignore-missing",
    "--stdin",
    "--no-color",
    "--no-show-signature",
  ];
  const format = ["--encoding=UTF-8", "--decorate=short", "--decorate-refs-exclude=refs/runstone/"];
  const text = await repository.text([...args, ...format, `--format=${COMMIT_FORMAT}`], {
    input: `${wanted.join("\n")}\n`,
  });
  const commits = text === "" ? [] : text.split("\n").map(parseCommitLine);
  return new Map(commits.map((commit) => [commit.commit, commit]));
}
