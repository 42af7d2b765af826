/** A commit in one line of `git log`. */

export interface HistoryCommit {
  readonly commit: string;
  /** Where paths are asked for: the nearest ancestors that are shown. */
  readonly parents: readonly string[];
  readonly author: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Short names of the branches and tags here; `HEAD -> main` for the one that is checked out. Snapshots are left out. */
  readonly refs: readonly string[];
  readonly subject: string;
}

/** Git draws no graph behind a NUL. What could hold the separator comes last. */
const SEPARATOR = "\x02";

/** For `--format`, with `--encoding=UTF-8` and `--decorate=short`. */
export const COMMIT_FORMAT = ["%H", "%P", "%at", "%D", "%an", "%s"].join(SEPARATOR);

export function parseCommitLine(line: string): HistoryCommit {
  const [commit = "", parents = "", time = "0", refs = "", author = "", ...subject] = line.split(SEPARATOR);
  return {
    commit,
    parents: parents === "" ? [] : parents.split(" "),
    author,
    time: Number(time) * 1000,
    refs: refs === "" ? [] : refs.split(", "),
    subject: subject.join(" "),
  };
}
