/** Which files of a store Git would commit, and which it must not. */
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isCredentialFile } from "../../capture/credential-files.js";
import { listPaths } from "../list-paths.js";
import type { Repository } from "../repository.js";
import { readHeadCommit } from "../revision.js";
import { findSuspicions, newSecret } from "../snapshot/secret-scan.js";

/** A path from the root of the work tree, `/` between components. */
export type TreePath = string;

export interface CommittableOptions {
  /** Directories and files to look at. */
  readonly within: readonly TreePath[];
  /** Taken also where an ignore rule names it: a param may be called `build`. */
  readonly isRecord: (path: TreePath) => boolean;
}

/** New, changed and deleted files. */
export async function listCommittable(
  repository: Repository,
  { within, isRecord }: CommittableOptions,
): Promise<readonly TreePath[]> {
  const [changed, others, ignored] = await Promise.all([
    changedFiles(repository, within),
    listPaths(repository, ["ls-files", "-z", "--others", "--exclude-standard", "--", ...within]),
    listPaths(repository, ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", ...within]),
  ]);
  // What was taken out of the index and is ignored stays out; that it is gone is staged already.
  const out = new Set(ignored.filter((path) => !isRecord(path)));
  const kept = changed.filter((path) => !out.has(path));
  return [...new Set([...kept, ...others, ...ignored.filter(isRecord)])].sort();
}

async function changedFiles(
  repository: Repository,
  within: readonly TreePath[],
): Promise<readonly TreePath[]> {
  if ((await readHeadCommit(repository)) === null)
    return listPaths(repository, ["ls-files", "-z", "--cached", "--", ...within]);
  return listPaths(repository, ["diff", "--name-only", "-z", "--no-renames", "HEAD", "--", ...within]);
}

/** Why a file must not be committed. */
export interface Refusal {
  readonly path: TreePath;
  readonly reason: "size" | "secret" | "credential-file";
  readonly size?: number;
  /** Which rule saw the secret. */
  readonly rule?: string;
}

export interface RefusalOptions {
  readonly maxBytes: number;
  /** Points and hashes: too many to look through, and of their own form. */
  readonly isTable: (path: TreePath) => boolean;
}

/** What of these files must not be committed: too large, or with a secret in it. */
export function refusalsOf(
  root: string,
  paths: readonly TreePath[],
  { maxBytes, isTable }: RefusalOptions,
): readonly Refusal[] {
  return paths.flatMap((path): readonly Refusal[] => {
    const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) return [];
    if (isTable(path)) return [];
    if (stat.size > maxBytes) return [{ path, reason: "size", size: stat.size }];
    if (isCredentialFile(path)) return [{ path, reason: "credential-file" }];
    const rule = newSecret(findSuspicions(readFileSync(join(root, path)), path), null);
    return rule === null ? [] : [{ path, reason: "secret", rule }];
  });
}
