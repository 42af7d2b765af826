import { dirname } from "node:path";
import type { SimpleGitOptions } from "simple-git";
import { type Env, findProgram } from "./find-program.js";
import { withoutFilters } from "./git-filters.js";
import { reasonOf } from "./missing.js";
import { type ProgramOutput, ProgramTimeout, runProgram } from "./run-program.js";

/** A Git command that did not answer: the reason, in words for people, and whether time ran out. */
export class GitFailure extends Error {
  readonly timedOut: boolean;

  constructor(reason: string, timedOut = false) {
    super(reason);
    this.timedOut = timedOut;
  }
}

export interface GitCommandOptions {
  /** The work tree's root; Git looks for its directory here and nowhere above. */
  readonly root: string;
  readonly env: Env;
  readonly timeoutMs: number;
}

/** Runs one Git command and gives what it printed. Rejects with {@link GitFailure} only. */
export type GitCommand = (args: readonly string[], encoding?: "utf8" | "latin1") => Promise<string>;

/**
 * What goes before every command: the user's index is not touched, nothing that a repository's configuration names is
 * started, nothing is fetched.
 */
export const SAFE_ARGUMENTS: readonly string[] = [
  "--no-optional-locks",
  "--no-pager",
  ...[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "protocol.allow=never",
    "protocol.ext.allow=never",
  ].flatMap((setting) => ["-c", setting]),
];

/** simple-git blocks these settings because they may name programs; ours are constants that switch programs off. */
const UNSAFE: NonNullable<SimpleGitOptions["unsafe"]> = {
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCustomBinary: true,
};

const KEPT = [
  ...[
    "PATH",
    "Path",
    "PATHEXT",
    "HOME",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "XDG_CONFIG_HOME",
    "APPDATA",
  ],
  ...["SystemRoot", "PROGRAMDATA", "TMPDIR", "TEMP", "TMP"],
  ...["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"],
];

/**
 * The environment of our Git: the few variables it needs, and those that make it quiet. The system configuration stays
 * on although a server would switch it off: it is the administrator's, and without it `safe.directory`, line-ending
 * and large-file settings are gone, so that unchanged files show as changed.
 */
export function gitEnvironment(env: Env, root: string): Record<string, string> {
  const kept = KEPT.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return {
    ...Object.fromEntries(kept),
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_LAZY_FETCH: "1",
    GIT_CEILING_DIRECTORIES: dirname(root),
  };
}

/**
 * Git for what every capture asks: a child of our own, which starts when the command is given. To load simple-git takes
 * 10 ms, and each command by it 5 ms more, while the run waits to start. Throws {@link GitFailure} when there is no Git.
 */
export function startGit(options: GitCommandOptions, filters: readonly string[] = []): GitCommand {
  const file = findProgram("git", options.env);
  if (file === null) throw new GitFailure("no git program on PATH");
  const { root, timeoutMs } = options;
  const place = { file, cwd: root, env: gitEnvironment(options.env, root), timeoutMs };
  return async (args, encoding = "utf8") => {
    const output = runProgram({
      ...place,
      args: [...SAFE_ARGUMENTS, ...filters, ...args],
      maxBytes: Number.POSITIVE_INFINITY,
    });
    return textOf(await output.catch(fail), encoding);
  };
}

/** As simple-git judges: a command failed that ended with another code than 0 and said why. */
function textOf({ stdout, stderr, exitCode }: ProgramOutput, encoding: "utf8" | "latin1"): string {
  if (exitCode === null) throw new GitFailure("git was ended by a signal");
  if (exitCode !== 0 && stderr !== "") throw new GitFailure(explain(stderr));
  return stdout.toString(encoding);
}

function fail(error: unknown): never {
  throw error instanceof ProgramTimeout
    ? new GitFailure(`git gave ${error.message}`, true)
    : new GitFailure(explain(error));
}

/** Prepares simple-git for one work tree, for what only some repositories make us ask. Rejects with {@link GitFailure} when there is no Git to run. */
export async function openGit(options: GitCommandOptions): Promise<GitCommand> {
  const binary = findProgram("git", options.env);
  if (binary === null) throw new GitFailure("no git program on PATH");
  const { simpleGit } = await import("simple-git");
  const environment = gitEnvironment(options.env, options.root);
  const run = async (args: readonly string[]): Promise<string> => {
    const abort = new AbortController();
    const git = simpleGit({
      baseDir: options.root,
      binary,
      unsafe: UNSAFE,
      abort: abort.signal,
      allowEnvironment: Object.keys(environment),
    }).env(environment);
    const answer = git.raw([...SAFE_ARGUMENTS, ...args]);
    return withTimeout(answer, { timeoutMs: options.timeoutMs, stop: () => abort.abort() });
  };
  const filters = await withoutFilters(options.root, run);
  return (args) => run([...filters, ...args]);
}

/** Our own clock, because a Git that hangs on a dead disk does not end when it is told to. */
async function withTimeout(
  answer: Promise<string>,
  { timeoutMs, stop }: { readonly timeoutMs: number; readonly stop: () => void },
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new GitFailure(`git gave no answer within ${timeoutMs} ms`, true));
      stop();
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw error instanceof GitFailure ? error : new GitFailure(explain(error));
  } finally {
    clearTimeout(timer);
  }
}

function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("dubious ownership")) return "git refuses a repository of another owner (safe.directory)";
  if (text.includes("ENOENT")) return "the git program could not be started";
  return reasonOf(error).replace(/^fatal: /, "git: ");
}
