/** Moving a file that must keep its bytes, not its durability: objects on their way into the trash and back. */
import { unless } from "./failures.js";
import * as ops from "./operations.js";
import { withParent } from "./replace-file.js";

/** Renames a file, making the parent of its new name; replaces what is there. False when `from` is not there. */
export function moveFile(from: string, to: string): boolean {
  const moved = unless(["ENOENT", "ENOTDIR"], "move", from, () => {
    withParent(to, () => ops.rename(from, to));
    return true;
  });
  return moved === true;
}
