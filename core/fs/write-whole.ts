/** Writing all bytes of a new file. Shared by the writers of this folder; raw errno errors. */
import * as ops from "./operations.js";

/** Writes every byte, looping over short writes; on an error part of it may be written. */
export function writeAll(fd: number, bytes: Uint8Array, path: string): void {
  let rest = bytes;
  while (rest.length > 0) {
    const count = ops.write(fd, rest, path);
    if (count === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
    rest = rest.subarray(count);
  }
}

/** Creates `path` exclusively with these bytes and, when `sync`, makes them durable. Removes a partial file. */
export function createWhole(path: string, bytes: Uint8Array, sync: boolean, mode?: number): void {
  const fd = ops.open(path, "wx", mode);
  try {
    writeAll(fd, bytes, path);
    if (sync) ops.fsync(fd, path);
  } catch (error) {
    closeQuietly(fd, path);
    removeQuietly(path);
    throw error;
  }
  ops.close(fd, path);
}

/** Removes a temporary file of ours after a failure; that failure is what gets reported. */
export function removeQuietly(path: string): void {
  try {
    ops.unlink(path);
  } catch {
    // The first error is the one to tell; a temporary left behind is cleared by fsck.
  }
}

/** Closes after a failure; that failure is what gets reported. */
export function closeQuietly(fd: number, path: string): void {
  try {
    ops.close(fd, path);
  } catch {
    // The first error is the one to tell.
  }
}
