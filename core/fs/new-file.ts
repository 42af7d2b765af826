/** Files that are written in pieces: of a directory that is still being built, and partial ones that are gone on with. */
import { dirname } from "node:path";
import { errnoOf, guarded } from "./failures.js";
import * as ops from "./operations.js";
import { makeDirectories } from "./replace-file.js";
import { closeQuietly, writeAll } from "./write-whole.js";

export class NewFile {
  readonly path: string;
  #fd: number | null;
  #size: number;

  private constructor(path: string, fd: number, size: number) {
    this.path = path;
    this.#fd = fd;
    this.#size = size;
  }

  /** A file that must not be there yet; missing directories are made. Throws typed errors. */
  static create(path: string): NewFile {
    return guarded("create", path, () => {
      try {
        return new NewFile(path, ops.open(path, "wx"), 0);
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw error;
        makeDirectories(dirname(path));
        return new NewFile(path, ops.open(path, "wx"), 0);
      }
    });
  }

  /** A file that is gone on with at its end, or begun. It must have no other writer. Throws typed errors. */
  static extend(path: string): NewFile {
    return guarded("open", path, () => {
      const fd = ops.open(path, ops.EXTEND_NO_FOLLOW);
      try {
        ops.assertPlainFile(fd);
        return new NewFile(path, fd, ops.fstatSize(fd));
      } catch (error) {
        closeQuietly(fd, path);
        throw error;
      }
    });
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** After an error, part of the bytes may be in the file. */
  write(bytes: Uint8Array): void {
    const fd = this.#fd;
    if (fd === null) throw new Error(`${this.path} was closed before it was written`);
    guarded("write", this.path, () => writeAll(fd, bytes, this.path));
    this.#size += bytes.length;
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = null;
    if (fd !== null) guarded("close", this.path, () => ops.close(fd, this.path));
  }

  /** After a failure; that failure is what gets reported. */
  closeQuietly(): void {
    const fd = this.#fd;
    this.#fd = null;
    if (fd !== null) closeQuietly(fd, this.path);
  }
}
