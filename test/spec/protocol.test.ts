/** Every example of PROTOCOL.md is what the code reads and writes; its tables have the code's numbers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as protocol from "../../protocol/index.js";
import { METHOD_NAMES } from "../../sync/native/answer-peer.js";

const page = readFileSync("PROTOCOL.md", "utf8");

/** Pairs of a block of bytes and the JSON that follows it. */
function examples(kind: string): { bytes: Buffer; json: unknown }[] {
  const blocks = page.matchAll(
    new RegExp(`\`\`\`${kind}\\n([0-9a-f\\n]+)\`\`\`\\n\\n\`\`\`json\\n([^]*?)\`\`\``, "g"),
  );
  return Array.from(blocks, ([, hex, json]) => ({
    bytes: Buffer.from(hex!.replaceAll("\n", ""), "hex"),
    json: JSON.parse(json!),
  }));
}

test("the frames of the page are read as it says, and written alike", () => {
  const found = examples("frames");
  assert.equal(found.length, 1);
  for (const { bytes, json } of found) {
    const frames = [...new protocol.FrameReader().push(bytes)];
    assert.deepEqual(
      frames.map(({ kind, request, header }) => ({ kind, request, header })),
      json,
    );
    assert.deepEqual(Buffer.concat(frames.map(protocol.serializeFrame)), bytes);
    const data = frames.find(({ kind }) => kind === "data")!;
    const [item] = [...new protocol.ItemReader().push(data.payload)];
    assert.equal(protocol.parseHeads(item!)[0]?.mark, "fb51.e1b1");
  }
});

test("the item of the page is the point it says", () => {
  const [{ bytes, json }] = examples("item") as [{ bytes: Buffer; json: unknown }];
  const [item] = [...new protocol.ItemReader().push(bytes)];
  assert.deepEqual(item!.head, json);
  assert.equal(item!.data.length, 24);
});

test("kinds, caps and methods are those of the code", () => {
  for (const [kind, number] of Object.entries(protocol.FRAME_KINDS))
    assert.match(page, new RegExp(`^\\| \`${kind}\` +\\| ${number} `, "m"));
  for (const cap of [
    protocol.MAX_FRAME_HEADER_BYTES,
    protocol.MAX_FRAME_PAYLOAD_BYTES,
    protocol.MAX_ITEM_HEAD_BYTES,
    protocol.MAX_ITEM_DATA_BYTES,
    protocol.MAX_JSON_DEPTH,
    protocol.INITIAL_WINDOW_BYTES,
    protocol.MAX_OPEN_REQUESTS,
    protocol.MAX_LIST_ENTRIES,
  ])
    assert.ok(page.includes(cap.toLocaleString("en")), `the page lacks ${cap}`);
  const described = Array.from(page.matchAll(/^### `(\w+)`$/gm), ([, name]) => name);
  assert.deepEqual(described.sort(), [...METHOD_NAMES].sort());
});
