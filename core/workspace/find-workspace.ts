/** Finding the workspace a directory belongs to: upwards to the next `.runstone/config.yaml`, like Git finds `.git`. */
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { readBytesIfExists, statIfExists } from "../fs/index.js";

/** The directory of Runstone's own files in a workspace. */
export const WORKSPACE_DIRECTORY = ".runstone";
export const CONFIG_FILE = "config.yaml";

/** Absolute path of `.runstone/config.yaml` of a workspace. */
export function configPath(workspace: string): string {
  return join(workspace, WORKSPACE_DIRECTORY, CONFIG_FILE);
}

/**
 * The workspace of `from`, or null. In a linked Git worktree that has none of its own, the main work tree's is used.
 * Reads only.
 */
export function findWorkspace(from: string): string | null {
  const start = resolve(from);
  for (let at = start; ; at = dirname(at)) {
    if (isWorkspace(at)) return at;
    const main = mainWorkTree(at);
    if (main !== null) return findInMain(main, relative(at, start));
    if (dirname(at) === at) return null;
  }
}

/** Whether `directory` is the top of a Git work tree (main, linked or submodule). */
export function isGitTop(directory: string): boolean {
  return statIfExists(join(directory, ".git")) !== null;
}

/** The top of the Git work tree that holds `from`, or null. */
export function findGitTop(from: string): string | null {
  for (let at = resolve(from); ; at = dirname(at)) {
    if (isGitTop(at)) return at;
    if (dirname(at) === at) return null;
  }
}

/** The workspace whose config names `root` as its store, looked for above `root`; null when there is none. */
export function workspaceOf(root: string, storeOf: (workspace: string) => string): string | null {
  const workspace = findWorkspace(dirname(root));
  return workspace !== null && storeOf(workspace) === root ? workspace : null;
}

function isWorkspace(directory: string): boolean {
  return statIfExists(configPath(directory))?.kind === "file";
}

/** In the main work tree the same sub-directory counts first, then those above it. */
function findInMain(main: string, inside: string): string | null {
  for (let at = join(main, inside); at.startsWith(main); at = dirname(at)) {
    if (isWorkspace(at)) return at;
    if (at === main) return findWorkspace(dirname(main));
  }
  return null;
}

/**
 * The main work tree behind a linked one (Git: `.git` is a file `gitdir: <common>/worktrees/<name>`), null for anything
 * else. See gitrepository-layout(5), `commondir`.
 */
function mainWorkTree(directory: string): string | null {
  const pointer = statIfExists(join(directory, ".git"));
  if (pointer?.kind !== "file") return null;
  const text = textOf(join(directory, ".git"));
  const gitdir = /^gitdir: (.+)$/m.exec(text)?.[1];
  if (gitdir === undefined) return null;
  const own = isAbsolute(gitdir) ? gitdir : resolve(directory, gitdir);
  const common = textOf(join(own, "commondir")).trim();
  if (common === "") return null;
  const shared = isAbsolute(common) ? common : resolve(own, common);
  return shared.endsWith(`${"/"}.git`) || shared.endsWith("\\.git") ? dirname(shared) : null;
}

function textOf(path: string): string {
  const bytes = readBytesIfExists(path);
  return bytes === null ? "" : new TextDecoder().decode(bytes);
}
