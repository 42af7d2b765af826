import { isUtf8 } from "node:buffer";
import { lstatSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { CREDENTIAL_FILES } from "./credential-files.js";
import { type Env, findProgram } from "./find-program.js";
import { DEFAULT_GIT_TIMEOUT_MS, excludedPaths } from "./git.js";
import { gitEnvironment, SAFE_ARGUMENTS } from "./git-command.js";
import { findGitDirectory } from "./git-directory.js";
import { withoutFilters } from "./git-filters.js";
import { type Missing, reasonOf } from "./missing.js";
import { redactText } from "./redact.js";
import { type ProgramOutput, runProgram } from "./run-program.js";

export interface GitPatchOptions {
  readonly cwd: string;
  readonly env: Env;
  readonly storePath?: string;
  /** Of the patch's text; default 1 MiB. */
  readonly maxBytes?: number;
  /** For each Git command; default 5,000 ms. */
  readonly timeoutMs?: number;
}

export interface UntrackedFile {
  /** From the root of the work tree, `/` between components. */
  readonly path: string;
  /** Bytes; null when it could not be read. */
  readonly size: number | null;
}

/** The changes that are in no commit. */
export interface GitPatch {
  /** What `git apply` takes, unless truncated or redacted; `""` when nothing is changed. */
  readonly patch: string;
  /** How `patch` becomes bytes again: files in other encodings than UTF-8 are kept byte by byte as latin1. */
  readonly encoding: "utf8" | "latin1";
  readonly truncated: boolean;
  readonly redactions: readonly { readonly rule: string; readonly count: number }[];
  /** Untracked files that are not ignored, at most {@link MAX_UNTRACKED}. */
  readonly untracked: readonly UntrackedFile[];
  readonly untrackedTruncated: boolean;
  /** Changed files that hold credentials by their name; their changes are left out. */
  readonly withheld: readonly string[];
  readonly missing: readonly Missing[];
}

export const MAX_UNTRACKED = 1000;
const DEFAULT_MAX_BYTES = 1024 * 1024;
const MAX_LIST_BYTES = 1024 * 1024;

const DIFF = [
  ...["diff", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"],
  ...["--submodule=short", "--src-prefix=a/", "--dst-prefix=b/"],
];

const NOTHING: GitPatch = {
  patch: "",
  encoding: "utf8",
  truncated: false,
  redactions: [],
  untracked: [],
  untrackedTruncated: false,
  withheld: [],
  missing: [],
};

/** Captures uncommitted changes as a patch. Never rejects: what could not be read is named in `missing`. */
export async function captureGitPatch(options: GitPatchOptions): Promise<GitPatch> {
  try {
    const directory = findGitDirectory(realpathSync(options.cwd));
    if (directory === null) return without("not in a Git work tree");
    return await readPatch(patchCommand(directory.root, options), directory.root, options);
  } catch (error) {
    return without(reasonOf(error));
  }
}

function without(reason: string): GitPatch {
  return { ...NOTHING, missing: [{ part: "git.patch", reason }] };
}

type PatchCommand = (args: readonly string[], maxBytes: number) => Promise<ProgramOutput>;

/**
 * Git as a child of our own instead of simple-git, which gathers the whole output in memory and reads it as UTF-8: a
 * changed file of 5 GB would end the process, and other encodings would not survive.
 */
function patchCommand(root: string, options: GitPatchOptions): PatchCommand {
  const file = findProgram("git", options.env);
  if (file === null) throw new Error("no git program on PATH");
  const env = gitEnvironment(options.env, root);
  const timeoutMs = options.timeoutMs ?? DEFAULT_GIT_TIMEOUT_MS;
  return async (args, maxBytes) => {
    const output = await runProgram({
      file,
      args: [...SAFE_ARGUMENTS, ...args],
      cwd: root,
      env,
      timeoutMs,
      maxBytes,
    });
    if (!output.truncated && output.exitCode !== 0) throw new Error(reasonOf(output.stderr || "git failed"));
    return output;
  };
}

async function readPatch(ask: PatchCommand, root: string, options: GitPatchOptions): Promise<GitPatch> {
  const filters = await withoutFilters(root, async (args) =>
    (await ask(args, MAX_LIST_BYTES)).stdout.toString("utf8"),
  );
  const git: PatchCommand = (args, maxBytes) => ask([...filters, ...args], maxBytes);
  const base = await diffBase(git);
  const paths = excludedPaths(root, options.storePath);
  const credentials = CREDENTIAL_FILES.map((name) => `:(top,exclude,glob,icase)**/${name}`);
  const withheldPaths = CREDENTIAL_FILES.map((name) => `:(top,glob,icase)**/${name}`);
  const list = ["diff", "--name-only", "-z", "--no-ext-diff", "--no-renames"];
  const [patch, untracked, withheld] = await Promise.all([
    git([...DIFF, base, "--", ...paths, ...credentials], options.maxBytes ?? DEFAULT_MAX_BYTES),
    git(["ls-files", "--others", "--exclude-standard", "-z", "--", ...paths], MAX_LIST_BYTES),
    git([...list, base, "--", ...withheldPaths, ...paths.slice(1)], MAX_LIST_BYTES),
  ]);
  const names = splitNames(untracked);
  return {
    ...patchText(patch),
    untracked: names.slice(0, MAX_UNTRACKED).map((path) => untrackedFile(root, path)),
    untrackedTruncated: untracked.truncated || names.length > MAX_UNTRACKED,
    withheld: splitNames(withheld).map((path) => redactText(path).text),
    missing: [],
  };
}

/** HEAD, or before the first commit the empty tree, whose name depends on the repository's hash. */
async function diffBase(git: PatchCommand): Promise<string> {
  try {
    await git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], 1024);
    return "HEAD";
  } catch {
    const { stdout } = await git(["hash-object", "-t", "tree", "/dev/null"], 1024);
    return stdout.toString("latin1").trim();
  }
}

type PatchText = Pick<GitPatch, "patch" | "encoding" | "truncated" | "redactions">;

function patchText({ stdout, truncated }: ProgramOutput): PatchText {
  // Cut after a whole line: half a token would match no pattern.
  const bytes = truncated ? stdout.subarray(0, stdout.lastIndexOf(10) + 1) : stdout;
  const encoding = isUtf8(bytes) ? "utf8" : "latin1";
  const { text, counts } = redactText(bytes.toString(encoding));
  const end = truncated ? `# [truncated by runstone: the patch is larger than ${stdout.length} bytes]\n` : "";
  const redactions = Object.entries(counts).map(([rule, count]) => ({ rule, count }));
  return { patch: text + end, encoding, truncated, redactions };
}

function splitNames({ stdout, truncated }: ProgramOutput): readonly string[] {
  const names = stdout.toString("utf8").split("\0");
  return names.slice(0, truncated ? -1 : undefined).filter((name) => name !== "");
}

function untrackedFile(root: string, path: string): UntrackedFile {
  const size = lstatSync(join(root, path), { throwIfNoEntry: false })?.size ?? null;
  return { path: redactText(path).text, size };
}
