/** The asking side of a conversation: many requests at once, each with a body that streams, and an answer that does. */
import {
  commonVersion,
  type Frame,
  type Hello,
  type Item,
  type JsonObject,
  MAX_OPEN_REQUESTS,
  Members,
  parseError,
  protocolError,
} from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { Allowance, IncomingBody } from "./body.js";
import type { ByteStreams } from "./byte-stream.js";
import { type GreetingPatience, Link } from "./link.js";

export interface Answer {
  readonly header: JsonObject;
  /** To be read to its end, or given up with `return()`. */
  readonly items: AsyncGenerator<Item, void, undefined>;
}

export type BodyPieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

interface Exchange {
  readonly allowance: Allowance;
  readonly body: IncomingBody;
  answered(header: JsonObject): void;
  failed(error: Error): void;
  /** Nothing more comes for it. */
  isOver: boolean;
}

export class Asker {
  readonly #link: Link;
  readonly #open = new Map<number, Exchange>();
  readonly #queue: (() => void)[] = [];
  readonly theirs: Hello;
  #next = 1;
  #failure: Error | null = null;
  #requests = 0;

  private constructor(link: Link, theirs: Hello) {
    this.#link = link;
    this.theirs = theirs;
  }

  /** Says hello. Throws UNSUPPORTED (no version in common), REMOTE_UNREACHABLE, REMOTE_FAILED. */
  static async open(
    streams: ByteStreams,
    ours: Hello,
    patience: GreetingPatience | null = null,
  ): Promise<Asker> {
    const link = new Link(streams);
    try {
      const theirs = await link.greet(ours, patience);
      commonVersion(ours, theirs);
      const asker = new Asker(link, theirs);
      asker.#listen();
      return asker;
    } catch (error) {
      link.destroy();
      throw error;
    }
  }

  /** How many requests were sent. */
  get requests(): number {
    return this.#requests;
  }

  /** Throws the other side's error, REMOTE_UNREACHABLE, REMOTE_FAILED. */
  async ask(method: string, args: JsonObject = {}, body?: BodyPieces): Promise<Answer> {
    while (this.#open.size >= MAX_OPEN_REQUESTS && this.#failure === null)
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    if (this.#failure !== null) throw this.#failure;
    const id = this.#next;
    this.#next += 1;
    this.#requests += 1;
    return new Promise((resolve, reject) => this.#start(id, { method, args, body }, { resolve, reject }));
  }

  close(): void {
    this.#link.end();
    this.#fail(new RunstoneError("REMOTE_UNREACHABLE", "the connection was closed"));
    this.#link.destroy();
  }

  #start(
    id: number,
    request: { readonly method: string; readonly args: JsonObject; readonly body: BodyPieces | undefined },
    promise: { resolve(answer: Answer): void; reject(error: Error): void },
  ): void {
    const exchange: Exchange = {
      allowance: new Allowance(),
      body: new IncomingBody((bytes) => this.#grant(id, bytes)),
      answered: (header) => promise.resolve({ header, items: this.#items(id, exchange) }),
      failed: (error) => promise.reject(error),
      isOver: false,
    };
    this.#open.set(id, exchange);
    const { method, args, body } = request;
    try {
      this.#link.send("request", id, { method, args, body: body !== undefined });
    } catch (error) {
      return this.#finish(id, exchange, error as Error);
    }
    if (body !== undefined) void this.#sendBody(id, exchange, body);
  }

  async #sendBody(id: number, exchange: Exchange, body: BodyPieces): Promise<void> {
    try {
      await this.#link.sendBody(id, body, exchange.allowance);
    } catch (error) {
      if (exchange.isOver) return;
      this.#tell("cancel", id);
      this.#finish(id, exchange, error as Error);
    }
  }

  /** The items of an answer; whoever stops reading tells the other side so. */
  async *#items(id: number, exchange: Exchange): AsyncGenerator<Item, void, undefined> {
    try {
      yield* exchange.body.items();
    } finally {
      if (!exchange.isOver) {
        this.#tell("cancel", id);
        this.#finish(id, exchange, new RunstoneError("REMOTE_UNREACHABLE", "the answer was given up"));
      }
    }
  }

  #tell(kind: "cancel" | "window", id: number, header: JsonObject = {}): void {
    try {
      this.#link.send(kind, id, header);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #grant(id: number, bytes: number): void {
    if (this.#open.has(id)) this.#tell("window", id, { bytes });
  }

  #finish(id: number, exchange: Exchange, error: Error | null): void {
    exchange.isOver = true;
    this.#open.delete(id);
    exchange.allowance.stop(
      error ?? new RunstoneError("REMOTE_FAILED", "the answer came before the request's end"),
    );
    exchange.body.finish(error);
    if (error !== null) exchange.failed(error);
    this.#queue.shift()?.();
  }

  async #listen(): Promise<void> {
    try {
      for await (const frame of this.#link.frames()) this.#take(frame);
      this.#fail(new RunstoneError("REMOTE_UNREACHABLE", "the other side closed the connection"));
    } catch (error) {
      this.#fail(error as Error);
      this.#link.destroy();
    }
  }

  #take(frame: Frame): void {
    const exchange = this.#open.get(frame.request);
    if (exchange === undefined) {
      if (frame.request >= this.#next) throw protocolError("an answer to nothing");
      return;
    }
    if (frame.kind === "answer") exchange.answered(frame.header);
    else if (frame.kind === "data") exchange.body.push(frame.payload);
    else if (frame.kind === "end") this.#finish(frame.request, exchange, null);
    else if (frame.kind === "error") this.#finish(frame.request, exchange, parseError(frame.header));
    else if (frame.kind === "window")
      exchange.allowance.give(new Members(frame.header, "window").size("bytes"));
    else throw protocolError(`a frame of the kind ${frame.kind} from the answering side`);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const [id, exchange] of [...this.#open]) this.#finish(id, exchange, this.#failure);
    for (const wake of this.#queue.splice(0)) wake();
  }
}
