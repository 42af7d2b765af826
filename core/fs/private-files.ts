/** Files of the user's cache: nobody else's to read, and losing them costs only time, so that nothing is made durable. */
import { dirname, join } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { errnoOf, guarded } from "./failures.js";
import * as ops from "./operations.js";
import { temporaryName } from "./temporary.js";
import { createWhole, removeQuietly } from "./write-whole.js";

const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/** `mkdir -p`, new directories with mode 0700. Throws typed errors; PERMISSION_DENIED for one that others own or may write. */
export function ensurePrivateDirectory(path: string): void {
  guarded("make the directory", path, () => makePrivate(path));
  assertOwnDirectory(path);
}

function makePrivate(path: string): void {
  if (makeOne(path)) return;
  makePrivate(dirname(path));
  if (!makeOne(path)) ops.mkdir(path, PRIVATE_DIRECTORY);
}

/** False when its parent is not there. */
function makeOne(path: string): boolean {
  try {
    ops.mkdir(path, PRIVATE_DIRECTORY);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" && dirname(path) !== path) return false;
    if (errno !== "EEXIST") throw error;
  }
  return true;
}

/** Throws PERMISSION_DENIED when the directory is a link, belongs to somebody else, or others may write to it. */
export function assertOwnDirectory(path: string): void {
  const found = guarded("stat", path, () => ops.lstat(path));
  const user = process.getuid?.();
  const foreign = user !== undefined && found.uid !== BigInt(user);
  const shared = user !== undefined && (found.mode & 0o022n) !== 0n;
  if (found.isDirectory() && !foreign && !shared) return;
  const why = foreign ? "belongs to somebody else" : shared ? "others may write to it" : "is no directory";
  throw new RunstoneError("PERMISSION_DENIED", `${path} ${why}: nothing is kept there`, {
    hint: `Remove it, or make it yours alone: chmod 700 ${path}`,
    data: { path },
  });
}

/** Puts a file of mode 0600 at `path`, whatever was there: the old bytes are seen or the new ones. Throws typed errors. */
export function replacePrivateFile(path: string, bytes: Uint8Array): void {
  guarded("write", path, () => {
    const temporary = join(dirname(path), temporaryName());
    createWhole(temporary, bytes, false, PRIVATE_FILE);
    try {
      ops.rename(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  });
}
