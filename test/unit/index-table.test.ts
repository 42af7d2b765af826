import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { intercept } from "../../core/fs/index.js";
import { IndexTable, type SegmentPart } from "../../core/index/index-table.js";
import type { IndexedRun } from "../../core/index/indexed-run.js";
import { Segment } from "../../core/index/segment.js";
import { SegmentDamage } from "../../core/index/segment-damage.js";
import { serializeSegment } from "../../core/index/segment-format.js";
import { MemoryRunTable } from "../../core/search/memory-run-table.js";
import type { RunRecord } from "../../core/search/run-record.js";
import fc from "../helpers/fast-check.js";
import { fieldsOf, valuesOf } from "./index-columns.js";
import { indexedRun, indexedRuns } from "./index-runs.js";

const ENTITIES = ["metric", "param", "tag"] as const;
const OPTIONS = {
  asOf: 5,
  stateOf: ({ params }: Pick<RunRecord, "params">) => (Object.keys(params).length > 1 ? "LOST" : "RUNNING"),
};

/** Runs of one segment, which of them count, and whether that is said by null when all do. */
const part = fc
  .tuple(indexedRuns, fc.infiniteStream(fc.boolean()), fc.boolean())
  .map(([runs, counts, all]) => ({
    runs,
    rows: all ? null : Uint32Array.from(runs.keys()).filter(() => counts.next().value),
  }));

interface Part {
  readonly runs: readonly IndexedRun[];
  readonly rows: Uint32Array | null;
}

describe("the table of the index", () => {
  test("agrees with the table of the same records in memory", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const table = new IndexTable(parts.map(segmentPart), OPTIONS);
        assertAgrees(table, parts.flatMap(recordsOf));
      }),
    );
  });

  test("reads columns from a file, whatever its size", () => {
    const directory = mkdtempSync(join(tmpdir(), "runstone-index-"));
    try {
      for (const count of [0, 1, 1500]) {
        const runs = manyRuns(count);
        const path = join(directory, `${count}`);
        const bytes = serializeSegment(runs);
        assert.equal(bytes.length > 1 << 17, count > 1, "the largest is not held in memory");
        writeFileSync(path, bytes);
        const segment = Segment.open(path)!;
        const table = new IndexTable([{ segment, rows: null, experimentDirectory: "/store/0" }], OPTIONS);
        assertAgrees(table, recordsOf({ runs, rows: null }, 0));
        segment.close();
      }
      assert.equal(Segment.open(join(directory, "absent")), null);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("a file that can be read no more is mended like a damaged one", () => {
    const directory = mkdtempSync(join(tmpdir(), "runstone-index-"));
    try {
      const runs = manyRuns(1000);
      const path = join(directory, "segment");
      writeFileSync(path, serializeSegment(runs));
      const segment = Segment.open(path)!;
      const part = { segment, rows: null, experimentDirectory: "/store/0" };
      const recover = () => Segment.from(serializeSegment(runs));
      intercept({
        before(operation) {
          if (operation.name === "read") throw Object.assign(new Error("EIO"), { code: "EIO" });
          return undefined;
        },
      });
      assert.throws(() => new IndexTable([part], OPTIONS).runAt(999), SegmentDamage);
      assert.equal(new IndexTable([part], { ...OPTIONS, recover }).runAt(999).runId, runs[999]!.record.runId);
      segment.close();
    } finally {
      intercept(undefined);
      rmSync(directory, { recursive: true });
    }
  });

  test("damage found in use is mended with the same rows", () => {
    const runs = manyRuns(50);
    const bytes = serializeSegment(runs);
    const segment = Segment.from(bytes, "/index/1");
    bytes.fill(0xff, 0, bytes.length - 8192);
    const damages: SegmentDamage[] = [];
    const recover = (_: SegmentPart, damage: SegmentDamage) => {
      damages.push(damage);
      return Segment.from(serializeSegment(runs));
    };
    const parts = [{ segment, rows: Uint32Array.of(3, 4, 7), experimentDirectory: "/store/0" }];
    const table = new IndexTable(parts, { ...OPTIONS, recover });
    assertAgrees(table, recordsOf({ runs, rows: Uint32Array.of(3, 4, 7) }, 0));
    assert.equal(damages.length, 1);
    assert.equal(damages[0]?.path, "/index/1");
    assert.throws(() => new IndexTable(parts, OPTIONS).runAt(0), SegmentDamage);
  });
});

function segmentPart({ runs, rows }: Part, index: number): SegmentPart {
  return { segment: Segment.from(serializeSegment(runs)), rows, experimentDirectory: `/store/${index}` };
}

function recordsOf({ runs, rows }: Part, index: number): RunRecord[] {
  const counting = rows === null ? runs : Array.from(rows, (row) => runs[row]!);
  return counting.map(({ record }) => ({ ...record, directory: join(`/store/${index}`, record.runId) }));
}

function assertAgrees(table: IndexTable, records: readonly RunRecord[]): void {
  const memory = new MemoryRunTable(records, OPTIONS);
  assert.equal(table.rowCount, records.length);
  assert.equal(table.asOf, memory.asOf);
  for (const [row, record] of records.entries()) assert.deepEqual(table.runAt(row), record);
  for (const { runId } of records) assert.equal(table.rowOf(runId), memory.rowOf(runId));
  assert.equal(table.rowOf("no such run"), null);
  for (const entity of ENTITIES) assert.deepEqual(table.keys(entity), memory.keys(entity));
  for (const field of fieldsOf(memory)) {
    const column = table.column(field);
    assert.deepEqual(valuesOf(column), valuesOf(memory.column(field)), field.key);
    if (column !== null && column.kind !== "number")
      assert.equal(new Set(column.texts).size, column.texts.length, `${field.key}: each text once`);
  }
}

/** Different runs, with columns of each width, sparse and full ones, and more texts than are read together. */
function manyRuns(count: number): readonly IndexedRun[] {
  const [like] = fc.sample(
    indexedRun.filter(({ record }) => record.info !== null),
    { numRuns: 1, seed: 7 },
  );
  return Array.from({ length: count }, (_, index) => {
    const metrics: RunRecord["metrics"] = Object.assign(Object.create(null), {
      loss: summaryOf(index / 7, index),
      [index % 3 === 0 ? "third" : "others"]: summaryOf(index, 2 ** 31 + index),
      [`rare ${index % 30}`]: summaryOf(-index, 5),
    });
    const params = Object.assign(Object.create(null), {
      lr: `${index % 3}`,
      seed: `${index}`,
      narrow: `${index} ${"n".repeat(index % 300)}`,
      wide: `${index} ${"日n".repeat(index % 150)}`,
    });
    const runId = index.toString(16).padStart(32, "0");
    const record = { ...like!.record, runId, experimentId: "0", params, metrics };
    return { ...like!, record };
  });
}

function summaryOf(value: number, step: number): RunRecord["metrics"][string] {
  const mark = { value, step };
  return {
    last: { ...mark, timestamp: 1_700_000_000_000 + step },
    min: mark,
    max: { value: value + 1, step },
    first: mark,
    count: (step % 300) + 1,
  };
}
