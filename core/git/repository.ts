/**
 * A Git work tree and the commands we give in it. Two manners: `quiet` for what the user did not ask Git to do (looking,
 * snapshots): nothing that a repository names is started, nothing is fetched, no lock is taken on the user's index. `user`
 * for what they did ask for (commit, push, checkout): with their environment, hooks, filters and credentials.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { type Env, findProgram } from "../capture/find-program.js";
import { gitEnvironment, SAFE_ARGUMENTS } from "../capture/git-command.js";
import { findGitDirectory, type GitDirectory } from "../capture/git-directory.js";
import { mayNameFilters, withoutFilters } from "../capture/git-filters.js";
import { redactText } from "../capture/redact.js";
import { type GitEnd, type GitProcess, streamGit } from "./git-process.js";

export type GitManner = "quiet" | "user";

export interface RepositoryOptions {
  /** Any directory of the work tree. */
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Env;
  /** Default `quiet`. */
  readonly manner?: GitManner;
}

export interface GitRunOptions {
  readonly input?: string | Uint8Array;
  /** Added to the environment: `GIT_INDEX_FILE`, `GIT_OBJECT_DIRECTORY`, ... */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers, as the 1 of `git diff --quiet`. Default: 0 alone. */
  readonly answers?: readonly number[];
  readonly signal?: AbortSignal;
}

export interface GitAnswer {
  readonly stdout: Buffer;
  readonly exitCode: number;
  readonly stderr: string;
}

/** Every method rejects with GIT_FAILED when Git fails; its words are in the message, without secrets. */
export interface Repository extends GitDirectory {
  /** The directory that all work trees share: objects, refs, `info/attributes`, hooks. */
  readonly commonDir: string;
  git(args: readonly string[], options?: GitRunOptions): Promise<GitAnswer>;
  /** What Git printed, as UTF-8 without the last line feed. */
  text(args: readonly string[], options?: GitRunOptions): Promise<string>;
  /** What Git prints, in pieces. */
  stream(args: readonly string[], options?: GitRunOptions): AsyncGenerator<Buffer, GitAnswer>;
  /** A child to speak with, as `cat-file --batch`: the caller ends it. */
  start(args: readonly string[], options?: Pick<GitRunOptions, "env">): ChildProcessWithoutNullStreams;
}

/** Throws NO_REPOSITORY outside a work tree, UNSUPPORTED without a Git program. */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const { cwd, env, manner = "quiet" } = options;
  const directory = findGitDirectory(realpathSync(cwd));
  if (directory === null)
    throw new RunstoneError("NO_REPOSITORY", `${cwd} is in no Git work tree`, {
      hint: "Go into one, or make one with git init.",
      data: { path: cwd },
    });
  const file = findProgram("git", env);
  if (file === null)
    throw new RunstoneError("UNSUPPORTED", "there is no git program on PATH", {
      hint: "Install Git, or add its directory to PATH.",
    });
  const place = { file, cwd: directory.root, env: environmentOf(env, directory, manner) };
  const plain = repositoryOf(directory, place, manner === "quiet" ? SAFE_ARGUMENTS : ["--no-pager"]);
  if (manner === "user" || !mayNameFilters(directory)) return plain;
  const filters = await withoutFilters(directory.root, async (args) =>
    (await plain.git(args, { answers: [0, 1] })).stdout.toString("utf8"),
  );
  return repositoryOf(directory, place, [...SAFE_ARGUMENTS, ...filters]);
}

function environmentOf(env: Env, directory: GitDirectory, manner: GitManner): Record<string, string> {
  if (manner === "quiet") return gitEnvironment(env, directory.root);
  const kept = Object.entries(env).filter(([, value]) => value !== undefined) as [string, string][];
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}

type Place = Pick<GitProcess, "file" | "cwd" | "env">;

function repositoryOf(directory: GitDirectory, place: Place, before: readonly string[]): Repository {
  async function* stream(
    args: readonly string[],
    options: GitRunOptions = {},
  ): AsyncGenerator<Buffer, GitAnswer> {
    const { input, env = {}, answers = [0], signal } = options;
    const end = yield* streamGit({
      ...{ ...place, args: [...before, ...args], env: { ...place.env, ...env } },
      ...{ input, signal },
    });
    return answerOf(end, args, answers);
  }
  const git = async (args: readonly string[], options?: GitRunOptions): Promise<GitAnswer> => {
    const chunks: Buffer[] = [];
    const pieces = stream(args, options);
    for (let next = await pieces.next(); ; next = await pieces.next()) {
      if (next.done === true) return { ...next.value, stdout: Buffer.concat(chunks) };
      chunks.push(next.value);
    }
  };
  const text = async (args: readonly string[], options?: GitRunOptions): Promise<string> =>
    (await git(args, options)).stdout.toString("utf8").replace(/\n$/, "");
  const start: Repository["start"] = (args, { env = {} } = {}) =>
    spawn(place.file, [...before, ...args], {
      ...{ cwd: place.cwd, env: { ...place.env, ...env }, shell: false, windowsHide: true, stdio: "pipe" },
    });
  return { ...directory, commonDir: commonDirectoryOf(directory), git, text, stream, start };
}

/** gitrepository-layout(5), `commondir`. */
function commonDirectoryOf({ gitDir }: GitDirectory): string {
  const path = join(gitDir, "commondir");
  return existsSync(path) ? resolve(gitDir, readFileSync(path, "utf8").trim()) : gitDir;
}

function answerOf(
  { exitCode, stderr }: GitEnd,
  args: readonly string[],
  answers: readonly number[],
): GitAnswer {
  if (exitCode !== null && answers.includes(exitCode)) return { stdout: Buffer.alloc(0), exitCode, stderr };
  const name = args.find((arg) => /^[a-z][a-z-]*$/.test(arg)) ?? "";
  const words = redactText(stderr.trim()).text;
  throw new RunstoneError(
    "GIT_FAILED",
    `git ${name} failed: ${lastWords(words) || `exit code ${exitCode}`}`,
    {
      hint: hintOf(words),
      data: { command: name, exitCode, stderr: words },
    },
  );
}

/** Git's own line that says what failed; hints and progress stand around it. */
function lastWords(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("hint:"));
  const line = lines.find((one) => /^(?:fatal|error):/.test(one)) ?? lines.at(-1) ?? "";
  return line.replace(/^(?:fatal|error): /, "");
}

function hintOf(stderr: string): string {
  if (stderr.includes("dubious ownership"))
    return "Git refuses a repository of another owner: git config --global --add safe.directory PATH.";
  if (stderr.includes(".lock': File exists"))
    return "Another Git is at work here, or one was killed: look for it, then remove the lock that Git names.";
  return "The same command of Git by itself may tell more.";
}
