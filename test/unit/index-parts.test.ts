/** How runs are divided into index files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { IndexedRun } from "../../core/index/indexed-run.js";
import { PartsBuilder, type ShardPart } from "../../core/index/shard.js";
import { recordOf } from "./search-records.js";

const MAX_TEXT_BYTES = 100_000;

function runs(from: number, to: number, length: number): IndexedRun[] {
  return Array.from({ length: to - from }, (_, index) => {
    const id = `${from + index}`.padStart(32, "0");
    const { directory: _directory, ...record } = recordOf({
      id,
      tags: { note: `${id} `.padEnd(length, "x") },
    });
    return { record, signature: { structure: 1n, content: 2n, readAtMs: 3, flags: 0 } };
  });
}

function partsWith(more: readonly IndexedRun[], before: readonly ShardPart[] = []): ShardPart[] {
  const builder = new PartsBuilder(MAX_TEXT_BYTES);
  for (const run of more) builder.add(run);
  return builder.finish(before);
}

function notesIn(parts: readonly ShardPart[]): (string | undefined)[] {
  const records = parts.flatMap(({ segment, rows }) => Array.from(rows, (row) => segment.recordAt(row)));
  return records.map(({ tags }) => tags.note?.trim().slice(0, 32)).sort();
}

test("runs with long texts are divided by bytes", () => {
  const parts = partsWith(runs(0, 100, 5_000));
  assert.ok(parts.length >= 10, String(parts.length));
  for (const { segment } of parts) assert.ok(segment.size < 2 * MAX_TEXT_BYTES, String(segment.size));
  assert.deepEqual(
    notesIn(parts),
    runs(0, 100, 40).map(({ record }) => record.runId),
  );
});

test("one run with more than that is a part of its own", () => {
  const parts = partsWith(runs(0, 3, MAX_TEXT_BYTES));
  assert.deepEqual(
    parts.map(({ rows }) => rows.length),
    [1, 1, 1],
  );
});

test("full parts are not written again when more runs come", () => {
  const before = partsWith(runs(0, 100, 5_000));
  const after = partsWith(runs(100, 200, 5_000), before);
  const kept = before.filter((part) => after.includes(part));
  assert.ok(kept.length >= before.length - 1, `${kept.length} of ${before.length}`);
  assert.equal(notesIn(after).length, 200);
});

test("runs with short texts stay together", () => {
  const before = partsWith(runs(0, 20, 50));
  assert.equal(before.length, 1);
  assert.equal(partsWith(runs(20, 40, 50), before).length, 1);
});
