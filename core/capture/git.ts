import { existsSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Env } from "./find-program.js";
import { type GitCommand, GitFailure, openGit, startGit } from "./git-command.js";
import {
  branchOfHead,
  findGitDirectory,
  type GitDirectory,
  type GitOperation,
  gitDirectoryOf,
  operationInProgress,
} from "./git-directory.js";
import { mayNameFilters, withoutFilters } from "./git-filters.js";
import { type GitStatus, isDirectoriesOnly, parseGitStatus, withoutRunstone } from "./git-status.js";
import { type Missing, reasonOf } from "./missing.js";
import { stripUrlCredentials } from "./remote-url.js";

export interface GitCaptureOptions {
  readonly cwd: string;
  readonly env: Env;
  /** The store's root: its files never make a work tree dirty. */
  readonly storePath?: string;
  /** For each Git command; default 5,000 ms. */
  readonly timeoutMs?: number;
}

export interface Submodule {
  /** From the root of the work tree, `/` between components. */
  readonly path: string;
  /** The commit checked out; null where it could not be read. */
  readonly commit: string | null;
  /** Another commit than the one recorded, or changes of its own. */
  readonly dirty: boolean;
}

/** The state of the code; null is "not known", and `missing` says why (or it does not exist, as a detached branch). */
export interface GitCapture {
  readonly root: string | null;
  /** 40 hex digits (64 in SHA-256 repositories). */
  readonly commit: string | null;
  /** Null when HEAD is detached. */
  readonly branch: string | null;
  /** URL of the first remote without credentials. */
  readonly remoteUrl: string | null;
  /** Who would be the author of a commit made now. */
  readonly authorName: string | null;
  readonly authorEmail: string | null;
  readonly commitAuthorName: string | null;
  readonly commitAuthorEmail: string | null;
  /** Tracked files changed or untracked files there; the store and `.runstone` do not count. */
  readonly dirty: boolean | null;
  readonly submodules: readonly Submodule[];
  /** True in a work tree made by `git worktree add`. */
  readonly worktree: boolean;
  readonly operation: GitOperation | null;
  readonly missing: readonly Missing[];
}

const NOTHING: GitCapture = {
  root: null,
  commit: null,
  branch: null,
  remoteUrl: null,
  authorName: null,
  authorEmail: null,
  commitAuthorName: null,
  commitAuthorEmail: null,
  dirty: null,
  submodules: [],
  worktree: false,
  operation: null,
  missing: [],
};

export const DEFAULT_GIT_TIMEOUT_MS = 5000;

/** What Git said while the code was captured, for those who go on from there. */
export interface WorkTreeState {
  /** What {@link readStatus} gave, byte by byte as latin1. */
  readonly status: string;
  /** Settings by their names in small letters; the last one of a name. */
  readonly config: ReadonlyMap<string, string>;
  /** Submodules with changes that are in none of their commits, from the root. */
  readonly dirtySubmodules: readonly string[];
}

export interface CodeCapture {
  readonly git: GitCapture;
  /** Null when there was no answer. */
  readonly work: WorkTreeState | null;
}

/** Captures the state of the code. Never rejects: what could not be read is null and named in `missing`. */
export async function captureGit(options: GitCaptureOptions): Promise<GitCapture> {
  return (await captureCode(options)).git;
}

/** As {@link captureGit}, with Git's own words. */
export async function captureCode(options: GitCaptureOptions): Promise<CodeCapture> {
  try {
    const directory = findGitDirectory(realpathSync(options.cwd));
    if (directory === null) return without("not in a Git work tree");
    return await captureDirectory(directory, options);
  } catch (error) {
    return without(reasonOf(error));
  }
}

function without(reason: string): CodeCapture {
  return { git: { ...NOTHING, missing: [{ part: "git", reason }] }, work: null };
}

async function captureDirectory(directory: GitDirectory, options: GitCaptureOptions): Promise<CodeCapture> {
  const base: GitCapture = {
    ...NOTHING,
    root: directory.root,
    branch: branchOfHead(directory),
    worktree: directory.linkedWorktree,
    operation: operationInProgress(directory),
  };
  const { env, timeoutMs = DEFAULT_GIT_TIMEOUT_MS } = options;
  try {
    const place = { root: directory.root, env, timeoutMs };
    // Without filters nothing is waited for: the commands run while the caller goes on.
    const filters = mayNameFilters(directory) ? await withoutFilters(directory.root, startGit(place)) : [];
    return await askGit(startGit(place, filters), base, options);
  } catch (error) {
    return { git: { ...base, missing: [{ part: "git", reason: reasonOf(error) }] }, work: null };
  }
}

/** All commands at once: the status of a large tree takes longer than the others together. */
async function askGit(git: GitCommand, base: GitCapture, options: GitCaptureOptions): Promise<CodeCapture> {
  const root = base.root ?? "";
  const [told, head, config, modules] = await Promise.all([
    settle(readStatus((args) => git(args, "latin1"), root, options.storePath)),
    settle(readHead(git)),
    settle(readConfig(git)),
    settle(existsSync(join(root, ".gitmodules")) ? readSubmodules(root, options) : Promise.resolve([])),
  ]);
  const status = { ...told, value: told.value === null ? null : parseGitStatus(told.value) };
  const noCommit = status.value !== null && status.value.commit === null;
  const dirty = await dirtySubmodules(modules.value ?? [], { root, options });
  const submodules = await currentSubmodules(modules.value ?? [], status.value, { root, options, dirty });
  const missing = [
    ...missingOf("git.dirty", status.reason),
    ...(noCommit ? [{ part: "git.commit", reason: "no commit yet" }] : missingOf("git.commit", head.reason)),
    ...missingOf("git.config", config.reason),
    ...missingOf("git.submodules", modules.reason),
    ...(config.value !== null && !config.value.has("url")
      ? [{ part: "git.remote", reason: "no remote" }]
      : []),
  ];
  const work =
    told.value === null || config.value === null
      ? null
      : { status: told.value, config: config.value, dirtySubmodules: [...dirty] };
  const captured: GitCapture = {
    ...base,
    commit: status.value === null ? (head.value?.commit ?? null) : status.value.commit,
    branch: status.value === null ? base.branch : status.value.branch,
    dirty:
      status.value === null ? null : status.value.changed + status.value.untracked.length + dirty.size > 0,
    commitAuthorName: head.value?.authorName ?? null,
    commitAuthorEmail: head.value?.authorEmail ?? null,
    ...identity(config.value, options.env),
    submodules,
    missing,
  };
  return { git: captured, work };
}

interface Settled<T> {
  readonly value: T | null;
  readonly reason: string | null;
}

async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise, reason: null };
  } catch (error) {
    return { value: null, reason: reasonOf(error) };
  }
}

function missingOf(part: string, reason: string | null): readonly Missing[] {
  return reason === null ? [] : [{ part, reason }];
}

/** Pathspecs for everything but the store and `.runstone`; Git then does not walk them either. */
export function excludedPaths(root: string, storePath: string | undefined): readonly string[] {
  const store = storePath === undefined ? null : pathInside(root, storePath);
  // `:(glob)**/` also takes the workspaces of subdirectories.
  const paths = [":(top)", ":(top,exclude,glob)**/.runstone/**", ":(top,exclude,glob)**/.runstone"];
  return store === null ? paths : [...paths, `:(top,exclude,literal)${store}`];
}

/** The path from `root` with `/`, or null when it is the root itself or lies outside. */
export function pathInside(root: string, path: string): string | null {
  const absolute = resolve(path);
  const inside = relative(root, existsSync(absolute) ? realpathSync(absolute) : absolute);
  if (inside === "" || inside.startsWith("..") || isAbsolute(inside)) return null;
  return inside.split(sep).join("/");
}

/**
 * The `git status` of a capture, but for the store and `.runstone`: porcelain version 2 with NUL between records, as latin1.
 * `ask` runs Git at the root. Pathspecs with a glob cost a third of the command in a large repository, so that Git is asked
 * without them as long as its answer tells enough.
 */
export async function readStatus(
  ask: (args: readonly string[]) => Promise<string>,
  root: string,
  storePath: string | undefined,
): Promise<string> {
  const status = withoutRunstone(await ask(statusArguments(storeExcluded(root, storePath))));
  // Of an untracked directory Git tells the name only: it may hold nothing but a workspace's `.runstone`.
  return isDirectoriesOnly(status) ? ask(statusArguments(excludedPaths(root, storePath))) : status;
}

function storeExcluded(root: string, storePath: string | undefined): readonly string[] {
  const store = storePath === undefined ? null : pathInside(root, storePath);
  return store === null ? [] : [":(top)", `:(top,exclude,literal)${store}`];
}

function statusArguments(paths: readonly string[]): readonly string[] {
  const format = [
    "--porcelain=v2",
    "--branch",
    "-z",
    "--untracked-files=normal",
    "--no-renames",
    "--no-ahead-behind",
    // Git would start a `git status` in each of them, and with it the filters that their configuration names.
    "--ignore-submodules=dirty",
  ];
  return ["status", ...format, "--", ...paths];
}

interface Head {
  readonly commit: string;
  readonly authorName: string;
  readonly authorEmail: string;
}

async function readHead(git: GitCommand): Promise<Head> {
  const format = "--format=%H%x00%an%x00%ae";
  const text = await git([
    "log",
    "-1",
    "--no-show-signature",
    "--no-color",
    format,
    "--end-of-options",
    "HEAD",
    "--",
  ]);
  const [commit = "", authorName = "", authorEmail = ""] = text.trimEnd().split("\0");
  if (!/^[0-9a-f]{40,64}$/.test(commit)) throw new GitFailure("git log gave no commit");
  return { commit, authorName, authorEmail };
}

/** Who commits here, as `url` the first remote's, and what decides how a file becomes an object. */
export const CONFIG_ARGUMENTS: readonly string[] = [
  ...["config", "--null", "--get-regexp"],
  [
    "^((user|author|committer)\\.(name|email)|remote\\..*\\.(url|promisor)|extensions\\..*|filter\\..*\\.(clean|process)",
    "core\\.(autocrlf|filemode|attributesfile|sparsecheckout|worktree))$",
  ].join("|"),
];

async function readConfig(git: GitCommand): Promise<ReadonlyMap<string, string>> {
  // Ends with 1 and no word when nothing matches, which is given as an empty text.
  return parseConfigValues(await git(CONFIG_ARGUMENTS));
}

/** What {@link CONFIG_ARGUMENTS} gave, the last value of each name. */
export function parseConfigValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const entry of text.split("\0")) {
    const [key = "", value = ""] = splitOnce(entry, "\n");
    if (key.startsWith("remote.") && key.endsWith(".url") && !values.has("url")) values.set("url", value);
    if (key !== "") values.set(key, value);
  }
  return values;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** git-commit(1), "Commit information": the environment goes before `author.*`, that before `user.*`, last `EMAIL`. */
export function identity(
  config: ReadonlyMap<string, string> | null,
  env: Env,
): Pick<GitCapture, "authorName" | "authorEmail" | "remoteUrl"> {
  const get = (key: string): string | undefined => config?.get(key) || undefined;
  const url = get("url");
  return {
    authorName: (env.GIT_AUTHOR_NAME || get("author.name")) ?? get("user.name") ?? null,
    authorEmail: (env.GIT_AUTHOR_EMAIL || get("author.email")) ?? get("user.email") ?? (env.EMAIL || null),
    remoteUrl: url === undefined ? null : stripUrlCredentials(url),
  };
}

/** Submodules and the commits the index records for them. */
async function readSubmodules(root: string, options: GitCaptureOptions): Promise<readonly Submodule[]> {
  const { env, timeoutMs = DEFAULT_GIT_TIMEOUT_MS } = options;
  const git = await openGit({ root, env, timeoutMs });
  const text = await git(["ls-files", "--stage", "-z"]);
  return text.split("\0").flatMap((entry) => {
    const match = /^160000 ([0-9a-f]+) \d\t(.+)$/s.exec(entry);
    return match ? [{ path: match[2] ?? "", commit: match[1] ?? null, dirty: false }] : [];
  });
}

/** Where another commit is checked out than the index records, that commit counts. */
async function currentSubmodules(
  recorded: readonly Submodule[],
  status: GitStatus | null,
  { root, options, dirty }: SubmodulePlace & { readonly dirty: ReadonlySet<string> },
): Promise<readonly Submodule[]> {
  const states = new Map(status?.submodules.map((state) => [state.path, state]));
  return Promise.all(
    recorded.map(async (submodule) => {
      const state = states.get(submodule.path);
      if (state === undefined) return { ...submodule, dirty: dirty.has(submodule.path) };
      const commit = state.commitChanged
        ? await checkedOut(join(root, submodule.path), options)
        : submodule.commit;
      return { ...submodule, commit, dirty: dirty.has(submodule.path) || state.commitChanged };
    }),
  );
}

interface SubmodulePlace {
  readonly root: string;
  readonly options: GitCaptureOptions;
}

/** Those with changed or untracked files of their own, each asked by itself and safely. */
async function dirtySubmodules(
  submodules: readonly Submodule[],
  { root, options }: SubmodulePlace,
): Promise<ReadonlySet<string>> {
  const { env, timeoutMs = DEFAULT_GIT_TIMEOUT_MS } = options;
  const asked = submodules.map(async ({ path }) => {
    const directory = gitDirectoryOf(join(root, path));
    if (directory === null) return [];
    const status = openGit({ root: directory.root, env, timeoutMs }).then((git) =>
      git(["status", "--porcelain", "-z", "--ignore-submodules=dirty"]),
    );
    // One that gives no answer is not known to be clean.
    return ((await settle(status)).value ?? "?") === "" ? [] : [path];
  });
  return new Set((await Promise.all(asked)).flat());
}

/** Of the submodules that `.gitmodules` announces; see {@link WorkTreeState}. */
export async function readDirtySubmodules(
  root: string,
  options: GitCaptureOptions,
): Promise<readonly string[]> {
  if (!existsSync(join(root, ".gitmodules"))) return [];
  return [...(await dirtySubmodules(await readSubmodules(root, options), { root, options }))];
}

async function checkedOut(root: string, options: GitCaptureOptions): Promise<string | null> {
  const { env, timeoutMs = DEFAULT_GIT_TIMEOUT_MS } = options;
  const read = openGit({ root, env, timeoutMs }).then(readHead);
  return (await settle(read)).value?.commit ?? null;
}
