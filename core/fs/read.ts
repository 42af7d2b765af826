/** Reading. Absent is told apart from every other failure; nothing here creates or changes anything. */
import type { BigIntStats, Dirent } from "node:fs";
import { MAX_YAML_BYTES } from "../../store-format/index.js";
import { fileError, guarded, unless } from "./failures.js";
import * as ops from "./operations.js";
import { closeQuietly } from "./write-whole.js";

export type { Dirent } from "node:fs";

const ABSENT = ["ENOENT", "ENOTDIR"] as const;

/** Size, times and kind of a file; times and inode in full precision. */
export interface FileStat {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  /** With the inode it names the file on this machine. */
  readonly device: bigint;
  readonly mode: number;
  /** Names of the file; more than one: it shares its bytes. */
  readonly links: number;
}

/**
 * A larger file is not read whole: nothing that is kept in one small file of a store comes near, and a hostile store must
 * not fill the memory. The bound of YAML files (SPEC.md, Limits).
 */
const MAX_WHOLE_BYTES = MAX_YAML_BYTES;

/**
 * A whole plain file; throws a typed error when it is absent, a link (never followed), anything but a plain file, or
 * larger than `maxBytes`.
 */
export function readBytes(path: string, maxBytes = MAX_WHOLE_BYTES): Uint8Array {
  return guarded("read", path, () => ops.readFile(path, maxBytes));
}

/** As {@link readBytes}, but null when nothing of that name exists. */
export function readBytesIfExists(path: string, maxBytes = MAX_WHOLE_BYTES): Uint8Array | null {
  return unless(ABSENT, "read", path, () => ops.readFile(path, maxBytes));
}

/** Entries of a directory in code-unit order of their names, or null when it does not exist. */
export function listDirectory(path: string): Dirent[] | null {
  return listUnless(ABSENT, path);
}

/** As {@link listDirectory}, but a file where the directory should be (or one above it) is an error, not absence. */
export function listTrueDirectory(path: string): Dirent[] | null {
  return listUnless(["ENOENT"], path);
}

function listUnless(absent: readonly string[], path: string): Dirent[] | null {
  const entries = unless(absent, "list", path, () => ops.readdir(path));
  return entries?.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)) ?? null;
}

/** Stat without following a link, or null when nothing is there. */
export function statIfExists(path: string): FileStat | null {
  const found = unless(ABSENT, "stat", path, () => ops.lstatIfExists(path));
  return found === null || found === undefined ? null : toFileStat(found);
}

/** Stat of what a link points at, or null when nothing is there. */
export function followedStatIfExists(path: string): FileStat | null {
  const found = unless(ABSENT, "stat", path, () => ops.stat(path));
  return found === null ? null : toFileStat(found);
}

function toFileStat(found: BigIntStats): FileStat {
  return {
    kind: kindOf(found),
    size: Number(found.size),
    mtimeNs: found.mtimeNs,
    ctimeNs: found.ctimeNs,
    inode: found.ino,
    device: found.dev,
    mode: Number(found.mode),
    links: Number(found.nlink),
  };
}

function kindOf(found: BigIntStats): FileStat["kind"] {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "symlink" : "other";
}

/**
 * Blocks of a file from `start` up to `end` (exclusive), each at most 1 MiB and valid only until the next one. Links are
 * followed: for files of the user's.
 */
export function readBlocks(path: string, start = 0, end = Number.POSITIVE_INFINITY): Blocks {
  return blocksOf(path, { start, end, flags: "r" });
}

/** As {@link readBlocks}, for files of a store: a link fails, and a pipe does not block. */
export function readOwnBlocks(path: string, start = 0, end = Number.POSITIVE_INFINITY): Blocks {
  return blocksOf(path, { start, end, flags: ops.READ_NO_FOLLOW });
}

type Blocks = Generator<Uint8Array, void, undefined>;

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly flags: string | number;
}

function* blocksOf(path: string, { start, end, flags }: Stretch): Blocks {
  const fd = guarded("open", path, () => ops.open(path, flags));
  const block = new Uint8Array(blockSize(ops.fstatSize(fd) - start));
  try {
    let position = start;
    while (position < end) {
      const wanted = Math.min(block.length, end - position);
      const count = ops.read(fd, block.subarray(0, wanted), position, path);
      if (count === 0) return;
      yield block.subarray(0, count);
      position += count;
    }
  } catch (error) {
    throw fileError(error, "read", path);
  } finally {
    closeQuietly(fd, path);
  }
}

/** At most 1 MiB; small files get small blocks, with one byte over, so that their end is seen at once. */
function blockSize(remaining: number): number {
  return Math.min(1 << 20, Math.max(4096, remaining + 1));
}

/** The real path behind every link, or null when nothing is there. */
export function realPathIfExists(path: string): string | null {
  return unless(ABSENT, "resolve", path, () => ops.realpath(path));
}
