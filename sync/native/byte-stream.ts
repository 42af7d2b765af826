/** Bytes in both directions: the pipes of a process, or two streams in this one. */
import type { Readable, Writable } from "node:stream";
import { RunstoneError } from "../../store-format/index.js";

export interface ByteStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** Writes in order and waits while the other side does not read, so that memory stays flat. */
export class StreamWriter {
  readonly #output: Writable;
  #failure: Error | null = null;
  #wake: (() => void)[] = [];

  constructor(output: Writable) {
    this.#output = output;
    output.on("drain", () => this.#wakeAll());
    output.on("error", (error) => this.#fail(error));
    output.on("close", () => this.#fail(new Error("the stream was closed")));
  }

  /** Resolves when more may be written. Throws REMOTE_UNREACHABLE when the other side is gone. */
  async write(...pieces: readonly Uint8Array[]): Promise<void> {
    if (!this.push(...pieces)) await new Promise<void>((resolve) => this.#wake.push(resolve));
    if (this.#failure !== null) throw gone(this.#failure);
  }

  /** As {@link write}, without waiting: for small frames that must go out whatever else waits. False: the buffer is full. */
  push(...pieces: readonly Uint8Array[]): boolean {
    if (this.#failure !== null) throw gone(this.#failure);
    this.#output.cork();
    let isFree = true;
    for (const piece of pieces) isFree = this.#output.write(piece);
    this.#output.uncork();
    return isFree;
  }

  end(): void {
    if (this.#failure === null) this.#output.end();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

function gone(cause: Error): RunstoneError {
  return new RunstoneError("REMOTE_UNREACHABLE", "the other side is gone", {
    hint: "Try again: what has arrived there is not sent twice.",
    cause,
  });
}
