/** The commits of a history as `git log` walks them, with the graph it draws. */
import { StringDecoder } from "node:string_decoder";
import { RunstoneError } from "../../../store-format/index.js";
import type { Repository } from "../repository.js";
import { COMMIT_FORMAT, type HistoryCommit, parseCommitLine } from "./commit-line.js";

export interface HistoryOptions {
  /** As `git rev-list` takes them: `main`, `v1..main`, `^v1`. Default: HEAD. */
  readonly revisions?: readonly string[];
  /** Every branch, tag and HEAD instead. */
  readonly all?: boolean;
  /** Only commits that changed these; as Git's pathspecs, literal. */
  readonly paths?: readonly string[];
}

/** A line of the graph. */
export interface HistoryLine {
  readonly graph: string;
  /** Shown in this line; null: lines go over, join or part here. */
  readonly commit: HistoryCommit | null;
  /** The graph beside what is put under a commit: in the first line, where lines may part, and in all others. Of no commit: empty. */
  readonly below: readonly string[];
}

const LINES_BELOW = 2;

/** Marks where the graph ends; a subject may hold it, so the first one of a line counts. */
const MARK = "\x01";
/**
 * The lines of `git log --graph`, the newest first, as Git finds them: whoever stops reading ends it. Throws
 * INVALID_PARAMETER_VALUE for revisions that could be options, GIT_FAILED for those that name nothing.
 */
export async function* walkHistory(
  repository: Repository,
  options: HistoryOptions = {},
): AsyncGenerator<HistoryLine> {
  let open: { readonly graph: string; readonly commit: HistoryCommit; readonly below: string[] } | null =
    null;
  for await (const line of linesOf(repository, argumentsOf(options))) {
    const at = line.indexOf(MARK);
    const graph = at === -1 ? line : line.slice(0, at);
    if (open !== null) {
      open.below.push(graph);
      if (open.below.length < LINES_BELOW) continue;
      yield open;
      open = null;
    } else if (at === -1) yield { graph, commit: null, below: [] };
    else open = { graph, commit: parseCommitLine(line.slice(at + 1)), below: [] };
  }
}

/** The commits alone. */
export async function* walkCommits(
  repository: Repository,
  options: HistoryOptions = {},
): AsyncGenerator<HistoryCommit> {
  for await (const { commit } of walkHistory(repository, options)) if (commit !== null) yield commit;
}

function argumentsOf({ revisions = ["HEAD"], all = false, paths = [] }: HistoryOptions): readonly string[] {
  const bad = revisions.find((revision) => revision.startsWith("-") || revision === "");
  if (bad !== undefined)
    throw new RunstoneError("INVALID_PARAMETER_VALUE", `${JSON.stringify(bad)} is no revision`, {
      data: { revision: bad },
    });
  return [
    "--literal-pathspecs",
    ...["log", "--graph", "--no-color", "--no-show-signature", "--no-ext-diff", "--encoding=UTF-8"],
    ...["--decorate=short", "--decorate-refs-exclude=refs/runstone/"],
    `--format=${MARK}${COMMIT_FORMAT}${`%n${MARK}`.repeat(LINES_BELOW)}`,
    // Of all branches; the refs of snapshots are none.
    ...(all ? ["--branches", "--tags", "--remotes", "HEAD"] : ["--end-of-options", ...revisions]),
    "--",
    ...paths,
  ];
}

async function* linesOf(repository: Repository, args: readonly string[]): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const piece of repository.stream(args)) {
    const lines = (rest + decoder.write(piece)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
