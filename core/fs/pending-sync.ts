/** What the kernel has and the disk may not have yet: files written without fsync since the last flush. */
import { dirname } from "node:path";
import { syncDirectory, syncFile } from "./directories.js";
import { statIfExists } from "./read.js";

export class PendingSync {
  readonly #files = new Set<string>();
  readonly #directories = new Set<string>();

  /** Notes a file that was created or replaced, with the directories above it up to `top` that may be new. */
  add(file: string, top: string): void {
    this.#files.add(file);
    for (let at = dirname(file); at.length > top.length; at = dirname(at)) this.#directories.add(at);
    this.#directories.add(top);
  }

  /** Notes a directory whose entries changed (a file was removed or created). */
  addDirectory(directory: string): void {
    this.#directories.add(directory);
  }

  /** Makes everything noted durable; what vanished meanwhile is left out. On an error everything stays noted. */
  flush(): void {
    for (const file of this.#files) syncFile(file);
    for (const directory of this.#directories) if (statIfExists(directory) !== null) syncDirectory(directory);
    this.#files.clear();
    this.#directories.clear();
  }
}
