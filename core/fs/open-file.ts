/** A file held open for reading: what it holds stays readable when another process renames, replaces or removes it. */
import { fileError, guarded, unless } from "./failures.js";
import * as ops from "./operations.js";
import { closeQuietly } from "./write-whole.js";

const BLOCK = 1 << 18;

export class OpenFile {
  readonly path: string;
  /** Bytes, as it was when the file was opened. */
  readonly size: number;
  #fd: number | null;

  private constructor(path: string, fd: number, size: number) {
    this.path = path;
    this.#fd = fd;
    this.size = size;
  }

  /**
   * Opens a regular file without following a link in its last component. Null when nothing is there, or something
   * that is no regular file. Throws typed errors.
   */
  static openIfExists(path: string): OpenFile | null {
    const fd = unless(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"], "open", path, () =>
      ops.open(path, ops.READ_NO_FOLLOW),
    );
    return fd === null ? null : OpenFile.#adopt(path, fd);
  }

  static #adopt(path: string, fd: number): OpenFile | null {
    try {
      const stat = ops.fstat(fd);
      if (stat.isFile()) return new OpenFile(path, fd, stat.size);
    } catch (error) {
      closeQuietly(fd, path);
      throw fileError(error, "stat", path);
    }
    closeQuietly(fd, path);
    return null;
  }

  /** Where the opened file lies, links resolved; on Linux that of the descriptor itself. Throws typed errors. */
  realPath(): string {
    const fd = this.#fd;
    const path = process.platform === "linux" && fd !== null ? `/proc/self/fd/${fd}` : this.path;
    return guarded("resolve", this.path, () => ops.realpath(path));
  }

  /** Bytes of `[start, end)` in blocks of at most 256 KiB, each valid only until the next one. Throws typed errors. */
  *blocks(start = 0, end = this.size): Generator<Uint8Array, void, undefined> {
    const block = new Uint8Array(Math.min(BLOCK, Math.max(0, end - start)));
    for (let position = start; position < end; ) {
      const count = this.#read(block.subarray(0, Math.min(block.length, end - position)), position);
      if (count === 0) return;
      yield block.subarray(0, count);
      position += count;
    }
  }

  /** Bytes of `[start, end)` in one piece of memory of their own, fewer where the file ends. Throws typed errors. */
  read(start: number, end: number): Uint8Array {
    return this.readGrown(start, Math.max(start, Math.min(end, this.size)));
  }

  /** As {@link read}, but as far as the file reaches now: an appender may have made it longer since it was opened. */
  readGrown(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    while (filled < bytes.length) {
      const count = this.#read(bytes.subarray(filled), start + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  #read(into: Uint8Array, position: number): number {
    const fd = this.#fd;
    if (fd === null) throw new Error(`${this.path} was closed before it was read`);
    return guarded("read", this.path, () => ops.read(fd, into, position, this.path));
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = null;
    if (fd !== null) closeQuietly(fd, this.path);
  }
}

/** The beginning of a file, at most `length` bytes; null when it is absent or no regular file. Throws typed errors. */
export function readBeginning(path: string, length: number): Uint8Array | null {
  const file = OpenFile.openIfExists(path);
  if (file === null) return null;
  try {
    for (const block of file.blocks(0, length)) return block;
    return new Uint8Array(0);
  } finally {
    file.close();
  }
}
