/** Metric files of a sealed run are copied as they are; what is not as its seal says travels point by point. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { verifyRun } from "../../core/index.js";
import { sealRun } from "../../core/store/runs/seal.js";
import { type OfferedRun, offerRun, readRunDocument, receiveRun } from "../../core/transfer/index.js";
import { makeRun, mustFind, newWorkspace, point, points } from "../helpers/transfer-store.js";

/** The same points, otherwise spelled than Runstone writes them, not in order and one of them twice. */
const FOREIGN = "1700000000002 2.50 2\n1700000000001 1e0\n1700000000002 2.5 2\n";

async function foreignRun(t: TestContext) {
  const store = newWorkspace(t);
  const run = await makeRun(store, { metrics: points("loss", 0, 3), params: { lr: "1" }, end: false });
  const file = join(run.directory, "metrics", "loss");
  writeFileSync(file, FOREIGN);
  await store.updateRun(run.runId, { status: "FINISHED" });
  sealRun(store.context, run);
  return { store, run, file };
}

async function receive(t: TestContext, { run }: OfferedRun) {
  const target = newWorkspace(t);
  await receiveRun(target.context, run);
  const received = mustFind(target, run.document.info.runId);
  assert.deepEqual(verifyRun(target.context, received).damages, []);
  return { target, received, metric: readFileSync(join(received.directory, "metrics", "loss"), "utf8") };
}

describe("a sealed run that is received", () => {
  test("has its metric files byte for byte, and its record digest", async (t) => {
    const { store, run } = await foreignRun(t);
    const offered = offerRun(store.context, run);
    const { target, received, metric } = await receive(t, offered);
    assert.equal(metric, FOREIGN);
    const { document } = readRunDocument(target.context, received);
    assert.equal(document.recordDigest, offered.run.document.recordDigest);
    assert.equal(document.series[0]?.count, 2);
  });

  test("is read point by point when a file changed after its seal", async (t) => {
    const { store, run, file } = await foreignRun(t);
    appendFileSync(file, "1700000000009 9 9\n");
    const offered = offerRun(store.context, run);
    assert.equal(offered.run.metrics?.size, 0);
    const { metric } = await receive(t, offered);
    assert.equal(
      metric,
      "1700000000002 2.5 2\n1700000000001 1.0 0\n1700000000002 2.5 2\n1700000000009 9.0 9\n",
    );
  });

  test("fails, and nothing is kept, when a file changes between the reading and the copy", async (t) => {
    const { store, run, file } = await foreignRun(t);
    const offered = offerRun(store.context, run);
    assert.equal(offered.run.metrics?.size, 1);
    const { mtime } = statSync(file);
    writeFileSync(file, FOREIGN.replace("2.50", "2.51"));
    utimesSync(file, mtime, mtime);
    await assert.rejects(receive(t, offered), { code: "REMOTE_FAILED" });
  });

  test("is read point by point when points are linked to a dataset", async (t) => {
    const store = newWorkspace(t);
    const dataset = { name: "d", digest: "1" };
    const run = await makeRun(store, { metrics: [{ ...point("loss", 1), dataset }, point("loss", 2)] });
    const offered = offerRun(store.context, run);
    assert.equal(offered.run.metrics?.size, 0);
    const { target, received } = await receive(t, offered);
    const { document } = readRunDocument(target.context, received);
    assert.deepEqual(document.series, offered.run.document.series);
  });
});
