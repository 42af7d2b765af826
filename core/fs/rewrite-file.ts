/** A new file takes the name of an old one, durably: to leave out what is history, and as the way out of a failed fsync. */
import { dirname, join } from "node:path";
import { guarded } from "./failures.js";
import * as ops from "./operations.js";
import { readBlocks, statIfExists } from "./read.js";
import { keepMode } from "./replace-file.js";
import { temporaryName } from "./temporary.js";
import { closeQuietly, removeQuietly, writeAll } from "./write-whole.js";

/**
 * What the kernel still shows, after a failed fsync, is written anew. Durable when it returns; an absent file stays
 * absent. `temporaryIn`: on the same file system. Throws typed errors.
 */
export function rewriteFile(path: string, temporaryIn: string): void {
  if (statIfExists(path)?.kind === "file") replaceFileFrom(path, readBlocks(path), temporaryIn);
}

/** As `replaceFile`, for content that need not be in memory at once. The old content stays on failure, also of `blocks`. */
export function replaceFileFrom(path: string, blocks: Iterable<Uint8Array>, temporaryIn: string): void {
  const temporary = join(temporaryIn, temporaryName());
  guarded("write", path, () => {
    try {
      writeDurably(blocks, temporary);
      keepMode(path, temporary);
      ops.rename(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    ops.fsyncDirectory(dirname(path));
  });
}

function writeDurably(blocks: Iterable<Uint8Array>, path: string): void {
  const fd = ops.open(path, "wx");
  try {
    for (const block of blocks) writeAll(fd, block, path);
    ops.fsync(fd, path);
  } finally {
    closeQuietly(fd, path);
  }
}
