/** Bringing a file back from an object, and taking one out of the way without losing it. */

import { basename, join } from "node:path";
import { guarded } from "./failures.js";
import * as ops from "./operations.js";
import { copyHashed } from "./put-object.js";
import { randomHex } from "./random.js";
import { makeDirectories, withParent } from "./replace-file.js";
import { temporaryName } from "./temporary.js";
import { removeQuietly } from "./write-whole.js";

/** Moves a file into a directory (made when missing) under a name of its own; returns that name. */
export function moveAside(path: string, directory: string): string {
  const name = `${basename(path)}-${randomHex(6)}`;
  guarded("move", path, () => {
    makeDirectories(directory);
    ops.rename(path, join(directory, name));
    ops.fsyncDirectory(directory);
  });
  return name;
}

/**
 * Copies an object (already checked) to a writable file, whatever was there. The temporary lies in `temporaryIn`, on the
 * target's file system.
 */
export function copyObject(object: string, target: string, temporaryIn: string): void {
  const temporary = join(temporaryIn, temporaryName());
  try {
    copyHashed(object, temporary);
    guarded("write", target, () => {
      ops.chmod(temporary, Number(ops.stat(temporaryIn).mode) & 0o666);
      withParent(target, () => ops.rename(temporary, target));
    });
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}
