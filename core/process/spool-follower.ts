/** Carries the bytes of a spool file to a sink, as they come, in flat memory. */
import { closeSync, openSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { fileError } from "../fs/index.js";

/** Where bytes of a spool go. It takes a block, then is asked to settle until it could; only then comes the next. */
export interface SpoolSink {
  /** Takes the next bytes, which begin at `offset` of the spool. Valid until it has settled. Never fails. */
  take(block: Buffer, offset: number): void;
  /** Writes out what it holds. False: not now (a full disk); it keeps it and is asked again. */
  settle(): boolean | Promise<boolean>;
}

const BLOCK = 128 * 1024;
/** How long a sink that could not settle is left alone: at first, and at most. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 15_000;

export interface FollowOptions {
  /** Where in the file to begin; default 0. */
  readonly start?: number;
  /** Told when the file cannot be read; it is tried again. */
  readonly onFailure?: (error: unknown) => void;
}

export class SpoolFollower {
  readonly #path: string;
  readonly #sink: SpoolSink;
  readonly #onFailure: (error: unknown) => void;
  readonly #block = Buffer.allocUnsafe(BLOCK);
  readonly #fd: number;
  #position: number;
  #running: Promise<boolean> | undefined;
  #again = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS;
  #closed = false;

  /** Throws typed errors. */
  constructor(path: string, sink: SpoolSink, options: FollowOptions = {}) {
    this.#path = path;
    this.#sink = sink;
    this.#position = options.start ?? 0;
    this.#onFailure = options.onFailure ?? (() => {});
    try {
      this.#fd = openSync(path, "r");
    } catch (error) {
      throw fileError(error, "open", path);
    }
  }

  /** The file may have grown. */
  wake(): void {
    if (this.#closed || this.#retry !== undefined) return;
    this.#again = true;
    void this.#run();
  }

  /** Carries everything up to the present end. False: the sink could not take it all. */
  async finish(): Promise<boolean> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    await this.#running;
    this.#again = true;
    return this.#run();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    closeSync(this.#fd);
  }

  #run(): Promise<boolean> {
    this.#running ??= this.#pump().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #pump(): Promise<boolean> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      if (!(await this.#carry())) {
        this.#retryLater();
        return false;
      }
    }
    this.#retryMs = RETRY_MS;
    return true;
  }

  /** Up to the end of the file; signals and timers come between two blocks. */
  async #carry(): Promise<boolean> {
    while (!this.#closed) {
      const settled = this.#sink.settle();
      if (!(settled === true || (await settled))) return false;
      if (this.#closed) return true;
      const count = this.#read();
      if (count === null) return false;
      if (count === 0) return true;
      this.#sink.take(this.#block.subarray(0, count), this.#position);
      this.#position += count;
      if (count === BLOCK) await setImmediate();
    }
    return true;
  }

  /** Null after a failure. */
  #read(): number | null {
    try {
      return readSync(this.#fd, this.#block, 0, BLOCK, this.#position);
    } catch (error) {
      this.#onFailure(fileError(error, "read", this.#path));
      return null;
    }
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.wake();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
  }
}
