import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Segment } from "../../core/index/segment.js";
import { serializeSegment } from "../../core/index/segment-format.js";
import fc from "../helpers/fast-check.js";
import { fieldsOf, tableOf, valuesOf } from "./index-columns.js";
import { indexedRuns } from "./index-runs.js";

const ENTITIES = ["metric", "param", "tag"] as const;

describe("index segments", () => {
  test("every run comes back as it was", () => {
    fc.assert(
      fc.property(indexedRuns, (runs) => {
        const segment = Segment.from(serializeSegment(runs));
        assert.equal(segment.rowCount, runs.length);
        for (const [row, run] of runs.entries()) assert.deepEqual(segment.indexedRunAt(row), run);
      }),
    );
  });

  test("every column has the values of the records", () => {
    fc.assert(
      fc.property(indexedRuns, (runs) => {
        const segment = Segment.from(serializeSegment(runs));
        const memory = tableOf(runs);
        for (const entity of ENTITIES) assert.deepEqual(segment.keys(entity), memory.keys(entity));
        for (const field of fieldsOf(memory)) {
          if (field.key === "state") continue;
          assert.deepEqual(valuesOf(segment.column(field)), valuesOf(memory.column(field)), field.key);
        }
        assert.deepEqual(
          segment.runIds(),
          runs.map(({ record }) => record.runId),
        );
      }),
    );
  });
});
