import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { firstDifference } from "../../core/series/first-difference.js";
import { MovingAverage, smoothBuckets } from "../../core/series/moving-average.js";
import { SeriesBuckets } from "../../core/series/series-buckets.js";
import type { Point } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const values = fc.oneof(fc.double(), fc.double({ min: -1, max: 1, noNaN: true }));
const places = fc.oneof(
  fc.integer({ min: -5, max: 100 }),
  fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
  fc.double({ min: -20, max: 20, noNaN: true }),
);
const points = fc.array(fc.tuple(places, values), { maxLength: 300 });

describe("buckets of a series", () => {
  test("hold the first, last, smallest and greatest point of their stretch, whatever the order", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 2, max: 64 }), (series, capacity) => {
        const held = new SeriesBuckets(capacity);
        for (const [x, y] of series) held.add(x, y);
        const buckets = held.buckets();
        assert.ok(buckets.length <= capacity);
        const finite = series.filter(([, y]) => Number.isFinite(y));
        assert.equal(held.counts.finite, finite.length);
        assert.equal(held.counts.nan, series.filter(([, y]) => Number.isNaN(y)).length);
        let before = Number.NEGATIVE_INFINITY;
        let counted = 0;
        for (const { first, last, min, max, minPositive, count } of buckets) {
          if (first === null || last === null) continue;
          assert.ok(first.x > before, "stretches are apart and in order");
          before = last.x;
          const inside = finite.filter(([x]) => x >= first.x && x <= last.x);
          const ys = inside.map(([, y]) => y);
          assert.equal(count, inside.length);
          counted += count;
          assert.ok(min?.y === Math.min(...ys));
          assert.ok(max?.y === Math.max(...ys));
          const positive = ys.filter((y) => y > 0);
          assert.equal(minPositive?.y, positive.length === 0 ? undefined : Math.min(...positive));
          assert.ok(first.x === Math.min(...inside.map(([x]) => x)));
          assert.ok(last.x === Math.max(...inside.map(([x]) => x)));
        }
        assert.equal(counted, finite.length);
      }),
    );
  });

  test("no bucket is wider than 4 / capacity of the range once they are shared", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 4, max: 64 }), (series, capacity) => {
        const held = new SeriesBuckets(capacity);
        for (const [x] of series) held.add(x, 0);
        const xs = series.map(([x]) => x);
        const range = Math.max(...xs) - Math.min(...xs);
        for (const { first, last } of held.buckets())
          assert.ok(last!.x - first!.x <= (4 * range) / capacity, `${first!.x} ${last!.x} of ${range}`);
      }),
    );
  });

  test("one spike among ten million points is kept, in flat memory", { timeout: 120_000 }, () => {
    const held = new SeriesBuckets(1024);
    for (let step = 0; step < 1e7; step += 1) held.add(step, step === 7_654_321 ? 9 : Math.sin(step / 1e5));
    const greatest = held.buckets().reduce((a, b) => (b.max!.y > a.max!.y ? b : a));
    assert.deepEqual(greatest.max, { x: 7_654_321, y: 9 });
    assert.ok(held.buckets().length <= 1024);
  });

  test("values that are not finite are counted with the first x of each kind", () => {
    const held = new SeriesBuckets();
    for (const [x, y] of [
      [3, Number.NaN],
      [3, 1],
      [4, Number.POSITIVE_INFINITY],
      [5, Number.NEGATIVE_INFINITY],
    ] as const)
      held.add(x, y);
    assert.deepEqual(held.counts, { finite: 1, nan: 1, above: 1, below: 1 });
    assert.deepEqual(
      held.buckets().map(({ nanX, aboveX, belowX }) => [nanX, aboveX, belowX]),
      [
        [3, null, null],
        [null, 4, null],
        [null, null, 5],
      ],
    );
  });
});

describe("the moving average", () => {
  test("of equal values is that value from the first on", () => {
    const average = new MovingAverage(0.9);
    for (let count = 0; count < 5; count += 1) assert.ok(Math.abs(average.push(3) - 3) < 1e-12);
  });

  test("is the weighted mean with weights that fall off towards the past", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (series, weight) => {
          const average = new MovingAverage(weight);
          const got = series.map((value) => average.push(value)).at(-1)!;
          const weights = series.map((_, index) => weight ** (series.length - 1 - index));
          const total = weights.reduce((sum, each) => sum + each, 0);
          const wanted = series.reduce((sum, value, index) => sum + value * weights[index]!, 0) / total;
          assert.ok(Math.abs(got - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted)), `${got} ${wanted}`);
        },
      ),
    );
  });

  test("over buckets of one point each is that over the points", () => {
    const held = new SeriesBuckets();
    const average = new MovingAverage(0.6);
    const wanted = [4, 1, 3].map((y, x) => {
      held.add(x, y);
      return { x, y: average.push(y) };
    });
    assert.deepEqual(smoothBuckets(held.buckets(), 0.6), wanted);
  });
});

describe("where two curves part", () => {
  const series = fc.array(
    fc.record({
      step: fc.integer({ min: 0, max: 12 }),
      value: fc.constantFrom(0, -0, 1, 1.0001, Number.NaN, Number.POSITIVE_INFINITY),
      timestamp: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 20 },
  );

  /** Straight from the definition. */
  function partingStep(a: readonly Point[], b: readonly Point[], tolerance: number): number | null {
    for (let step = 0; step <= 12; step += 1) {
      const [left, right] = [a, b].map((points) => latestAt(points, step));
      if (left === undefined || right === undefined) continue;
      const equal = left === right || (Number.isNaN(left) && Number.isNaN(right));
      if (!equal && !(Math.abs(left - right) <= tolerance)) return step;
    }
    return null;
  }

  function latestAt(points: readonly Point[], step: number): number | undefined {
    let latest: Point | undefined;
    for (const point of points) {
      if (point.step !== step) continue;
      const later =
        latest === undefined ||
        point.timestamp > latest.timestamp ||
        (point.timestamp === latest.timestamp && point.value > latest.value);
      if (later) latest = point;
    }
    return latest?.value;
  }

  test("is the first common step whose latest values differ beyond the tolerance", () => {
    fc.assert(
      fc.property(series, series, fc.constantFrom(0, 0.001), (a, b, tolerance) => {
        const found = firstDifference(
          () => a,
          () => b,
          tolerance,
        );
        assert.equal(found.parts?.step ?? null, partingStep(a, b, tolerance));
      }),
      { numRuns: 500 },
    );
  });

  test("a step that goes back after the curves have parted still counts", () => {
    const a = [point(5, 1), point(2, 7)];
    const b = [point(2, 6), point(5, 2)];
    assert.deepEqual(
      firstDifference(
        () => a,
        () => b,
      ),
      { parts: { step: 2, values: [7, 6] }, commonSteps: 2 },
    );
  });

  function point(step: number, value: number): Point {
    return { step, value, timestamp: 0 };
  }
});
