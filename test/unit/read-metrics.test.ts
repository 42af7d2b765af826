/** Points: formats of every MLflow, several writers, folds at every step, links, memory. */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readLatestMetrics, readMetricKeys, readMetricPoints, readRun } from "../../core/index.js";
import { type Damage, type Point, serializeFold, serializeLink } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { makeStore, oneRun, onlyRun, type Tree, told } from "./read-fixture.js";

function pointsOf(
  context: test.TestContext,
  tree: Tree,
  key = "loss",
): { points: Point[]; damages: string[] } {
  const damages: Damage[] = [];
  const run = onlyRun(makeStore(context, oneRun(tree)));
  return {
    points: [...readMetricPoints(run, key, (damage) => damages.push(damage))],
    damages: damages.map(told),
  };
}

test("lines of 2, 3 and 5 fields; huge steps and timestamps are not rounded", (context) => {
  const { points, damages } = pointsOf(context, {
    "1/RUN/metrics/loss":
      "1544090136 0.5\n2 nan -3\n3 -inf 7 invoices-train 5f2c81aa\n1748764900123456789 1e-05 9007199254740993\n",
  });
  assert.deepEqual(points, [
    { timestamp: 1544090136, value: 0.5, step: 0 },
    { timestamp: 2, value: Number.NaN, step: -3 },
    {
      timestamp: 3,
      value: Number.NEGATIVE_INFINITY,
      step: 7,
      dataset: { name: "invoices-train", digest: "5f2c81aa" },
    },
    { timestamp: 1748764900123456789n, value: 1e-5, step: 9007199254740993n },
  ]);
  assert.deepEqual(damages, []);
});

test("an unknown key has no points and is no damage", (context) => {
  assert.deepEqual(pointsOf(context, {}, "none"), { points: [], damages: [] });
});

test("points of further writers come after the run's own, in slot order", (context) => {
  const { points } = pointsOf(context, {
    "1/RUN/metrics/loss": "1 1 0\n",
    "1/RUN/writers/10/metrics/loss": "4 4 0\n",
    "1/RUN/writers/2/metrics/loss": "3 3 0\n",
    "1/RUN/writers/1/metrics/loss": "2 2 0\n",
    "1/RUN/writers/x/metrics/loss": "9 9 0\n",
  });
  assert.deepEqual(
    points.map(({ value }) => value),
    [1, 2, 3, 4],
  );
});

test("keys of further writers are keys of the run, their latest points count", (context) => {
  const run = onlyRun(
    makeStore(
      context,
      oneRun({
        "1/RUN/metrics/loss": "1 1 5\n",
        "1/RUN/writers/1/metrics/loss": "2 2 6\n",
        "1/RUN/writers/1/metrics/train/acc": "2 0.5 6\n",
      }),
    ),
  );
  assert.deepEqual(
    readMetricKeys(run, () => {}),
    ["loss", "train/acc"],
  );
  assert.deepEqual(
    { ...readLatestMetrics(run, () => {}) },
    { loss: { timestamp: 2, value: 2, step: 6 }, "train/acc": { timestamp: 2, value: 0.5, step: 6 } },
  );
});

test("an unterminated line of a live writer is no damage, and no point either way", (context) => {
  const owner = { "1/RUN/writers/0/owner.yaml": "half a claim" };
  const live = pointsOf(context, { ...owner, "1/RUN/metrics/loss": "1 1 0\n2 2" });
  assert.deepEqual(live, { points: [{ timestamp: 1, value: 1, step: 0 }], damages: [] });
  const dead = pointsOf(context, { "1/RUN/metrics/loss": "1 1 0\n2 2" });
  assert.deepEqual(dead, { points: live.points, damages: ["metric_line_torn 1/RUN/metrics/loss@6"] });
});

describe("a fold shows the same points at every step", () => {
  const base = "1 1 0\n2 2 1\n";
  const slots = { 1: "3 3 0\n", 2: "4 4 0\n5 5 1\n" };
  const fold = serializeFold({ metrics: [{ key: "loss", length: base.length }], links: 0 });
  const whole = base + slots[1] + slots[2];
  const writers = { "1/RUN/writers/1/metrics/loss": slots[1], "1/RUN/writers/2/metrics/loss": slots[2] };
  const steps: Readonly<Record<string, Tree>> = {
    "before it": { "1/RUN/metrics/loss": base, ...writers },
    "journal written": { "1/RUN/metrics/loss": base, ...writers, "1/RUN/writers/fold.jsonl": fold },
    "half a line appended": {
      "1/RUN/metrics/loss": `${base}3 `,
      ...writers,
      "1/RUN/writers/fold.jsonl": fold,
    },
    "all appended": { "1/RUN/metrics/loss": whole, ...writers, "1/RUN/writers/fold.jsonl": fold },
    "writers/ renamed away": {
      "1/RUN/metrics/loss": whole,
      "1/RUN/.runstone-tmp-1-00/1/metrics/loss": slots[1],
    },
  };
  for (const [name, tree] of Object.entries(steps)) {
    test(name, (context) => {
      const { points, damages } = pointsOf(context, tree);
      assert.deepEqual(
        points.map(({ value }) => value),
        [1, 2, 3, 4, 5],
      );
      assert.deepEqual(damages, []);
    });
  }
});

test("a fold that happens while a series is read neither hides nor doubles points", (context) => {
  const paths = makeStore(
    context,
    oneRun({ "1/RUN/metrics/loss": "1 1 0\n", "1/RUN/writers/1/metrics/loss": "2 2 0\n" }),
  );
  const run = onlyRun(paths);
  const points = readMetricPoints(run, "loss", () => {});
  const first = points.next();
  const writers = join(run.directory, "writers");
  writeFileSync(
    join(writers, "fold.jsonl"),
    serializeFold({ metrics: [{ key: "loss", length: 6 }], links: 0 }),
  );
  appendFileSync(join(run.directory, "metrics", "loss"), "2 2 0\n");
  renameSync(writers, join(run.directory, ".runstone-tmp-1-00"));
  rmSync(join(run.directory, ".runstone-tmp-1-00"), { recursive: true });
  assert.deepEqual(
    [first.value, ...points].map((point) => point?.value),
    [1, 2],
  );
  assert.deepEqual(
    [...readMetricPoints(run, "loss", () => {})].map(({ value }) => value),
    [1, 2],
  );
});

test("links give points their dataset and model, also of further writers; a lost one blocks no other", (context) => {
  const dataset = { name: "train", digest: "5f2c81aa" };
  const link = (timestamp: number | bigint, value: number, more: object = { dataset }) =>
    serializeLink({ key: "loss", timestamp, value, step: 0, ...more });
  const tree = {
    "1/RUN/metrics/loss": "1 1 0\n2 nan 0\n3 0.0 0\n3 -0.0 0\n4 4 0\n4 4 0\n1748764900123456789 6 0\n",
    "1/RUN/links.jsonl": [
      link(0, 99),
      link(2, Number.NaN),
      serializeLink({ key: "other", timestamp: 1, value: 1, step: 0, dataset }),
      link(3, -0),
      link(4, 4, { modelId: "m-1" }),
      link(1748764900123456789n, 6),
      '{"key":"loss","timestamp":1',
    ].join(""),
    "1/RUN/writers/1/metrics/loss": "1 1 0\n",
    "1/RUN/writers/1/links.jsonl": link(1, 1),
  };
  const { points } = pointsOf(context, tree);
  assert.deepEqual(
    points.map(({ dataset: of, modelId }) => of?.digest ?? modelId ?? null),
    [null, "5f2c81aa", null, "5f2c81aa", "m-1", null, "5f2c81aa", "5f2c81aa"],
  );
  const run = onlyRun(makeStore(context, oneRun(tree)));
  assert.deepEqual(readLatestMetrics(run, () => {})["loss"], {
    timestamp: 1748764900123456789n,
    value: 6,
    step: 0,
    dataset,
  });
});

test("a series that is read in part closes its files", (context) => {
  const run = onlyRun(makeStore(context, oneRun({ "1/RUN/metrics/loss": "1 1 0\n".repeat(100_000) })));
  for (let i = 0; i < 2_000; i++) for (const _ of readMetricPoints(run, "loss", () => {})) break;
  assert.equal([...readMetricPoints(run, "loss", () => {})].length, 100_000);
});

test("a line feed that falls between two blocks splits no line", (context) => {
  const lines: string[] = [];
  for (let i = 0; lines.length < 60_000; i++) lines.push(`${1748764900000 + i} 0.${i + 1} ${i}\n`);
  const run = onlyRun(makeStore(context, oneRun({ "1/RUN/metrics/loss": lines.join("") })));
  let i = 0;
  for (const point of readMetricPoints(run, "loss", (damage) => assert.fail(told(damage)))) {
    assert.equal(point.step, i);
    i += 1;
  }
  assert.equal(i, 60_000);
  assert.equal(readRun(run, () => {}).metrics["loss"]?.step, 59_999);
});

test("reading is the inverse of any way that points are spread over writers (property)", (context) => {
  const paths = makeStore(context, oneRun());
  const run = onlyRun(paths);
  const point = fc.record(
    { timestamp: fc.nat(), value: fc.integer(), step: fc.integer() },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(fc.array(point, { maxLength: 5 }), { maxLength: 4 }), (slots) => {
      rmSync(join(run.directory, "writers"), { recursive: true, force: true });
      slots.forEach((points, n) => {
        const directory = n === 0 ? run.directory : join(run.directory, "writers", String(n));
        mkdirSync(join(directory, "metrics"), { recursive: true });
        const lines = points.map(({ timestamp, value, step }) => `${timestamp} ${value}.0 ${step}\n`);
        writeFileSync(join(directory, "metrics", "loss"), lines.join(""));
      });
      const expected = slots.length === 0 ? undefined : slots.flat();
      if (expected !== undefined) assert.deepEqual([...readMetricPoints(run, "loss", () => {})], expected);
    }),
    { numRuns: 50 },
  );
});
