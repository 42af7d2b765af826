/**
 * Every system call that touches a store goes through here, and nowhere else. An interceptor sees each call before and
 * after it: crash tests kill the process there, fault tests throw, recorders write down the order.
 *
 * Contract: functions throw the raw errno error of Node; the callers in this folder turn it into a `RunstoneError`
 * with the path. All calls are synchronous: on local disks they are several times faster than their promise forms.
 */
import * as fs from "node:fs";

export type OperationName =
  | "open"
  | "write"
  | "read"
  | "fsync"
  | "truncate"
  | "close"
  | "rename"
  | "link"
  | "unlink"
  | "mkdir"
  | "rmdir"
  | "readdir"
  | "stat"
  | "copy"
  | "chmod"
  | "touch"
  | "fsyncdir";

export interface Operation {
  readonly name: OperationName;
  readonly path: string;
  /** Target of rename, link and copy. */
  readonly to?: string;
  /** What a write is about to write. */
  readonly bytes?: Uint8Array;
  /** How a file is opened. */
  readonly flags?: string | number;
  /** The length a truncate leaves. */
  readonly length?: number;
}

export interface Interceptor {
  /** May throw (the operation fails) or return how many bytes of a write to let through. */
  before?(operation: Operation): { readonly writeAtMost: number } | undefined;
  after?(operation: Operation): void;
}

let interceptor: Interceptor | undefined;

/** Installs (or with `undefined` removes) the one interceptor of this process. For tests and recorders. */
export function intercept(next: Interceptor | undefined): void {
  interceptor = next;
}

function run<T>(operation: Operation, call: () => T): T {
  if (interceptor === undefined) return call();
  const seen = interceptor;
  seen.before?.(operation);
  const result = call();
  seen.after?.(operation);
  return result;
}

export function open(path: string, flags: string | number, mode = 0o666): number {
  if (interceptor === undefined) return fs.openSync(path, flags, mode);
  return run({ name: "open", path, flags }, () => fs.openSync(path, flags, mode));
}

/** One `write()`; may write less than asked. Returns the bytes written. */
export function write(fd: number, bytes: Uint8Array, path: string): number {
  if (interceptor === undefined) return fs.writeSync(fd, bytes);
  const operation: Operation = { name: "write", path, bytes };
  const limit = interceptor.before?.(operation)?.writeAtMost ?? bytes.length;
  const written = fs.writeSync(fd, bytes, 0, Math.min(limit, bytes.length));
  interceptor.after?.(operation);
  return written;
}

/** Reads up to `into.length` bytes at `position` (null: the current offset); 0 at the end of the file. */
export function read(fd: number, into: Uint8Array, position: number | null, path: string): number {
  return run({ name: "read", path }, () => fs.readSync(fd, into, 0, into.length, position));
}

/** A whole plain file of at most `maxBytes`: a link fails with ELOOP, a larger file with EFBIG, neither is read. */
export function readFile(path: string, maxBytes: number): Uint8Array {
  return run({ name: "read", path }, () => {
    const fd = fs.openSync(path, READ_NO_FOLLOW);
    try {
      return readPlainFile(fd, maxBytes);
    } finally {
      fs.closeSync(fd);
    }
  });
}

function readPlainFile(fd: number, maxBytes: number): Uint8Array {
  const stat = fs.fstatSync(fd);
  if (!stat.isFile()) throw fail(stat.isDirectory() ? "EISDIR" : "EFTYPE");
  if (stat.size > maxBytes) throw fail("EFBIG");
  const bytes = Buffer.allocUnsafe(stat.size);
  let filled = 0;
  while (filled < bytes.length) {
    const count = fs.readSync(fd, bytes, filled, bytes.length - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return filled === bytes.length ? bytes : bytes.subarray(0, filled);
}

/** An error like those of Node, for what the system itself allows and a store does not. */
function fail(code: "EISDIR" | "EFTYPE" | "EFBIG"): Error {
  return Object.assign(new Error(code), { code });
}

export function fsync(fd: number, path: string): void {
  run({ name: "fsync", path }, () => fs.fsyncSync(fd));
}

/** As {@link fsync}, in the background: many at once cost hardly more than one. */
export async function fsyncLater(fd: number, path: string, name: "fsync" | "fsyncdir"): Promise<void> {
  const operation: Operation = { name, path };
  interceptor?.before?.(operation);
  await new Promise<void>((resolve, reject) => {
    fs.fsync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
  interceptor?.after?.(operation);
}

export function truncate(fd: number, length: number, path: string): void {
  run({ name: "truncate", path, length }, () => fs.ftruncateSync(fd, length));
}

export function close(fd: number, path: string): void {
  run({ name: "close", path }, () => fs.closeSync(fd));
}

export function rename(path: string, to: string): void {
  run({ name: "rename", path, to }, () => fs.renameSync(path, to));
}

export function link(path: string, to: string): void {
  run({ name: "link", path, to }, () => fs.linkSync(path, to));
}

export function unlink(path: string): void {
  run({ name: "unlink", path }, () => fs.unlinkSync(path));
}

export function mkdir(path: string, mode = 0o777): void {
  run({ name: "mkdir", path }, () => fs.mkdirSync(path, mode));
}

export function rmdir(path: string): void {
  run({ name: "rmdir", path }, () => fs.rmdirSync(path));
}

export function readdir(path: string): fs.Dirent[] {
  return run({ name: "readdir", path }, () => fs.readdirSync(path, { withFileTypes: true }));
}

/** Names only, in no order: cheaper than {@link readdir}. */
export function readdirNames(path: string): string[] {
  if (interceptor === undefined) return fs.readdirSync(path);
  return run({ name: "readdir", path }, () => fs.readdirSync(path));
}

export function lstat(path: string): fs.BigIntStats {
  return run({ name: "stat", path }, () => fs.lstatSync(path, { bigint: true }));
}

/** Like {@link lstat}, but `undefined` where nothing is: a missing entry costs no exception. */
export function lstatIfExists(path: string): fs.BigIntStats | undefined {
  return run({ name: "stat", path }, () => fs.lstatSync(path, { bigint: true, throwIfNoEntry: false }));
}

/** As {@link lstatIfExists}, in plain numbers, which are cheaper: for looking at very many entries. */
export function lstatNumbers(path: string): fs.Stats | undefined {
  if (interceptor === undefined) return fs.lstatSync(path, NO_THROW);
  return run({ name: "stat", path }, () => fs.lstatSync(path, NO_THROW));
}

const NO_THROW = { throwIfNoEntry: false } as const;

/** Up to `into.length` bytes of a plain file, with the stat that was taken before they were read. A link fails. */
export function readInto(path: string, into: Uint8Array): { facts: fs.Stats; length: number } {
  if (interceptor === undefined) return readPlainInto(path, into);
  return run({ name: "read", path }, () => readPlainInto(path, into));
}

function readPlainInto(path: string, into: Uint8Array): { facts: fs.Stats; length: number } {
  const fd = fs.openSync(path, READ_NO_FOLLOW);
  try {
    const facts = fs.fstatSync(fd);
    if (!facts.isFile()) throw fail(facts.isDirectory() ? "EISDIR" : "EFTYPE");
    const wanted = Math.min(facts.size, into.length);
    let length = 0;
    while (length < wanted) {
      const count = fs.readSync(fd, into, length, wanted - length, null);
      if (count === 0) break;
      length += count;
    }
    return { facts, length };
  } finally {
    fs.closeSync(fd);
  }
}

/** The type number of the file system that `path` lies on. */
export function statfsType(path: string): number {
  return fs.statfsSync(path).type;
}

/** Bytes that this user may still write to the file system of `path`. */
export function statfsFree(path: string): number {
  const { bavail, bsize } = fs.statfsSync(path);
  return bavail * bsize;
}

/** Throws EACCES or EROFS when this user may not write to `path`. */
export function accessToWrite(path: string): void {
  fs.accessSync(path, fs.constants.W_OK);
}

export function stat(path: string): fs.BigIntStats {
  return run({ name: "stat", path }, () => fs.statSync(path, { bigint: true }));
}

/** Stat of an open file, in plain numbers, which are cheaper; not an operation of its own for interceptors. */
export function fstat(fd: number): fs.Stats {
  return fs.fstatSync(fd);
}

/** The device that the file behind `path` lies on; not an operation of its own for interceptors. */
export function deviceOf(path: string): number {
  return fs.statSync(path).dev;
}

/** Flags for reading a file that must not be a link and must not block (a FIFO). */
export const READ_NO_FOLLOW =
  fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

/** Flags for writing at the end of a file that may be missing, and must not be a link. */
export const EXTEND_NO_FOLLOW =
  fs.constants.O_WRONLY |
  fs.constants.O_APPEND |
  fs.constants.O_CREAT |
  (fs.constants.O_NOFOLLOW ?? 0) |
  (fs.constants.O_NONBLOCK ?? 0);

/** Flags for appending to (and reading) a file that must not be a link. */
export const APPEND_NO_FOLLOW =
  fs.constants.O_RDWR |
  fs.constants.O_APPEND |
  (fs.constants.O_NOFOLLOW ?? 0) |
  (fs.constants.O_NONBLOCK ?? 0);

/** As {@link APPEND_NO_FOLLOW}; a file that is missing is made. */
export const APPEND_OR_CREATE_NO_FOLLOW = APPEND_NO_FOLLOW | fs.constants.O_CREAT;

/** Throws EFTYPE for an open pipe, socket or device. */
export function assertPlainFile(fd: number): void {
  if (!fs.fstatSync(fd).isFile()) throw fail("EFTYPE");
}

/** Size of an open file; not an operation of its own for interceptors. */
export function fstatSize(fd: number): number {
  return fs.fstatSync(fd).size;
}

/** Clones the file where the file system can; `onlyClone` fails instead of copying. The target must not exist. */
export function copy(path: string, to: string, onlyClone: boolean): void {
  const clone = onlyClone ? fs.constants.COPYFILE_FICLONE_FORCE : fs.constants.COPYFILE_FICLONE;
  run({ name: "copy", path, to }, () => fs.copyFileSync(path, to, fs.constants.COPYFILE_EXCL | clone));
}

/** Sets the modification time to now. */
export function touch(path: string): void {
  const now = Date.now() / 1000;
  run({ name: "touch", path }, () => fs.utimesSync(path, now, now));
}

export function chmod(path: string, mode: number): void {
  run({ name: "chmod", path }, () => fs.chmodSync(path, mode));
}

/** What fsync of a directory fails with where the file system knows no such thing (some FUSE and network mounts). */
const NO_DIRECTORY_SYNC: readonly unknown[] = ["EINVAL", "ENOTSUP", "EOPNOTSUPP"];

export function cannotSyncDirectories(error: unknown): boolean {
  return NO_DIRECTORY_SYNC.includes((error as NodeJS.ErrnoException).code);
}

/** Makes the entries of a directory durable. Windows and some file systems cannot; there it does nothing. */
export function fsyncDirectory(path: string): void {
  if (process.platform === "win32") return;
  try {
    run({ name: "fsyncdir", path }, () => {
      const fd = fs.openSync(path, "r");
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    });
  } catch (error) {
    if (!cannotSyncDirectories(error)) throw error;
  }
}

/** The real path behind links; throws ENOENT and the like. */
export function realpath(path: string): string {
  return fs.realpathSync.native(path);
}
