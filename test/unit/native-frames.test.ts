import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FRAME_KINDS,
  type Frame,
  type FrameKind,
  FrameReader,
  type Item,
  ItemReader,
  MAX_FRAME_HEADER_BYTES,
  MAX_FRAME_PAYLOAD_BYTES,
  MAX_ITEM_DATA_BYTES,
  MAX_ITEM_HEAD_BYTES,
  MAX_JSON_DEPTH,
  serializeFrame,
  serializeItem,
} from "../../protocol/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const kinds = Object.keys(FRAME_KINDS) as FrameKind[];
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)));
const plain = { noNullPrototype: true };
const frames = fc.record(
  {
    kind: fc.constantFrom(...kinds),
    request: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    header: fc.dictionary(fc.string(), json).map((map) => JSON.parse(JSON.stringify(map))),
    payload: fc.uint8Array({ maxLength: 300 }),
  },
  plain,
);
const items = fc.record({ head: json, data: fc.uint8Array({ maxLength: 300 }) }, plain);

/** The bytes cut at these places. */
function* cut(bytes: Uint8Array, places: readonly number[]): Generator<Uint8Array> {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let i = 1; i < at.length; i += 1) yield bytes.slice(at[i - 1], at[i]);
}

function readFrames(pieces: Iterable<Uint8Array>): Frame[] {
  const reader = new FrameReader();
  return [...pieces].flatMap((piece) => [...reader.push(piece)]);
}

function readItems(pieces: Iterable<Uint8Array>): Item[] {
  const reader = new ItemReader();
  const found = [...pieces].flatMap((piece) => [...reader.push(piece)]);
  reader.end();
  return found;
}

function breaksProtocol(call: () => unknown): void {
  assert.throws(call, (error) => isRunstoneError(error, "REMOTE_FAILED"));
}

/** The first bytes of a frame, as a hostile side may send them. */
function frameHead(length: number, kind: number, headerLength: number): Uint8Array {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  view.setUint8(4, kind);
  view.setUint32(9, headerLength);
  return bytes;
}

function itemHead(headLength: number, dataLength: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, headLength);
  new DataView(bytes.buffer).setUint32(4, dataLength);
  return bytes;
}

describe("frames", () => {
  test("what was written is read, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 5 }), fc.array(fc.nat()), (list, places) => {
        const bytes = Buffer.concat(list.map(serializeFrame));
        assert.deepEqual(
          readFrames(cut(bytes, places)).map((frame) => ({
            ...frame,
            payload: new Uint8Array(frame.payload),
          })),
          list,
        );
      }),
    );
  });

  test("any bytes are frames, or break the protocol, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readFrames([bytes]);
        } catch (error) {
          assert.ok(isRunstoneError(error, "REMOTE_FAILED"), String(error));
        }
      }),
    );
  });

  test("lengths beyond the caps are refused before anything else is read", () => {
    const huge = 0xffff_ffff;
    breaksProtocol(() => readFrames([frameHead(huge, 4, 0)]));
    breaksProtocol(() => readFrames([frameHead(huge, 2, huge)]));
    breaksProtocol(() => readFrames([frameHead(9 + MAX_FRAME_PAYLOAD_BYTES + 1, 4, 0)]));
    breaksProtocol(() =>
      readFrames([frameHead(9 + MAX_FRAME_HEADER_BYTES + 1, 2, MAX_FRAME_HEADER_BYTES + 1)]),
    );
    breaksProtocol(() => readFrames([frameHead(8, 4, 0)]));
    assert.deepEqual(readFrames([frameHead(9 + MAX_FRAME_PAYLOAD_BYTES, 4, 0)]), []);
  });

  test("an unknown kind is refused", () => {
    for (const kind of [0, 9, 255]) breaksProtocol(() => readFrames([frameHead(9, kind, 0)]));
  });

  test("a header that is no JSON object, or nests too deep, is refused", () => {
    const withHeader = (text: string): Uint8Array =>
      Buffer.concat([frameHead(9 + text.length, 2, text.length), Buffer.from(text)]);
    for (const text of ["[]", "null", "{", '"a"', "\xff"])
      breaksProtocol(() => readFrames([withHeader(text)]));
    const nested = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    assert.equal(readFrames([withHeader(nested(MAX_JSON_DEPTH))]).length, 1);
    breaksProtocol(() => readFrames([withHeader(nested(MAX_JSON_DEPTH + 1))]));
  });
});

describe("items", () => {
  test("what was written is read, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(items, { maxLength: 5 }), fc.array(fc.nat()), (list, places) => {
        const bytes = Buffer.concat(list.map(({ head, data }) => serializeItem(head, data)));
        const found = readItems(cut(bytes, places));
        assert.deepEqual(
          found.map(({ head, data }) => ({ head, data: new Uint8Array(data) })),
          list,
        );
      }),
    );
  });

  test("lengths beyond the caps are refused before anything else is read", () => {
    breaksProtocol(() => readItems([itemHead(MAX_ITEM_HEAD_BYTES + 1, 0)]));
    breaksProtocol(() => readItems([itemHead(2, MAX_ITEM_DATA_BYTES + 1)]));
  });

  test("a body that ends within an item is refused", () => {
    const bytes = serializeItem({ a: 1 }, new Uint8Array(5));
    for (let end = 1; end < bytes.length; end += 1) breaksProtocol(() => readItems([bytes.slice(0, end)]));
  });
});
