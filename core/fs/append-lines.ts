/**
 * Writer 2 of 3: append whole lines to a file that has one appender. One `write()` a call, to a descriptor kept open.
 *
 * A line is acknowledged when `append` returned: the kernel has all of it. After a failed write the file is cut back to
 * the last acknowledged byte. Where that is not possible, or after a failed fsync, the appender is spent: nothing more
 * is written through it and the caller opens another file, so that no line is ever glued to a torn tail.
 */
import { RunstoneError } from "../../store-format/index.js";
import { fileError, guarded, unless } from "./failures.js";
import * as ops from "./operations.js";
import { createFile } from "./replace-file.js";
import { closeQuietly } from "./write-whole.js";

const LF = 0x0a;

/** Receives a torn tail (its offset and bytes) before it is cut off. */
export type KeepTorn = (offset: number, tail: Uint8Array) => void;

export interface AppendPlace {
  /** Null: the file may end in the middle of a line, and nothing of it is cut off. */
  readonly keepTorn: KeepTorn | null;
  /** A directory on the same file system where temporary files disturb nobody. */
  readonly temporaryIn: string;
}

export class LineAppender {
  readonly path: string;
  readonly #place: AppendPlace;
  /** Null before the file exists, and after {@link close}. */
  #fd: number | null;
  #length: number;
  #closed = false;
  #spent = false;
  #suspect = false;
  #unsynced = false;

  private constructor(path: string, place: AppendPlace, opened: Opened | null) {
    this.path = path;
    this.#place = place;
    this.#fd = opened?.fd ?? null;
    this.#length = opened?.length ?? 0;
  }

  /**
   * Opens the file; one that is missing appears, with missing directories, together with its first lines (an empty metric
   * file is one that MLflow fails on). The caller must be its one appender.
   */
  static open(path: string, place: AppendPlace): LineAppender {
    return new LineAppender(path, place, openExisting(path, place.keepTorn));
  }

  /** False once a failure made this appender unusable, or after {@link close}. */
  get usable(): boolean {
    return !this.#spent && !this.#closed;
  }

  /** Whether a {@link sync} failed: what the kernel shows may never have reached the disk. */
  get suspect(): boolean {
    return this.#suspect;
  }

  /** Whether lines were appended since the last {@link sync}. */
  get unsynced(): boolean {
    return this.#unsynced;
  }

  /** Appends lines (each ended by LF, unless nothing is ever torn here). When it returns, `kill -9` loses nothing of them. Throws typed errors. */
  append(lines: Uint8Array): void {
    this.#assertUsable();
    if (this.#fd === null && this.#create(lines)) return;
    const fd = this.#descriptor();
    let written = 0;
    try {
      while (written < lines.length) {
        const count = ops.write(fd, written === 0 ? lines : lines.subarray(written), this.path);
        if (count === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
        written += count;
      }
    } catch (error) {
      this.#cutBack(fd, written);
      throw fileError(error, "append to", this.path);
    }
    this.#length += lines.length;
    this.#unsynced = true;
  }

  /** Makes every appended line durable. A failed fsync spends the appender: the kernel may have dropped the pages. */
  sync(): void {
    if (!this.#unsynced) return;
    this.#assertUsable();
    const fd = this.#descriptor();
    try {
      ops.fsync(fd, this.path);
    } catch (error) {
      this.#spent = true;
      this.#suspect = true;
      throw fileError(error, "fsync", this.path);
    }
    this.#unsynced = false;
  }

  close(): void {
    this.#closed = true;
    if (this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null;
    guarded("close", this.path, () => ops.close(fd, this.path));
  }

  /** The file with these first lines. False when somebody else made it meanwhile: then it is open now. */
  #create(lines: Uint8Array): boolean {
    const created = createFile(this.path, lines, { temporaryIn: this.#place.temporaryIn, sync: false });
    const opened = openExisting(this.path, this.#place.keepTorn);
    this.#fd = opened?.fd ?? null;
    this.#length = opened?.length ?? 0;
    if (created) this.#unsynced = true;
    return created;
  }

  #descriptor(): number {
    if (this.#fd !== null) return this.#fd;
    throw fileError(Object.assign(new Error("gone"), { code: "ENOENT" }), "append to", this.path);
  }

  #assertUsable(): void {
    if (this.usable) return;
    throw new RunstoneError("IO_ERROR", `cannot append to ${this.path}: an earlier write to it failed`, {
      hint: "Open the run again; the acknowledged lines are kept.",
      data: { path: this.path },
    });
  }

  /** Back to the last acknowledged byte, unless somebody else appended meanwhile. */
  #cutBack(fd: number, written: number): void {
    try {
      const size = ops.fstatSize(fd);
      if (size === this.#length) return;
      if (size === this.#length + written) ops.truncate(fd, this.#length, this.path);
      else this.#spent = true;
    } catch {
      // The write's own error is the one to tell; this file is not written again.
      this.#spent = true;
    }
  }
}

interface Opened {
  readonly fd: number;
  readonly length: number;
}

/** Null when the file does not exist. */
function openExisting(path: string, keepTorn: KeepTorn | null): Opened | null {
  const fd = unless(["ENOENT"], "open", path, () => ops.open(path, ops.APPEND_NO_FOLLOW));
  if (fd === null) return null;
  return guarded("open", path, () => {
    try {
      ops.assertPlainFile(fd);
      return { fd, length: keepTorn === null ? ops.fstatSize(fd) : cutTornTail(fd, path, keepTorn) };
    } catch (error) {
      closeQuietly(fd, path);
      throw error;
    }
  });
}

function cutTornTail(fd: number, path: string, keepTorn: KeepTorn): number {
  const size = ops.fstatSize(fd);
  const end = lastLineEnd(fd, path, size);
  if (end === size) return size;
  keepTorn(end, readTail(fd, path, end, size));
  ops.truncate(fd, end, path);
  return end;
}

function readTail(fd: number, path: string, start: number, end: number): Uint8Array {
  const tail = new Uint8Array(end - start);
  let filled = 0;
  while (filled < tail.length) {
    const count = ops.read(fd, tail.subarray(filled), start + filled, path);
    if (count === 0) break;
    filled += count;
  }
  return tail.subarray(0, filled);
}

/** Offset after the last LF, found from the end; 0 when there is none. */
function lastLineEnd(fd: number, path: string, size: number): number {
  const block = new Uint8Array(4096);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const count = ops.read(fd, block.subarray(0, end - start), start, path);
    const at = block.subarray(0, count).lastIndexOf(LF);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}
