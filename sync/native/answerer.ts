/** The answering side of a conversation. It believes nothing that it is told. */
import {
  commonVersion,
  errorHeader,
  type Frame,
  type Hello,
  type Item,
  type JsonObject,
  MAX_OPEN_REQUESTS,
  Members,
  protocolError,
} from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { BodyPieces } from "./asker.js";
import { Allowance, IncomingBody } from "./body.js";
import type { ByteStreams } from "./byte-stream.js";
import { Link } from "./link.js";

export interface Request {
  readonly method: string;
  readonly args: Members;
  /** The items of the request's body; none when it has no body. */
  readonly items: AsyncGenerator<Item, void, undefined>;
}

export interface Reply {
  readonly header?: JsonObject;
  readonly body?: BodyPieces;
}

export type Handler = (request: Request) => Promise<Reply>;

interface Exchange {
  readonly allowance: Allowance;
  readonly body: IncomingBody;
}

/**
 * Answers until the asking side closes the stream. An error of one request goes back as its answer; what breaks the
 * protocol ends the conversation: throws REMOTE_FAILED.
 */
export async function answerAll(streams: ByteStreams, ours: Hello, handler: Handler): Promise<void> {
  const answerer = new Answerer(streams, handler);
  await answerer.run(ours);
}

class Answerer {
  readonly #link: Link;
  readonly #handler: Handler;
  readonly #open = new Map<number, Exchange>();
  readonly #working = new Set<Promise<void>>();
  #last = 0;

  constructor(streams: ByteStreams, handler: Handler) {
    this.#link = new Link(streams);
    this.#handler = handler;
  }

  async run(ours: Hello): Promise<void> {
    try {
      commonVersion(ours, await this.#link.greet(ours));
      for await (const frame of this.#link.frames()) this.#take(frame);
      this.#stopAll(new RunstoneError("REMOTE_UNREACHABLE", "the asking side closed the connection"));
      await Promise.all(this.#working);
      this.#link.end();
    } catch (error) {
      this.#stopAll(error as Error);
      await Promise.allSettled(this.#working);
      this.#link.destroy();
      throw error;
    }
  }

  #take(frame: Frame): void {
    if (frame.kind === "request") return this.#begin(frame);
    const exchange = this.#open.get(frame.request);
    if (exchange === undefined) {
      if (frame.request > this.#last) throw protocolError("a frame of a request that was not made");
      return;
    }
    if (frame.kind === "data") exchange.body.push(frame.payload);
    else if (frame.kind === "end") exchange.body.finish();
    else if (frame.kind === "window")
      exchange.allowance.give(new Members(frame.header, "window").size("bytes"));
    else if (frame.kind === "cancel") stop(exchange, cancelled());
    else throw protocolError(`a frame of the kind ${frame.kind} from the asking side`);
  }

  #begin({ request: id, header }: Frame): void {
    if (id <= this.#last) throw protocolError("a request whose number was used before");
    if (this.#open.size >= MAX_OPEN_REQUESTS) throw protocolError("too many requests at once");
    this.#last = id;
    const members = new Members(header, "request");
    const exchange = {
      allowance: new Allowance(),
      body: new IncomingBody((bytes) => this.#grant(id, bytes)),
    };
    if (!members.boolean("body")) exchange.body.finish();
    this.#open.set(id, exchange);
    const request = {
      method: members.text("method"),
      args: members.object("args"),
      items: exchange.body.items(),
    };
    const work = this.#answer(id, exchange, request).finally(() => this.#working.delete(work));
    this.#working.add(work);
  }

  /** Never rejects: an error becomes the answer, and where that cannot be sent nobody waits for it. */
  async #answer(id: number, exchange: Exchange, request: Request): Promise<void> {
    try {
      const { header = {}, body = [] } = await this.#handler(request);
      this.#link.send("answer", id, header);
      await this.#link.sendBody(id, body, exchange.allowance);
    } catch (error) {
      this.#tell(() => this.#link.send("error", id, errorHeader(error)));
    } finally {
      this.#open.delete(id);
      exchange.body.finish(cancelled());
    }
  }

  #grant(id: number, bytes: number): void {
    if (this.#open.has(id)) this.#tell(() => this.#link.send("window", id, { bytes }));
  }

  /** The reading side notices by itself when the other side is gone. */
  #tell(send: () => void): void {
    try {
      send();
    } catch (error) {
      if (!(error instanceof RunstoneError)) throw error;
    }
  }

  #stopAll(error: Error): void {
    for (const exchange of this.#open.values()) stop(exchange, error);
  }
}

function stop(exchange: Exchange, error: Error): void {
  exchange.body.finish(error);
  exchange.allowance.stop(error);
}

function cancelled(): RunstoneError {
  return new RunstoneError("REMOTE_UNREACHABLE", "the asking side gave the request up");
}
