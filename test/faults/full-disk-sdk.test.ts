/** The library on a disk that becomes full: training goes on, it is told once, and what was acknowledged stays. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import { createFileStore, type FileStore } from "../../core/index.js";
import { fsck } from "../../core/maintenance/fsck.js";
import { FAST_WINDOW_MS } from "../../core/store/runs/run-writer.js";
import {
  ActiveRun,
  endRun,
  flush,
  logArtifact,
  logMetric,
  logMetrics,
  logParam,
  logParams,
  logText,
  setTag,
  setTags,
  setTrackingUri,
  startRun,
} from "../../sdk/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { SmallDisk, whyNoMounts } from "../helpers/mounts.js";

const skip = whyNoMounts();

/** So many that the manifest of the run needs more than what its end gives free. */
const MANY = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, String(n)]));

function newDisk(t: TestContext): { disk: SmallDisk; root: string } {
  const disk = new SmallDisk({ size: "1m" });
  t.after(() => disk.remove());
  mkdirSync(disk.workspace);
  return { disk, root: join(disk.workspace, "mlruns") };
}

/** Warnings of the library from now on, and everything thrown where nobody catches it. */
function listen(t: TestContext): { readonly warnings: Error[]; readonly thrown: unknown[] } {
  const heard: { warnings: Error[]; thrown: unknown[] } = { warnings: [], thrown: [] };
  const onWarning = (warning: Error) => {
    if (warning.name === "RunstoneWarning") heard.warnings.push(warning);
  };
  const onThrown = (error: unknown) => heard.thrown.push(error);
  process.on("warning", onWarning).on("uncaughtExceptionMonitor", onThrown);
  t.after(() => process.off("warning", onWarning).off("uncaughtExceptionMonitor", onThrown));
  return heard;
}

function isFull(disk: SmallDisk): (error: unknown) => boolean {
  return (error) =>
    isRunstoneError(error, "DISK_FULL") &&
    error.message.includes(disk.path) &&
    String(error.data.path).startsWith(disk.path);
}

async function valuesOf(store: FileStore, runId: string, key: string): Promise<number[]> {
  const values: number[] = [];
  for await (const { value } of store.getMetricHistory(runId, key)) values.push(value);
  return values;
}

function assertNothingLost(store: FileStore): void {
  const found = fsck(store.context).damages.filter(({ severity }) => severity !== "note");
  assert.deepEqual(found, []);
}

describe("the library on a full disk", { skip }, () => {
  test("every verb returns false, flush and end reject, one warning; it goes on when there is space", async (t) => {
    const { disk, root } = newDisk(t);
    const heard = listen(t);
    setTrackingUri(root);
    const run = await startRun({ capture: false, params: MANY });
    assert.equal(logMetric("loss", 0.5, 0), true);
    const big = join(root, "..", "big.bin");
    writeFileSync(big, Buffer.alloc(20_000, 7));
    await flush();

    disk.fill(0);
    const refused = {
      metric: logMetric("acc", 0.25, 0),
      metrics: logMetrics({ a: 1, b: 2 }, 1),
      param: logParam("lr", 0.1),
      params: logParams({ x: 1, y: 2 }),
      tag: setTag("team", "a"),
      tags: setTags({ p: "1", q: "2" }),
      text: logText("x".repeat(9000), "notes/a.txt"),
      artifact: logArtifact(big),
    };
    assert.deepEqual(
      Object.entries(refused).filter(([, answer]) => answer !== false),
      [],
    );
    await assert.rejects(flush(), isFull(disk));
    await setImmediate();
    assert.equal(heard.warnings.length, 1);
    assert.ok(heard.warnings[0]?.message.includes(disk.path));

    disk.empty();
    assert.equal(logMetric("acc", 0.25, 0), true);
    assert.equal(logMetric("loss", 0.25, 1), true);
    assert.equal(logParam("lr", 0.1), true);
    assert.equal(logArtifact(big), true);
    await flush();

    disk.fill(0);
    await assert.rejects(run.end(), isFull(disk));
    disk.empty();
    await run.end();
    await run.end();
    await endRun();

    const store = createFileStore({ cwd: root, path: root });
    const found = await store.getRun(run.runId);
    assert.equal(found.info.status, "FINISHED");
    assert.deepEqual({ ...found.params }, { ...MANY, lr: "0.1" });
    assert.deepEqual(await valuesOf(store, run.runId, "loss"), [0.5, 0.25]);
    assert.deepEqual(await valuesOf(store, run.runId, "acc"), [0.25]);
    assertNothingLost(store);
    await setImmediate();
    assert.equal(heard.warnings.length, 1);
    assert.deepEqual(heard.thrown, []);
  });

  test("an end that the disk refused keeps what was logged, and can be repeated", async (t) => {
    const { disk, root } = newDisk(t);
    setTrackingUri(root);
    const run = await startRun({ capture: false, params: MANY });
    logMetric("loss", 0.5, 0);
    disk.fill(0);
    await assert.rejects(endRun(), isFull(disk));
    disk.empty();
    const store = createFileStore({ cwd: root, path: root });
    const manifest = join(root, "0", run.runId, "manifest.yaml");
    assert.equal(existsSync(manifest), false);
    assert.deepEqual(await valuesOf(store, run.runId, "loss"), [0.5]);
    await run.end();
    assert.equal(existsSync(manifest), true);
    assert.equal((await store.getRun(run.runId)).info.status, "FINISHED");
    assertNothingLost(store);
  });

  test("durability fast: the timer throws nothing, the next flush rejects, and the run ends", async (t) => {
    const { disk, root } = newDisk(t);
    const heard = listen(t);
    const store = createFileStore({ cwd: disk.workspace, path: root, durability: "fast" });
    for (const ending of ["flush", "end"] as const) {
      const { info } = await store.createRun({ experimentId: "0" });
      const run = new ActiveRun(store, await store.openRun(info.runId), { owned: true });
      assert.equal(run.logMetric("loss", 0.5, 0), true);
      await run.flush();
      disk.fill(0);
      assert.equal(run.logMetrics({ acc: 0.25, loss: 0.25 }, 1), true);
      // Timers of one length fire in the order in which they were set.
      await setTimeout(FAST_WINDOW_MS);
      disk.empty();
      await assert.rejects(run[ending](), isFull(disk));
      if (ending === "flush") {
        assert.equal(run.logMetric("loss", 0.125, 2), true);
        await run.flush();
        await run.end();
      }
      assert.equal((await store.getRun(info.runId)).info.status, "FINISHED");
      const values = (await valuesOf(store, info.runId, "loss")).filter((value) => value !== 0.25);
      assert.deepEqual(values, ending === "flush" ? [0.5, 0.125] : [0.5]);
    }
    assertNothingLost(store);
    assert.deepEqual(heard.thrown, []);
    await setImmediate();
    assert.equal(heard.warnings.length, 2, "one for each run");
  });
});
