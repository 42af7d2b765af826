/** The statistics of groups against tables and against their definitions. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { studentQuantile, studentTail } from "../../core/search/student-t.js";
import { valueStatistics } from "../../core/search/value-statistics.js";
import fc from "../helpers/fast-check.js";

/** Two-sided 95 %, from the NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. */
const TABLE_975: readonly (readonly [number, number])[] = [
  [1, 12.706],
  [2, 4.303],
  [3, 3.182],
  [4, 2.776],
  [5, 2.571],
  [6, 2.447],
  [7, 2.365],
  [8, 2.306],
  [9, 2.262],
  [10, 2.228],
  [15, 2.131],
  [20, 2.086],
  [29, 2.045],
  [30, 2.042],
  [60, 2.0],
  [100, 1.984],
];

/** The same table at other probabilities. */
const TABLE_OTHERS: readonly (readonly [number, number, number])[] = [
  [0.9, 1, 3.078],
  [0.9, 10, 1.372],
  [0.95, 5, 2.015],
  [0.99, 3, 4.541],
  [0.995, 2, 9.925],
  [0.999, 4, 7.173],
  [0.999, 100, 3.174],
];

describe("Student's t", () => {
  test("the quantiles are those of printed tables", () => {
    for (const [degrees, quantile] of TABLE_975)
      assert.equal(studentQuantile(0.975, degrees).toFixed(3), quantile.toFixed(3), `${degrees} degrees`);
    for (const [probability, degrees, quantile] of TABLE_OTHERS)
      assert.equal(studentQuantile(probability, degrees).toFixed(3), quantile.toFixed(3));
  });

  test("the closed forms for one and two degrees of freedom hold to twelve digits", () => {
    for (const p of [0.51, 0.6, 0.75, 0.9, 0.975, 0.999]) {
      close(studentQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)));
      close(studentQuantile(p, 2), (2 * p - 1) * Math.sqrt(2 / (4 * p * (1 - p))));
    }
  });

  test("with many degrees of freedom it is the normal distribution", () => {
    assert.ok(Math.abs(studentQuantile(0.975, 1e7) - 1.959963984540054) < 1e-6);
  });

  test("the quantile undoes the tail, and both signs mirror each other", () => {
    const arguments_ = [
      fc.double({ min: 0.001, max: 0.49, noNaN: true }),
      fc.integer({ min: 1, max: 500 }),
    ] as const;
    fc.assert(
      fc.property(...arguments_, (tail, degrees) => {
        const t = studentQuantile(1 - tail, degrees);
        assert.ok(Math.abs(studentTail(t, degrees) - tail) < 1e-10 * tail + 1e-14);
        assert.ok(Math.abs(studentQuantile(tail, degrees) + t) < 1e-9 * t);
      }),
      { numRuns: 200 },
    );
  });

  test("what is no probability and no degrees of freedom is refused", () => {
    for (const bad of [0, 1, -1, Number.NaN]) assert.throws(() => studentQuantile(bad, 3), RangeError);
    for (const bad of [0, -1, Number.NaN]) assert.throws(() => studentQuantile(0.9, bad), RangeError);
  });
});

describe("statistics of values", () => {
  test("a worked example: mean, sample deviation, interval", () => {
    const { n, mean, std, ci95, min, max } = valueStatistics([0.81, 0.79, 0.84, 0.8, 0.83]);
    assert.deepEqual([n, min, max], [5, 0.79, 0.84]);
    close(mean!, 0.814);
    close(std!, Math.sqrt(0.00172 / 4));
    close(ci95!, (2.7764451051977987 * Math.sqrt(0.00172 / 4)) / Math.sqrt(5));
  });

  test("one value has no deviation and no interval", () => {
    assert.deepEqual(valueStatistics([3]), {
      n: 1,
      notFinite: 0,
      missing: 0,
      mean: 3,
      std: null,
      ci95: null,
      min: 3,
      max: 3,
    });
  });

  test("no value at all has nothing", () => {
    const { n, mean, min, max, missing } = valueStatistics([null, null]);
    assert.deepEqual([n, mean, min, max, missing], [0, null, null, null, 2]);
  });

  test("NaN and infinities are counted and left out, so is what is missing", () => {
    const found = valueStatistics([1, Number.NaN, Number.POSITIVE_INFINITY, null, 3]);
    assert.deepEqual([found.n, found.notFinite, found.missing, found.mean], [2, 2, 1, 2]);
  });

  test("a large offset does not eat the deviation, equal values have none", () => {
    close(valueStatistics([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).std!, Math.sqrt(30));
    assert.equal(valueStatistics([0.1, 0.1, 0.1]).std, 0);
  });
});

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected), `${actual} is not ${expected}`);
}
