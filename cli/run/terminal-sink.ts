/** Passes the output of a child on to the terminal, or to whatever this process writes to. */
import { write } from "node:fs";
import { RunLineFilter } from "../../core/process/run-line-filter.js";
import type { SpoolSink } from "../../core/process/spool-follower.js";

const BUSY_MS = 5;

/**
 * Writes to a descriptor from another thread: a paused terminal (Ctrl-S) or a slow reader of a pipe holds up nothing
 * else. When the reader is gone (EPIPE) the rest is passed over: the child goes on.
 */
export class TerminalSink implements SpoolSink {
  readonly #fd: number;
  /** Set when another `runstone run` reads what is written here. */
  readonly #filter: RunLineFilter | null;
  #rest: Buffer = Buffer.alloc(0);
  #gone = false;

  constructor(fd: number, nested: boolean) {
    this.#fd = fd;
    this.#filter = nested ? new RunLineFilter() : null;
  }

  take(block: Buffer): void {
    if (!this.#gone) this.#rest = this.#filter === null ? block : this.#filter.push(block);
  }

  /** The beginning of a last line that was held back. */
  takeEnd(): void {
    if (!this.#gone && this.#filter !== null) this.#rest = this.#filter.end();
  }

  settle(): boolean | Promise<boolean> {
    return this.#rest.length === 0 ? true : this.#writeAll();
  }

  async #writeAll(): Promise<boolean> {
    while (this.#rest.length > 0) this.#rest = this.#rest.subarray(await this.#writeSome());
    return true;
  }

  #writeSome(): Promise<number> {
    return new Promise((resolve) => {
      write(this.#fd, this.#rest, 0, this.#rest.length, null, (error, count) => {
        if (error === null) resolve(count);
        else if (error.code === "EAGAIN") setTimeout(() => resolve(0), BUSY_MS);
        else {
          this.#gone = true;
          resolve(this.#rest.length);
        }
      });
    });
  }
}
