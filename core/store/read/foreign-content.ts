/** Content that a version-control tool left in the place of a file's own. */
import { OpenFile } from "../../fs/index.js";
import { type OnDamage, report } from "./damages.js";
import type { Located } from "./located.js";

const LFS = "version https://git-lfs.github.com/spec/";
/** A pointer is some 130 bytes; the specification allows less than 1024. */
const MAX_POINTER = 1_023;
/** Conflict marks are looked for in the beginning only: a file that was merged shows them early enough. */
const LOOKED_AT = 65_536;

/** `lfs_pointer` or `merge_conflict`; null for everything else, absent and unreadable files included. */
export function foreignContent(path: string): "lfs_pointer" | "merge_conflict" | null {
  const file = OpenFile.openIfExists(path);
  if (file === null) return null;
  try {
    for (const block of file.blocks(0, Math.min(file.size, LOOKED_AT))) return foreignBytes(block, file.size);
    return null;
  } finally {
    file.close();
  }
}

/** As {@link foreignContent}, given the beginning of a file and its size. */
export function foreignBytes(beginning: Uint8Array, size: number): "lfs_pointer" | "merge_conflict" | null {
  if (isLfsPointer(beginning, size)) return "lfs_pointer";
  return hasConflictMarks(beginning) ? "merge_conflict" : null;
}

/** Reports bytes that are no value of their file; returns whether they were. */
export function reportForeign(owner: Located, name: string, bytes: Uint8Array, onDamage: OnDamage): boolean {
  const foreign = foreignBytes(bytes, bytes.length);
  if (foreign !== null) report(onDamage, owner, foreign, { name });
  return foreign !== null;
}

export function isLfsPointer(beginning: Uint8Array, size: number): boolean {
  if (size > MAX_POINTER || size < LFS.length) return false;
  return Buffer.from(beginning.subarray(0, LFS.length)).toString("latin1") === LFS;
}

/** A line that opens and one that ends a conflict, as Git and Mercurial write them. */
export function hasConflictMarks(bytes: Uint8Array): boolean {
  if (bytes.indexOf(0x3c) < 0) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return /^<{7} /m.test(text) && /^(?:={7}|>{7} .*)\r?$/m.test(text);
}
