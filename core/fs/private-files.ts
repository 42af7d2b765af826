/** Files of this user alone, outside any store: the cache, and what opens remotes. */
import { dirname, join } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { errnoOf, guarded, unless } from "./failures.js";
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

/**
 * Puts a file of mode 0600 at `path`, whatever was there: the old bytes are seen or the new ones. Durable with `sync`: what
 * is lost from a cache costs only time. Throws typed errors.
 */
export function replacePrivateFile(path: string, bytes: Uint8Array, sync = false): void {
  guarded("write", path, () => {
    const temporary = join(dirname(path), temporaryName());
    createWhole(temporary, bytes, sync, PRIVATE_FILE);
    try {
      ops.rename(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
    if (sync) ops.fsyncDirectory(dirname(path));
  });
}

/**
 * A file that holds secrets, or null when it is not there. Throws PERMISSION_DENIED when it is a link, belongs to somebody
 * else, or others may read it; typed I/O errors.
 */
export function readSecretFile(path: string, maxBytes: number): Uint8Array | null {
  const found = unless(["ENOENT", "ENOTDIR"], "stat", path, () => ops.lstat(path));
  if (found === null) return null;
  const user = process.getuid?.();
  if (!found.isFile()) throw notSecret(path, "is no plain file", "Put the file itself there.");
  if (user !== undefined && found.uid !== BigInt(user))
    throw notSecret(path, "belongs to somebody else", "Remove it, or make it yours.");
  if (user !== undefined && (found.mode & 0o077n) !== 0n)
    throw notSecret(path, "can be read by others", `Change its tokens, then: chmod 600 ${path}`);
  return guarded("read", path, () => ops.readFile(path, maxBytes));
}

function notSecret(path: string, why: string, hint: string): RunstoneError {
  return new RunstoneError("PERMISSION_DENIED", `${path} ${why}: nothing of it is used`, {
    hint,
    data: { path },
  });
}
