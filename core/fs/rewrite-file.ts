/** The way out of a failed fsync: what the kernel still shows is written to a new file, which takes the old one's name. */
import { dirname, join } from "node:path";
import { guarded } from "./failures.js";
import * as ops from "./operations.js";
import { readBlocks, statIfExists } from "./read.js";
import { keepMode } from "./replace-file.js";
import { temporaryName } from "./temporary.js";
import { closeQuietly, removeQuietly, writeAll } from "./write-whole.js";

/** Durable when it returns; an absent file stays absent. `temporaryIn`: on the same file system. Throws typed errors. */
export function rewriteFile(path: string, temporaryIn: string): void {
  if (statIfExists(path)?.kind !== "file") return;
  const temporary = join(temporaryIn, temporaryName());
  guarded("write", path, () => {
    try {
      copyDurably(path, temporary);
      keepMode(path, temporary);
      ops.rename(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    ops.fsyncDirectory(dirname(path));
  });
}

function copyDurably(path: string, copy: string): void {
  const fd = ops.open(copy, "wx");
  try {
    for (const block of readBlocks(path)) writeAll(fd, block, copy);
    ops.fsync(fd, copy);
  } finally {
    closeQuietly(fd, copy);
  }
}
