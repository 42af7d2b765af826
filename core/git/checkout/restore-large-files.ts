/** Pointers of Git LFS in a work tree, replaced by their content where Git LFS has it here. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  createReadStream,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import type { Repository } from "../repository.js";
import { MAX_POINTER_BYTES, parsePointer } from "../snapshot/large-files.js";

export interface LargeFiles {
  /** Paths from the root of the work tree. */
  readonly restored: readonly string[];
  readonly missing: readonly string[];
}

/** Looks only at files whose attributes say `filter=lfs`. Content is taken only when its hash is that of the pointer. */
export async function restoreLargeFiles(repository: Repository, directory: string): Promise<LargeFiles> {
  const restored: string[] = [];
  const missing: string[] = [];
  for (const path of await pathsOfLargeFiles(repository, directory)) {
    const file = join(directory, path);
    const pointer = readPointer(file);
    if (pointer === null) continue;
    const isThere = await putContent(contentPath(repository, pointer.oid), file, pointer.oid);
    (isThere ? restored : missing).push(path);
  }
  return { restored, missing };
}

async function pathsOfLargeFiles(repository: Repository, directory: string): Promise<readonly string[]> {
  const text = await repository.text(["-C", directory, "ls-files", "-z", "--", ":(top,attr:filter=lfs)"]);
  return text.split("\0").filter((path) => path !== "");
}

function readPointer(file: string): { readonly oid: string } | null {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > MAX_POINTER_BYTES) return null;
  return parsePointer(readFileSync(file));
}

/** git-lfs-spec: objects lie by the beginnings of their hashes. */
function contentPath({ commonDir }: Repository, oid: string): string {
  return join(commonDir, "lfs", "objects", oid.slice(0, 2), oid.slice(2, 4), oid);
}

async function putContent(from: string, file: string, oid: string): Promise<boolean> {
  if (lstatSync(from, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const copy = `${file}.runstone-lfs`;
  copyFileSync(from, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  if ((await hashOf(copy)) !== oid) {
    rmSync(copy);
    return false;
  }
  // Git LFS keeps its objects read-only.
  chmodSync(copy, lstatSync(file).mode & 0o777);
  renameSync(copy, file);
  return true;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}
