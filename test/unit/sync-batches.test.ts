/** How points are cut into requests: nothing lost, nothing doubled, no request larger than a server takes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { logBatchRequest, serializeJson } from "../../protocol/mlflow/index.js";
import type { Metric } from "../../store-format/index.js";
import { firstBatches, repeatableBatches } from "../../sync/mlflow/metric-batches.js";
import fc from "../helpers/fast-check.js";

const METRIC: fc.Arbitrary<Metric> = fc.record({
  key: fc.constantFrom("loss", "acc", "ünï/кода"),
  step: fc.integer(),
  timestamp: fc.nat(),
  value: fc.double(),
});
const METRICS = fc.array(METRIC, { maxLength: 2_500, size: "max" });
const VALUES = fc.dictionary(fc.string({ minLength: 1, maxLength: 30 }), fc.string({ maxLength: 6_000 }), {
  maxKeys: 250,
  size: "max",
});

describe("requests for a run that the server has nothing of", () => {
  test("hold everything once, in order, within the server's limits", () => {
    fc.assert(
      fc.property(VALUES, METRICS, (params, metrics) => {
        const batches = [...firstBatches(params, {}, metrics)];
        for (const batch of batches) {
          const counts = [batch.metrics.length, Object.keys(batch.params).length] as const;
          assert.ok(counts[0] <= 1_000 && counts[1] <= 100 && counts[0] + counts[1] <= 1_000);
          assert.ok(counts[0] + counts[1] > 0);
          const body = serializeJson(logBatchRequest("0".repeat(32), batch));
          assert.ok(Buffer.byteLength(body) <= 1_000_000);
        }
        assert.deepEqual(
          batches.flatMap((batch) => batch.metrics),
          metrics,
        );
        const sent = batches.flatMap((batch) => Object.entries(batch.params));
        assert.deepEqual(sent, Object.entries(params));
      }),
      { numRuns: 10 },
    );
  });

  test("are as few as can be", () => {
    const metrics = Array.from({ length: 1_990 }, (_, step) => ({ key: "m", step, timestamp: 0, value: 1 }));
    assert.equal([...firstBatches({ a: "1" }, { b: "2" }, metrics)].length, 2);
  });

  test("a single value that is larger than a request goes alone", () => {
    const batches = [...firstBatches({ a: "x".repeat(2_000_000), b: "1" }, {}, [])];
    assert.deepEqual(
      batches.map(({ params }) => Object.keys(params)),
      [["a"], ["b"]],
    );
  });
});

describe("requests that may arrive twice", () => {
  test("have at most 100 points, or one key; NaN stands alone", () => {
    fc.assert(
      fc.property(METRICS, (metrics) => {
        const batches = [...repeatableBatches(metrics)];
        for (const batch of batches) {
          const keys = new Set(batch.map(({ key }) => key));
          assert.ok(batch.length > 0 && batch.length <= (keys.size === 1 ? 1_000 : 100));
          assert.ok(batch.length === 1 || batch.every(({ value }) => !Number.isNaN(value)));
        }
        const byText = (list: readonly Metric[]): string[] =>
          list
            .map(({ key, step, timestamp, value }) => serializeJson({ key, step, timestamp, value }))
            .sort();
        assert.deepEqual(byText(batches.flat()), byText(metrics));
      }),
      { numRuns: 10 },
    );
  });

  test("of one key take a thousand points", () => {
    const metrics = Array.from({ length: 2_000 }, (_, step) => ({ key: "m", step, timestamp: 0, value: 1 }));
    assert.equal([...repeatableBatches(metrics)].length, 2);
  });
});
