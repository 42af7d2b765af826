/** Moving a file that must keep its bytes, not its durability: objects on their way into the trash and back. */
import { errnoOf, guardedCopy, unless } from "./failures.js";
import * as ops from "./operations.js";
import { copyHashed } from "./put-object.js";
import { withParent } from "./replace-file.js";

/** Renames a file, making the parent of its new name; replaces what is there. False when `from` is not there. */
export function moveFile(from: string, to: string): boolean {
  const moved = unless(["ENOENT", "ENOTDIR"], "move", from, () => {
    withParent(to, () => ops.rename(from, to));
    return true;
  });
  return moved === true;
}

const NO_LINKS = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Gives a finished file its place, which must be free, and where the file system can, leaves it where it was, too: what is
 * still to be published may be lost with a crash. Copied to another file system. Throws typed errors.
 */
export function linkOrMove(from: string, to: string): void {
  guardedCopy(from, to, () => {
    try {
      ops.link(from, to);
    } catch (error) {
      const errno = errnoOf(error) ?? "";
      if (errno === "EXDEV") copyHashed(from, to);
      else if (NO_LINKS.includes(errno)) ops.rename(from, to);
      else throw error;
    }
  });
}
