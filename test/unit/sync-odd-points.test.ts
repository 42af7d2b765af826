/** Values that a server does not hold as they are (infinities, -0) come back as they were. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mustFindRun } from "../../core/index.js";
import { readSeries } from "../../core/transfer/index.js";
import { PointSet } from "../../sync/engine/point-set.js";
import {
  isOddPointsTag,
  NO_ODD_POINTS,
  oddPointTags,
  parseOddPoints,
  restorePoints,
} from "../../sync/mlflow/odd-points.js";
import { storedPoint } from "../../sync/mlflow/stored-value.js";
import fc from "../helpers/fast-check.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { makeRun, newWorkspace } from "../helpers/transfer-store.js";
import { pullOnce } from "../sync/pull-once.js";
import { pushOnce } from "../sync/push-once.js";

const VALUES = [
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0,
  Number.MAX_VALUE,
  Number.NaN,
  1,
] as const;

function series(key: string, values: readonly number[]) {
  return values.map((value, index) => ({
    key,
    step: index % 3,
    timestamp: 1_700_000_000_000 + (index % 2),
    value,
  }));
}

test("a run with infinities and -0 comes back the same from a server, and a second push has nothing", async (t) => {
  const server = await startMlflowModel(t);
  const [a, b] = [newWorkspace(t), newWorkspace(t)];
  const { runId } = await makeRun(a, { metrics: [...series("loss", VALUES), ...series("plain", [1, 2, 3])] });
  const at = { directory: a.context.workspace!, url: server.url };
  assert.deepEqual((await pushOnce(at)).counts.failed, 0);
  await pullOnce({ directory: b.context.workspace!, url: server.url });
  const pointsIn = ({ context }: typeof a): PointSet => {
    const chunks = [...readSeries(mustFindRun(context, runId), "loss").chunks];
    return PointSet.of(chunks.flatMap(({ points }) => points));
  };
  assert.ok(pointsIn(b).equals(pointsIn(a)), JSON.stringify([...pointsIn(b).points()].map(String)));
  const again = await pushOnce({ directory: b.context.workspace!, url: server.url });
  assert.deepEqual([again.counts.done, again.counts.failed], [0, 0]);
  const pulled = await pullOnce({ ...at, pull: { recheck: true } });
  assert.deepEqual([pulled.counts.done, pulled.counts.conflict, pulled.counts.failed], [0, 0, 0]);
});

test("whatever points a run has, they are restored from what a server holds and the tags", async (t) => {
  const store = newWorkspace(t);
  const step = fc.constantFrom(0, 1, 2, 9_007_199_254_740_993n, -5);
  const point = fc.record({ step, timestamp: fc.constantFrom(0, 5), value: fc.constantFrom(...VALUES) });
  await fc.assert(
    fc.asyncProperty(fc.array(point, { maxLength: 30 }), async (points) => {
      const location = await makeRun(store, { metrics: points.map((one) => ({ key: "m", ...one })) });
      const odd = parseOddPoints(oddPointTags(location, ["m"]));
      const there = PointSet.of(points.map(storedPoint));
      const { points: back, changed } = restorePoints(there, odd.points.get("m") ?? []);
      assert.ok(back.equals(PointSet.of(points)));
      assert.equal(changed, 0);
    }),
    { numRuns: 30 },
  );
});

test("more than the tags have room for are counted, and what is no list is none", async (t) => {
  const store = newWorkspace(t);
  const many = Array.from({ length: 20_000 }, (_, index) => ({
    key: "m",
    step: index,
    timestamp: 1_700_000_000_000,
    value: -0,
  }));
  const tags = oddPointTags(await makeRun(store, { metrics: many }), ["m"]);
  for (const [name, text] of Object.entries(tags)) assert.ok(isOddPointsTag(name) && text.length <= 4_000);
  const { points, left } = parseOddPoints(tags);
  assert.ok(left > 0);
  assert.equal((points.get("m")?.length ?? 0) + left, 20_000);
  for (const text of [
    "",
    "{",
    "[]",
    "null",
    '{"points":[]}',
    '{"points":{"m":3}}',
    '{"left":1e9999,"points":{"m":[[1.5,0,"inf"],[0,0,"constructor"]]}}',
  ])
    assert.deepEqual(parseOddPoints({ "runstone.odd_points.0": text }), NO_ODD_POINTS);
  const lacks = restorePoints(PointSet.of([{ step: 0, timestamp: 1, value: 3 }]), [
    { point: { step: 0, timestamp: 1, value: Number.POSITIVE_INFINITY }, isBoth: false },
  ]);
  assert.equal(lacks.changed, 1);
});
