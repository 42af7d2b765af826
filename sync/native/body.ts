/** Bodies on their way: what arrives waits in a bounded queue, what is sent waits for the receiver's word. */
import { INITIAL_WINDOW_BYTES, type Item, ItemReader, protocolError } from "../../protocol/index.js";
import { Gate } from "./gate.js";

/** What has arrived of a body and was not read yet. Never more than a window: a sender that sends more is refused. */
export class IncomingBody {
  readonly #grant: (bytes: number) => void;
  #chunks: Uint8Array[] = [];
  #waiting = 0;
  #read = 0;
  #end: { readonly error: Error | null } | null = null;
  readonly #gate = new Gate();

  /** `grant` tells the sender that so many bytes more may come. */
  constructor(grant: (bytes: number) => void) {
    this.#grant = grant;
  }

  /** Throws REMOTE_FAILED when the sender sends more than it may. */
  push(chunk: Uint8Array): void {
    if (this.#end !== null) return;
    this.#waiting += chunk.length;
    if (this.#waiting > INITIAL_WINDOW_BYTES) throw protocolError("more bytes of a body than were asked for");
    this.#chunks.push(chunk);
    this.#gate.open();
  }

  finish(error: Error | null = null): void {
    this.#end ??= { error };
    this.#gate.open();
  }

  /** The items of the body. Throws what ended it early, and REMOTE_FAILED for what is no item. */
  async *items(): AsyncGenerator<Item, void, undefined> {
    const reader = new ItemReader();
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        for (const item of reader.push(chunk)) yield item;
        this.#consumed(chunk.length);
      } else if (this.#end === null) await this.#gate.opened();
      else if (this.#end.error !== null) throw this.#end.error;
      else return reader.end();
    }
  }

  #consumed(bytes: number): void {
    this.#waiting -= bytes;
    this.#read += bytes;
    if (this.#read < INITIAL_WINDOW_BYTES / 4 || this.#end !== null) return;
    const read = this.#read;
    this.#read = 0;
    this.#grant(read);
  }
}

/** How many bytes of a body may still be sent. */
export class Allowance {
  #left = INITIAL_WINDOW_BYTES;
  #stopped: Error | null = null;
  readonly #gate = new Gate();

  /** Waits until `bytes` may be sent. Throws what stopped the body. */
  async take(bytes: number): Promise<void> {
    while (this.#stopped === null && this.#left < bytes) await this.#gate.opened();
    if (this.#stopped !== null) throw this.#stopped;
    this.#left -= bytes;
  }

  give(bytes: number): void {
    this.#left += bytes;
    this.#gate.open();
  }

  /** The body ends here: nobody reads on, or the other side is gone. */
  stop(error: Error): void {
    this.#stopped ??= error;
    this.#gate.open();
  }
}
