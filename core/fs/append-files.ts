/** Appending the whole lines of files to a file, from a fixed length: the step of a fold, safe to repeat. */
import { dirname, join } from "node:path";
import { guarded, unless } from "./failures.js";
import * as ops from "./operations.js";
import { readOwnBlocks, statIfExists } from "./read.js";
import { withParent } from "./replace-file.js";
import { temporaryName } from "./temporary.js";
import { closeQuietly, writeAll } from "./write-whole.js";

const LF = 0x0a;

/** Bytes up to and with the last LF; 0 for an absent file. */
export function wholeLinesLength(path: string): number {
  const size = statIfExists(path)?.size ?? 0;
  const step = 1 << 16;
  for (let end = size; end > 0; end -= step) {
    const start = Math.max(0, end - step);
    for (const block of readOwnBlocks(path, start, end)) {
      const at = block.lastIndexOf(LF);
      if (at >= 0) return start + at + 1;
    }
  }
  return 0;
}

/** Cuts `target` to `length`, appends the whole lines of each source (absent ones are empty) and makes the result durable. */
export function appendFiles(target: string, length: number, sources: readonly string[]): void {
  const parts = sources
    .map((path) => ({ path, length: wholeLinesLength(path) }))
    .filter((part) => part.length > 0);
  if (parts.length === 0 && statIfExists(target) === null) return;
  guarded("append to", target, () => {
    const fd = withParent(target, () => ops.open(target, ops.APPEND_OR_CREATE_NO_FOLLOW));
    try {
      ops.assertPlainFile(fd);
      ops.truncate(fd, length, target);
      for (const part of parts)
        for (const block of readOwnBlocks(part.path, 0, part.length)) writeAll(fd, block, target);
      ops.fsync(fd, target);
    } finally {
      closeQuietly(fd, target);
    }
    ops.fsyncDirectory(dirname(target));
  });
}

/** Renames a directory to a temporary name beside it (the commit point of a fold); returns that name. Absent is fine. */
export function renameAside(path: string): string {
  const aside = join(dirname(path), temporaryName());
  unless(["ENOENT"], "rename", path, () => {
    ops.rename(path, aside);
    ops.fsyncDirectory(dirname(path));
  });
  return aside;
}
