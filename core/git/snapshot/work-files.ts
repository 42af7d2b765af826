/** Reading files of a work tree whose names are bytes and whose directories may be anything. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from "node:fs";
import { open } from "node:fs/promises";

export interface WorkFile {
  readonly kind: "file" | "link" | "other";
  readonly size: number;
  readonly executable: boolean;
}

/** O_NONBLOCK: a pipe that took the file's place must not be waited for. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** Up to here a thread costs more than it saves. */
const SMALL = 128 * 1024;

export class WorkFiles {
  readonly #root: string;
  readonly #directories = new Map<string, boolean>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The name as the file system takes it; `path` is latin1. */
  absolute(path: string): Buffer {
    return Buffer.concat([Buffer.from(`${this.#root}/`, "utf8"), Buffer.from(path, "latin1")]);
  }

  /** Null: not there, or behind a link. */
  look(path: string): WorkFile | null {
    const stats = this.isReal(parentOf(path)) ? lstatOf(this.absolute(path)) : null;
    if (stats === null) return null;
    const kind = stats.isFile() ? "file" : stats.isSymbolicLink() ? "link" : "other";
    return { kind, size: stats.size, executable: (stats.mode & 0o100) !== 0 };
  }

  /** Every component is a directory and no link. */
  isReal(directory: string): boolean {
    if (directory === "") return true;
    const known = this.#directories.get(directory);
    if (known !== undefined) return known;
    const stats = this.isReal(parentOf(directory)) ? lstatOf(this.absolute(directory)) : null;
    const isReal = stats?.isDirectory() === true;
    this.#directories.set(directory, isReal);
    return isReal;
  }

  /** The bytes of a file, the target of a link; null when there are more than `maxBytes`. Rejects with the system's error. */
  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const absolute = this.absolute(path);
    const found = this.look(path);
    if (found?.kind === "link") return readlinkSync(absolute, { encoding: "buffer" });
    if (found !== null && found.size <= SMALL) return readSmall(absolute, maxBytes);
    const file = await open(absolute, READ);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw new Error("no regular file");
      return stats.size > maxBytes ? null : await readWhole(file, { size: stats.size, maxBytes });
    } finally {
      await file.close();
    }
  }

  /** Gives the content in pieces to `take`. */
  async stream(path: string, take: (piece: Buffer) => void): Promise<void> {
    const file = await open(this.absolute(path), READ);
    const piece = Buffer.allocUnsafe(1024 * 1024);
    try {
      for (;;) {
        const { bytesRead } = await file.read(piece, 0, piece.length, null);
        if (bytesRead === 0) return;
        take(piece.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
}

/** As far as it went when it was opened. */
function readSmall(path: Buffer, maxBytes: number): Buffer | null {
  const file = openSync(path, READ);
  try {
    const { size } = regularStat(file);
    if (size > maxBytes) return null;
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
  } finally {
    closeSync(file);
  }
}

function regularStat(file: number): Stats {
  const stats = fstatSync(file);
  if (!stats.isFile()) throw new Error("no regular file");
  return stats;
}

type OpenFile = Awaited<ReturnType<typeof open>>;

/** A file that grows meanwhile is taken as far as it went, but never beyond the limit. */
async function readWhole(
  file: OpenFile,
  { size, maxBytes }: { readonly size: number; readonly maxBytes: number },
): Promise<Buffer | null> {
  let buffer = Buffer.allocUnsafe(size + 1);
  for (let length = 0; ; ) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0) return buffer.subarray(0, length);
    if (length > maxBytes) return null;
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
  }
}

/** `""` for what lies at the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function lstatOf(path: Buffer): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null; // not there, or not to be seen: the caller lists it
  }
}
