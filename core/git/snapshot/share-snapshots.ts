/** Snapshots between clones: their refs go to a Git remote and come from it when asked for, and never replace one another. */
import { RunstoneError } from "../../../store-format/index.js";
import type { Repository } from "../repository.js";
import { ATTEMPT_REFS, runOfSnapshotRef, SNAPSHOT_REFS } from "../snapshot-refs.js";

export interface SharedRef {
  readonly ref: string;
  readonly runId: string;
  readonly commit: string;
}

export interface RefDifference {
  /** On one side only: to be sent, or to be brought. */
  readonly fresh: readonly SharedRef[];
  /** Both sides have another commit; `commit` is the source's. */
  readonly conflicts: readonly SharedRef[];
  /** The same on both sides. */
  readonly same: number;
}

/** Refs of one command line. */
const BATCH = 200;

/** Every ref of snapshots, those of earlier attempts too. */
export async function listSharedRefs(repository: Repository): Promise<readonly SharedRef[]> {
  const format = "--format=%(objectname) %(refname)";
  return parseRefs(await repository.text(["for-each-ref", format, SNAPSHOT_REFS, ATTEMPT_REFS]));
}

/** Those of a Git remote. Rejects GIT_FAILED when it does not answer. */
export async function listRemoteRefs(repository: Repository, remote: string): Promise<readonly SharedRef[]> {
  refuseOption(remote);
  const patterns = [`${SNAPSHOT_REFS}*`, `${ATTEMPT_REFS}*`];
  return parseRefs(await repository.text(["ls-remote", "--quiet", remote, ...patterns]));
}

function parseRefs(text: string): readonly SharedRef[] {
  return text.split("\n").flatMap((line) => {
    const [, commit = "", ref = ""] = /^([0-9a-f]{40,64})[ \t](\S+)$/.exec(line) ?? [];
    const runId = runOf(ref);
    return runId === null ? [] : [{ ref, runId, commit }];
  });
}

function runOf(ref: string): string | null {
  if (!ref.startsWith(ATTEMPT_REFS)) return runOfSnapshotRef(ref);
  return runOfSnapshotRef(SNAPSHOT_REFS + (ref.slice(ATTEMPT_REFS.length).split("/")[0] ?? ""));
}

/** What `source` has and `target` does not. */
export function compareRefs(source: readonly SharedRef[], target: readonly SharedRef[]): RefDifference {
  const there = new Map(target.map(({ ref, commit }) => [ref, commit]));
  const fresh = source.filter(({ ref }) => !there.has(ref));
  const conflicts = source.filter(({ ref, commit }) => (there.get(ref) ?? commit) !== commit);
  return { fresh, conflicts, same: source.length - fresh.length - conflicts.length };
}

/** With the user's Git: their hooks, their credentials. Only where the remote has none: a lease on "absent". */
export async function pushRefs(
  repository: Repository,
  remote: string,
  refs: readonly SharedRef[],
): Promise<void> {
  refuseOption(remote);
  for (const some of batches(refs)) {
    const leases = some.map(({ ref }) => `--force-with-lease=${ref}:`);
    const specs = some.map(({ ref, commit }) => `${commit}:${ref}`);
    await repository.git(["push", "--quiet", "--no-follow-tags", ...leases, remote, ...specs]);
  }
}

export async function fetchRefs(
  repository: Repository,
  remote: string,
  refs: readonly SharedRef[],
): Promise<void> {
  refuseOption(remote);
  const options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--refmap="];
  for (const some of batches(refs))
    await repository.git(["fetch", ...options, remote, ...some.map(({ ref }) => `${ref}:${ref}`)]);
}

/** Removes refs that still have these commits; their objects go with a later `git gc`. */
export async function removeRefs(repository: Repository, refs: readonly SharedRef[]): Promise<void> {
  const lines = refs.map(({ ref, commit }) => `delete ${ref} ${commit}\n`);
  if (lines.length > 0) await repository.git(["update-ref", "--stdin"], { input: lines.join("") });
}

function* batches(refs: readonly SharedRef[]): Generator<readonly SharedRef[]> {
  for (let from = 0; from < refs.length; from += BATCH) yield refs.slice(from, from + BATCH);
}

function refuseOption(remote: string): void {
  if (remote !== "" && !remote.startsWith("-") && !/[\0\n]/.test(remote)) return;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `${JSON.stringify(remote)} is no name of a Git remote`, {
    hint: "git remote -v lists them.",
    data: { remote },
  });
}

/** The remotes of the repository by name. */
export async function listRemotes(repository: Repository): Promise<readonly string[]> {
  const text = await repository.text(["remote"]);
  return text === "" ? [] : text.split("\n");
}

/** Where `git push` would go: the upstream's remote, `origin`, or the only one. */
export async function defaultGitRemote(repository: Repository): Promise<string> {
  const remotes = await listRemotes(repository);
  const args = ["for-each-ref", "--format=%(if)%(HEAD)%(then)%(upstream:remotename)%(end)", "refs/heads"];
  const upstream = (await repository.text(args)).split("\n").find((line) => line.trim() !== "");
  const chosen =
    upstream?.trim() ??
    (remotes.includes("origin") ? "origin" : remotes.length === 1 ? remotes[0] : undefined);
  if (chosen !== undefined) return chosen;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    remotes.length === 0 ? "this repository has no Git remote" : "there are several Git remotes: name one",
    { hint: remotes.length === 0 ? "Add one: git remote add origin URL" : `One of: ${remotes.join(", ")}` },
  );
}

/** The roots of all work trees of the repository, and of the workspaces that are committed in them. */
export async function listWorkspaceRoots(repository: Repository): Promise<readonly string[]> {
  const [trees, configs] = await Promise.all([
    repository.text(["worktree", "list", "--porcelain"]),
    repository.text(["ls-files", "-z", "--", ":(top,glob)**/.runstone/config.yaml"]),
  ]);
  const roots = trees.split("\n").flatMap((line) => (line.startsWith("worktree ") ? [line.slice(9)] : []));
  const nested = configs.split("\0").flatMap((path) => {
    const at = path.lastIndexOf("/.runstone/config.yaml");
    return at === -1 ? [] : [`${repository.root}/${path.slice(0, at)}`];
  });
  return [...roots, ...nested];
}
