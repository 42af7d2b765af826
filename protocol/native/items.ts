/**
 * Items: what the body of a request or answer is made of (PROTOCOL.md, section 4), however it is cut into frames.
 *
 * ```
 * 4 bytes  length of the head, big-endian
 * 4 bytes  length of the data, big-endian
 *          head: one JSON value in UTF-8
 *          data
 * ```
 */
import { ByteQueue } from "./frames.js";
import { parseJson, protocolError, serializeJson } from "./json.js";
import { MAX_ITEM_DATA_BYTES, MAX_ITEM_HEAD_BYTES } from "./limits.js";

export interface Item {
  /** Any JSON value; its shape is the method's. */
  readonly head: unknown;
  readonly data: Uint8Array;
}

const FIXED_BYTES = 8;
const NOTHING = new Uint8Array(0);

/** The bytes of an item, data included. Throws RangeError beyond the caps. */
export function serializeItem(head: unknown, data: Uint8Array = NOTHING): Uint8Array {
  const text = serializeJson(head);
  if (text.length > MAX_ITEM_HEAD_BYTES) throw new RangeError("the head of an item is too long");
  if (data.length > MAX_ITEM_DATA_BYTES) throw new RangeError("the data of an item is too long");
  const bytes = new Uint8Array(FIXED_BYTES + text.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, text.length);
  view.setUint32(4, data.length);
  bytes.set(text, FIXED_BYTES);
  bytes.set(data, FIXED_BYTES + text.length);
  return bytes;
}

/** Takes a body as it comes and gives the items that are complete. Throws REMOTE_FAILED as soon as an item is none. */
export class ItemReader {
  readonly #bytes = new ByteQueue();

  *push(chunk: Uint8Array): Generator<Item, void, undefined> {
    this.#bytes.push(chunk);
    for (let item = this.#next(); item !== null; item = this.#next()) yield item;
  }

  /** The body is over. Throws REMOTE_FAILED when it ends within an item. */
  end(): void {
    if (this.#bytes.length > 0) throw protocolError("a body that ends within an item");
  }

  #next(): Item | null {
    const start = this.#bytes.peek(FIXED_BYTES);
    if (start === null) return null;
    const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
    const headLength = view.getUint32(0);
    const dataLength = view.getUint32(4);
    if (headLength > MAX_ITEM_HEAD_BYTES) throw protocolError("an item with too long a head");
    if (dataLength > MAX_ITEM_DATA_BYTES) throw protocolError("an item with too much data");
    if (this.#bytes.length < FIXED_BYTES + headLength + dataLength) return null;
    this.#bytes.take(FIXED_BYTES);
    const head = parseJson(this.#bytes.take(headLength));
    return { head, data: this.#bytes.take(dataLength) };
  }
}
