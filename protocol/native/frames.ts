/**
 * Frames: what a conversation over a stream of bytes is cut into (PROTOCOL.md, section 3).
 *
 * ```
 * 4 bytes  length of all that follows, big-endian
 * 1 byte   kind
 * 4 bytes  number of the request the frame belongs to, big-endian; 0 for `hello`
 * 4 bytes  length of the header, big-endian
 *          header: one JSON object in UTF-8; may be empty
 *          payload: the rest
 * ```
 */
import { asObject, type JsonObject, parseJson, protocolError, serializeJson } from "./json.js";
import { MAX_FRAME_HEADER_BYTES, MAX_FRAME_PAYLOAD_BYTES } from "./limits.js";

/** Kind -> its number on the wire. An unknown number ends the conversation. */
export const FRAME_KINDS = {
  hello: 1,
  request: 2,
  answer: 3,
  data: 4,
  end: 5,
  error: 6,
  window: 7,
  cancel: 8,
} as const;

export type FrameKind = keyof typeof FRAME_KINDS;

export interface Frame {
  readonly kind: FrameKind;
  /** 0 for `hello`, else from 1 to 2^32 - 1. */
  readonly request: number;
  readonly header: JsonObject;
  readonly payload: Uint8Array;
}

const LENGTH_BYTES = 4;
/** Kind, request and header length. */
const FIXED_BYTES = 9;
const NOTHING = new Uint8Array(0);
const EMPTY: JsonObject = Object.freeze({});
const KIND_BY_NUMBER = new Map<number, FrameKind>(
  Object.entries(FRAME_KINDS).map(([kind, number]) => [number, kind as FrameKind]),
);

/** A frame's bytes up to its payload, which follows as it is. Throws RangeError for a header or payload beyond the caps. */
export function serializeFrameHead(frame: Omit<Frame, "payload">, payloadBytes: number): Uint8Array {
  const header = Object.keys(frame.header).length === 0 ? NOTHING : serializeJson(frame.header);
  if (header.length > MAX_FRAME_HEADER_BYTES) throw new RangeError("the header of a frame is too long");
  if (payloadBytes > MAX_FRAME_PAYLOAD_BYTES) throw new RangeError("the payload of a frame is too long");
  const bytes = new Uint8Array(LENGTH_BYTES + FIXED_BYTES + header.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FIXED_BYTES + header.length + payloadBytes);
  view.setUint8(4, FRAME_KINDS[frame.kind]);
  view.setUint32(5, frame.request);
  view.setUint32(9, header.length);
  bytes.set(header, LENGTH_BYTES + FIXED_BYTES);
  return bytes;
}

/** All bytes of a frame. */
export function serializeFrame(frame: Frame): Uint8Array {
  const head = serializeFrameHead(frame, frame.payload.length);
  const bytes = new Uint8Array(head.length + frame.payload.length);
  bytes.set(head);
  bytes.set(frame.payload, head.length);
  return bytes;
}

/**
 * Takes a stream of bytes as it comes and gives the frames that are complete. At most one frame is kept in memory. Throws
 * REMOTE_FAILED at the first frame that is none, from its first 13 bytes where they tell.
 */
export class FrameReader {
  readonly #bytes = new ByteQueue();

  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    this.#bytes.push(chunk);
    for (let frame = this.#next(); frame !== null; frame = this.#next()) yield frame;
  }

  /** True when the stream may end here: not in the middle of a frame. */
  get isBetweenFrames(): boolean {
    return this.#bytes.length === 0;
  }

  #next(): Frame | null {
    const start = this.#bytes.peek(LENGTH_BYTES + FIXED_BYTES);
    if (start === null) return null;
    const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
    const length = view.getUint32(0);
    const headerLength = view.getUint32(9);
    const kind = checkFixedPart(view.getUint8(4), length, headerLength);
    if (this.#bytes.length < LENGTH_BYTES + length) return null;
    this.#bytes.take(LENGTH_BYTES + FIXED_BYTES);
    const header = this.#bytes.take(headerLength);
    const payload = this.#bytes.take(length - FIXED_BYTES - headerLength);
    return { kind, request: view.getUint32(5), header: parseHeader(header), payload };
  }
}

function checkFixedPart(number: number, length: number, headerLength: number): FrameKind {
  const kind = KIND_BY_NUMBER.get(number);
  if (kind === undefined) throw protocolError(`a frame of the unknown kind ${number}`);
  if (headerLength > MAX_FRAME_HEADER_BYTES) throw protocolError("a frame with too long a header");
  const payload = length - FIXED_BYTES - headerLength;
  if (payload < 0) throw protocolError("a frame shorter than its header");
  if (payload > MAX_FRAME_PAYLOAD_BYTES) throw protocolError("a frame with too long a payload");
  return kind;
}

function parseHeader(bytes: Uint8Array): JsonObject {
  return bytes.length === 0 ? EMPTY : asObject(parseJson(bytes), "the header of a frame");
}

/** Bytes in, in pieces of any size; bytes out, in the pieces that are asked for. Copies a piece only if it spans two. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next `count` bytes, left where they are; null when there are not so many. */
  peek(count: number): Uint8Array | null {
    return this.#length < count ? null : this.#copyOrView(count);
  }

  /** The next `count` bytes, which must be there. */
  take(count: number): Uint8Array {
    const bytes = this.#copyOrView(count);
    this.#length -= count;
    this.#drop(count);
    return bytes;
  }

  #copyOrView(count: number): Uint8Array {
    if (count === 0) return NOTHING;
    const head = this.#chunks[0]!;
    if (head.length - this.#first >= count) return head.subarray(this.#first, this.#first + count);
    const bytes = new Uint8Array(count);
    let filled = 0;
    for (let i = 0; filled < count; i += 1) {
      const from = i === 0 ? this.#first : 0;
      const part = this.#chunks[i]!.subarray(from, from + count - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  #drop(count: number): void {
    let left = this.#first + count;
    let whole = 0;
    while (whole < this.#chunks.length && left >= this.#chunks[whole]!.length) {
      left -= this.#chunks[whole]!.length;
      whole += 1;
    }
    if (whole > 0) this.#chunks = this.#chunks.slice(whole);
    this.#first = left;
  }
}
