import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  comparePointRecords,
  compareRunDigestEntries,
  DAMAGE_KINDS,
  damageOf,
  doubleHex,
  isDamageKind,
  POINT_RECORD_BYTES,
  type Point,
  pointRecord,
  RecordDigestBuilder,
  type RunDigestEntry,
  SeriesHasher,
  serializeRunDigest,
  sortPointRecords,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { newHasher, sha256, utf8 } from "./format-support.js";

const INT64 = 2n ** 63n;
const integer = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -INT64, max: INT64 - 1n }),
  fc.constantFrom(-INT64, INT64 - 1n),
);
const point = fc.record({
  timestamp: integer,
  value: fc.oneof(fc.double(), fc.constantFrom(0, -0, 1)),
  step: integer,
});

function pack(points: readonly Point[]): Uint8Array {
  return Buffer.concat(points.map(pointRecord));
}

function digestOf(points: readonly Point[]): { count: number; sha256: string } {
  const hasher = new SeriesHasher(newHasher());
  hasher.addAll(sortPointRecords(pack(points)));
  return hasher.finish();
}

describe("point records", () => {
  test("their byte order is the order of step, then timestamp", () => {
    fc.assert(
      fc.property(point, point, (a, b) => {
        const order = comparePointRecords(pointRecord(a), pointRecord(b));
        if (a.step < b.step) assert.ok(order < 0);
        else if (a.step <= b.step && a.timestamp < b.timestamp) assert.ok(order < 0);
        assert.equal(pointRecord(a).length, POINT_RECORD_BYTES);
      }),
      { numRuns: 2000 },
    );
  });

  test("a number and the bigint of the same value are one record", () => {
    for (const n of [
      0,
      1,
      -1,
      2 ** 32,
      -(2 ** 32),
      -(2 ** 32) - 1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]) {
      const [a, b] = [n, BigInt(n)].map((step) => pointRecord({ timestamp: step, step, value: 1 }));
      assert.deepEqual(a, b, String(n));
    }
    assert.equal(
      Buffer.from(pointRecord({ step: 1, timestamp: -1, value: Number.NaN })).toString("hex"),
      "80000000000000017fffffffffffffff7ff8000000000000",
    );
  });
});

describe("record digest", () => {
  test("a series is a set: order and repetition do not count, any other point does", () => {
    fc.assert(
      fc.property(
        fc.array(point, { maxLength: 20 }),
        fc.infiniteStream(fc.nat()),
        point,
        (points, stream, other) => {
          const again = [...points, ...points.slice(0, 3)]
            .map((p) => [stream.next().value!, p] as const)
            .sort(([a], [b]) => a - b)
            .map(([, p]) => p);
          assert.deepEqual(digestOf(again), digestOf(points));
          const known = new Set(points.map((p) => Buffer.from(pointRecord(p)).toString("hex")));
          const isNew = !known.has(Buffer.from(pointRecord(other)).toString("hex"));
          assert.equal(digestOf([...points, other]).sha256 !== digestOf(points).sha256, isNew);
          assert.equal(digestOf(points).count, known.size);
        },
      ),
    );
  });

  test("a long series is hashed as its records stand", () => {
    const points = Array.from({ length: 5000 }, (_, i) => ({ step: 4999 - i, timestamp: i, value: i / 7 }));
    const sorted = Buffer.concat([...points].reverse().map(pointRecord));
    assert.deepEqual(digestOf(points), { count: 5000, sha256: sha256(sorted) });
    const hasher = new SeriesHasher(newHasher());
    hasher.add(pointRecord(points[0]!));
    assert.throws(() => hasher.add(pointRecord(points[1]!)), RangeError);
  });

  const build = (fill: (builder: RecordDigestBuilder) => void): string => {
    const builder = new RecordDigestBuilder(newHasher);
    fill(builder);
    return builder.digestHex();
  };
  const dataset = { name: "d", digest: "1", sourceType: "local", source: "s", schema: null, profile: "p" };

  test("is the hash of the documented lines", () => {
    const series = digestOf([{ step: 0, timestamp: 1, value: 0.5 }]);
    const digest = build((b) => {
      b.tag("team", utf8("a"));
      b.tag("runstone.note", utf8("not counted"));
      b.param('l"r', utf8("0.1"));
      b.series("loss", series);
      b.series("loss", series, { name: "d", digest: "1" });
      b.series("empty", digestOf([]));
      b.modelInput("m-1");
      b.datasetInput(dataset, { b: "2", a: "1" });
      b.output("m-2", 7);
      b.artifact("plots/x\n", "c".repeat(64));
      b.param('l"r', utf8("0.1"));
    });
    const lines = [
      "runstone-record 1",
      `artifact "plots/x\\u000a" ${"c".repeat(64)}`,
      'input ["DATASET","d","1","local","s",null,"p",[["a","1"],["b","2"]]]',
      'input ["MODEL","m-1"]',
      `metric "loss" 1 ${series.sha256}`,
      `metric "loss" 1 ${series.sha256} "d" "1"`,
      'output ["m-2","7"]',
      `param "l\\"r" ${sha256(utf8("0.1"))}`,
      `tag "team" ${sha256(utf8("a"))}`,
    ];
    assert.equal(digest, sha256(utf8(`${lines.join("\n")}\n`)));
  });

  test("the order of adding does not count; what is added does", () => {
    const addAll = (steps: readonly ((builder: RecordDigestBuilder) => void)[]) =>
      build((builder) => {
        for (const step of steps) step(builder);
      });
    const steps: ((builder: RecordDigestBuilder) => void)[] = [
      (b) => b.param("a", utf8("1")),
      (b) => b.tag("a", utf8("1")),
      (b) => b.artifact("a", "1"),
      (b) => b.modelInput("a"),
      (b) => b.output("a", 1),
      (b) => b.datasetInput(dataset, {}),
      (b) => b.datasetInput({ ...dataset, schema: "" }, {}),
      (b) => b.series("a", { count: 1, sha256: "1" }),
    ];
    const whole = addAll(steps);
    assert.equal(addAll([...steps].reverse()), whole);
    const parts = steps.map((_, i) => addAll(steps.filter((_, k) => k !== i)));
    assert.equal(new Set([...parts, whole]).size, steps.length + 1);
  });
});

describe("run digest", () => {
  test("lines are as documented", () => {
    const entry: RunDigestEntry = {
      place: "trash",
      experimentId: "5",
      runId: "ab",
      lifecycleStage: "active",
      status: "FAILED",
      startTime: 1,
      endTime: null,
      params: new Map([
        ["b", "h1"],
        ["a", "h2"],
        ["😀", "h4"],
        ["\uffee", "h3"],
      ]),
      tags: new Map([["t\u0001", "h5"]]),
      metrics: new Map([
        ["m", { points: 3, latest: { step: -1, timestamp: 5, value: -0 } }],
        ["none", { points: 0, latest: { step: 0, timestamp: 0, value: 0 } }],
      ]),
    };
    assert.equal(
      serializeRunDigest(entry),
      'run trash 5 ab active FAILED 1 -\np "a" h2\np "b" h1\np "\uffee" h3\np "😀" h4\nt "t\\u0001" h5\nm "m" 3 -1 5 8000000000000000\n',
    );
    const order = [
      entry,
      { ...entry, experimentId: "40" },
      { ...entry, place: "root" as const },
      { ...entry, runId: "aa" },
    ];
    assert.deepEqual(
      order.sort(compareRunDigestEntries).map((e) => `${e.place} ${e.experimentId} ${e.runId}`),
      ["root 5 ab", "trash 40 ab", "trash 5 aa", "trash 5 ab"],
    );
  });

  test("doubles are their bits", () => {
    assert.equal(doubleHex(1), "3ff0000000000000");
    assert.equal(doubleHex(Number.NaN), "7ff8000000000000");
    assert.equal(doubleHex(5e-324), "0000000000000001");
  });
});

describe("kinds of damage", () => {
  test("are words with a sentence each, and a damage takes its severity from them", () => {
    for (const [kind, { description }] of Object.entries(DAMAGE_KINDS)) {
      assert.match(kind, /^[a-z]+(?:_[a-z0-9]+)*$/);
      assert.match(description, /^[A-Z].*\.$/);
    }
    assert.equal(isDamageKind("toString"), false);
    assert.deepEqual(damageOf("metric_line_torn", "0/r/metrics/loss", { offset: 9 }), {
      kind: "metric_line_torn",
      severity: "lost",
      path: "0/r/metrics/loss",
      reason: DAMAGE_KINDS.metric_line_torn.description,
      offset: 9,
    });
  });
});
