/** What the kernel has and the disk may not have yet: files written without fsync since the last flush. */
import { dirname } from "node:path";
import { syncDirectory, syncFile } from "./directories.js";
import { statIfExists } from "./read.js";
import { rewriteFile } from "./rewrite-file.js";

export class PendingSync {
  /** Each file with a directory for temporary files. */
  readonly #files = new Map<string, string>();
  readonly #directories = new Set<string>();
  /** Files whose fsync failed: the kernel may call pages clean that never reached the disk, so another fsync proves nothing. */
  readonly #suspect = new Set<string>();

  /** Notes a file that was created or replaced, with the directories above it up to `top` that may be new. */
  add(file: string, top: string): void {
    this.#files.set(file, top);
    for (let at = dirname(file); at.length > top.length; at = dirname(at)) this.#directories.add(at);
    this.#directories.add(top);
  }

  /** Notes a directory whose entries changed (a file was removed or created). */
  addDirectory(directory: string): void {
    this.#directories.add(directory);
  }

  /** Notes a file whose fsync failed elsewhere. */
  addSuspect(file: string, top: string): void {
    this.add(file, top);
    this.#suspect.add(file);
  }

  /** Whether the next flush replaces files: descriptors open on them must be closed before. */
  get hasSuspects(): boolean {
    return this.#suspect.size > 0;
  }

  /** Makes everything noted durable; what vanished meanwhile is left out. On an error everything stays noted. */
  flush(): void {
    for (const [file, top] of this.#files) this.#sync(file, top);
    for (const directory of this.#directories) if (statIfExists(directory) !== null) syncDirectory(directory);
    this.#files.clear();
    this.#directories.clear();
  }

  #sync(file: string, top: string): void {
    if (this.#suspect.has(file)) {
      rewriteFile(file, top);
      this.#suspect.delete(file);
      return;
    }
    try {
      syncFile(file);
    } catch (error) {
      this.#suspect.add(file);
      throw error;
    }
  }
}
