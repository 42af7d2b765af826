/** What both sides of a conversation do alike: frames in, frames out, bodies cut into frames. */
import {
  type Frame,
  type FrameKind,
  FrameReader,
  type Hello,
  helloHeader,
  type JsonObject,
  MAX_FRAME_PAYLOAD_BYTES,
  parseHello,
  protocolError,
  serializeFrameHead,
} from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Clock } from "../http/rate-limiter.js";
import type { Allowance } from "./body.js";
import { type ByteStreams, StreamWriter } from "./byte-stream.js";

const NOTHING = new Uint8Array(0);

/** Small pieces of a body are gathered into frames of about this size. */
const GATHER_BYTES = 65_536;

export class Link {
  readonly #streams: ByteStreams;
  readonly #writer: StreamWriter;
  readonly #frames: AsyncGenerator<Frame, void, undefined>;

  constructor(streams: ByteStreams) {
    this.#streams = streams;
    this.#writer = new StreamWriter(streams.output);
    this.#frames = framesOf(streams.input);
  }

  /** Sends our hello and waits for theirs, without patience for ever. Throws REMOTE_UNREACHABLE when there is none, REMOTE_FAILED for something else. */
  async greet(ours: Hello, patience: GreetingPatience | null = null): Promise<Hello> {
    this.send("hello", 0, helloHeader(ours));
    const greeting = this.#frames.next();
    const first = await (patience === null ? greeting : withinTime(greeting, patience));
    if (first.done === true) throw closed("the other side closed the connection before it said anything");
    if (first.value.kind !== "hello") throw protocolError("its first frame is no hello");
    return parseHello(first.value.header);
  }

  /** The frames after the hello. Ends with the stream; throws REMOTE_FAILED and REMOTE_UNREACHABLE. */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    for await (const frame of this.#frames) {
      if (frame.kind === "hello" || frame.request === 0) throw protocolError("a second hello");
      yield frame;
    }
  }

  /** A frame without a payload; does not wait. */
  send(kind: FrameKind, request: number, header: JsonObject = {}): void {
    this.#writer.push(serializeFrameHead({ kind, request, header }, 0));
  }

  /** A whole body, in frames, as fast as the other side takes it; its end, too. */
  async sendBody(
    request: number,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    allowance: Allowance,
  ): Promise<void> {
    let gathered: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of body) {
      gathered.push(piece);
      bytes += piece.length;
      if (bytes < GATHER_BYTES) continue;
      await this.#sendData(request, joined(gathered, bytes), allowance);
      gathered = [];
      bytes = 0;
    }
    await this.#sendData(request, joined(gathered, bytes), allowance);
    this.send("end", request);
  }

  async #sendData(request: number, bytes: Uint8Array, allowance: Allowance): Promise<void> {
    for (let at = 0; at < bytes.length; at += MAX_FRAME_PAYLOAD_BYTES) {
      const payload = bytes.subarray(at, at + MAX_FRAME_PAYLOAD_BYTES);
      await allowance.take(payload.length);
      await this.#writer.write(
        serializeFrameHead({ kind: "data", request, header: {} }, payload.length),
        payload,
      );
    }
  }

  /** No more from us. */
  end(): void {
    this.#writer.end();
  }

  /** Gives both directions up. */
  destroy(): void {
    this.#streams.input.destroy();
    this.#streams.output.destroy();
  }
}

/** How long the other side may say nothing before its hello. */
export interface GreetingPatience {
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "sleep">;
}

async function withinTime<Value>(
  greeting: Promise<Value>,
  { timeoutMs, clock }: GreetingPatience,
): Promise<Value> {
  const over = new AbortController();
  const silence = clock.sleep(timeoutMs, over.signal).then(() => {
    throw silent(timeoutMs);
  });
  try {
    return await Promise.race([greeting, silence]);
  } finally {
    over.abort();
  }
}

function silent(timeoutMs: number): RunstoneError {
  return new RunstoneError("REMOTE_UNREACHABLE", `the far end said nothing for ${timeoutMs / 1000} s`, {
    hint: "Something there may wait for input, or hang. RUNSTONE_SSH_TIMEOUT=SECONDS waits longer.",
    data: { silent: true, timeoutMs },
  });
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  if (pieces.length === 0) return NOTHING;
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, bytes);
}

async function* framesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void, undefined> {
  const reader = new FrameReader();
  let first = true;
  try {
    for await (const chunk of input) {
      if (first) assertNoText(chunk);
      first = false;
      yield* reader.push(chunk);
    }
  } catch (error) {
    throw error instanceof RunstoneError ? error : closed("the connection broke", error);
  }
  if (!reader.isBetweenFrames) throw closed("the connection was cut within a frame");
}

/** A shell at the far end that prints something before our program begins spoils the stream; its words tell the user where. */
function assertNoText(chunk: Uint8Array): void {
  if (chunk[0] === 0) return;
  const line =
    Buffer.from(chunk.subarray(0, 200))
      .toString("latin1")
      .split(/[\r\n]/)[0] ?? "";
  const shown = line.replace(/[^\x20-\x7e]/g, "?");
  throw new RunstoneError("REMOTE_FAILED", `the far end sent text instead of the protocol: ${shown}`, {
    hint: "Shell start-up files at the far end must print nothing when no terminal is there.",
    data: { text: shown },
  });
}

function closed(message: string, cause?: unknown): RunstoneError {
  return new RunstoneError("REMOTE_UNREACHABLE", message, {
    hint: "Try again: what has arrived there is not sent twice.",
    ...(cause === undefined ? {} : { cause }),
  });
}
