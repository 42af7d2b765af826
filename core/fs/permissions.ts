/** Permissions of files that others start. */
import { guarded } from "./failures.js";
import * as ops from "./operations.js";

/** Who may read it may execute it. Throws typed errors. */
export function makeExecutable(path: string): void {
  guarded("chmod", path, () => {
    const mode = Number(ops.lstat(path).mode) & 0o777;
    ops.chmod(path, mode | ((mode & 0o444) >> 2));
  });
}
