import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { pointRecord, SeriesHasher, sortPointRecords } from "../../store-format/index.js";
import { type BarePoint, PointCollector, PointSet } from "../../sync/engine/point-set.js";
import { storedPoint } from "../../sync/mlflow/stored-value.js";
import fc from "../helpers/fast-check.js";

const INTEGER = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(plain));
const POINT: fc.Arbitrary<BarePoint> = fc.record({
  step: INTEGER,
  timestamp: INTEGER,
  value: fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY)),
});
const POINTS = fc.array(POINT, { maxLength: 200 });

/** As the store reads integers. */
function plain(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function textOf({ step, timestamp, value }: BarePoint): string {
  return `${step} ${timestamp} ${Object.is(value, -0) ? "-0" : value}`;
}

test("a set has each point once, whatever the order", () => {
  fc.assert(
    fc.property(POINTS, (points) => {
      const texts = new Set(points.map(textOf));
      const set = PointSet.of([...points, ...points].reverse());
      assert.equal(set.size, texts.size);
      assert.deepEqual(new Set([...set.points()].map(textOf)), texts);
      assert.ok(points.every((point) => set.has(point)));
    }),
  );
});

test("the difference is what one set has and the other has not", () => {
  fc.assert(
    fc.property(POINTS, POINTS, (mine, theirs) => {
      const others = new Set(theirs.map(textOf));
      const left = PointSet.of(mine).without(PointSet.of(theirs));
      const expected = new Set(mine.map(textOf).filter((text) => !others.has(text)));
      assert.deepEqual(new Set([...left.points()].map(textOf)), expected);
      for (const point of theirs) assert.equal(left.has(point), false);
    }),
  );
});

test("its hash is that of the series in a record digest", () => {
  fc.assert(
    fc.property(POINTS, (points) => {
      const hash = createHash("sha256");
      const hasher = new SeriesHasher({
        update: (bytes) => void hash.update(bytes),
        digestHex: () => hash.digest("hex"),
      });
      hasher.addAll(sortPointRecords(Buffer.concat(points.map((point) => pointRecord(point)))));
      const { count, sha256 } = hasher.finish();
      const set = PointSet.of(points);
      assert.deepEqual([set.size, set.sha256()], [count, sha256]);
    }),
  );
});

test("a collector grows as far as it must", () => {
  const collector = new PointCollector();
  for (let step = 0; step < 10_000; step += 1) collector.add({ step, timestamp: 0, value: step });
  const set = collector.finish();
  assert.equal(set.size, 10_000);
  assert.ok(set.has({ step: 9_999, timestamp: 0, value: 9_999 }));
});

test("a server keeps infinities as the largest double, and no sign of zero", () => {
  const stored = (value: number): number => storedPoint({ step: 0, timestamp: 0, value }).value;
  assert.equal(stored(Number.POSITIVE_INFINITY), Number.MAX_VALUE);
  assert.equal(stored(Number.NEGATIVE_INFINITY), -Number.MAX_VALUE);
  assert.ok(Object.is(stored(-0), 0));
  assert.ok(Number.isNaN(stored(Number.NaN)));
  assert.equal(stored(0.1), 0.1);
});
