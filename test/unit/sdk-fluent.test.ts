import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { openFileStore, readManifest } from "../../core/index.js";
import {
  activeRun,
  createExperiment,
  endRun,
  isRunstoneError,
  logMetric,
  logParam,
  openStore,
  RunstoneError,
  searchRuns,
  setExperiment,
  setTrackingUri,
  startRun,
  withRun,
} from "../../sdk/index.js";

const places: string[] = [];
const old = process.cwd();

beforeEach(() => {
  const place = mkdtempSync(join(tmpdir(), "runstone-sdk-"));
  places.push(place);
  process.chdir(place);
  setTrackingUri("./works");
});

after(() => {
  process.chdir(old);
  for (const place of places) rmSync(place, { recursive: true, force: true });
});

const quick = { capture: false } as const;

describe("the fluent library", () => {
  test("setTrackingUri makes and uses the directory", async () => {
    await withRun({ ...quick, runName: "first" }, (run) => {
      run.logParams({ lr: 0.1, optimizer: { name: "sgd", betas: [0.9, 0.99] }, nothing: null });
      assert.equal(run.logMetric("loss", 0.5, 3), true);
      run.setTag("team", "a");
    });
    const [run] = await searchRuns();
    assert.equal(run?.info.runName, "first");
    assert.equal(run?.info.status, "FINISHED");
    assert.deepEqual(
      { ...run?.params },
      {
        lr: "0.1",
        "optimizer.name": "sgd",
        "optimizer.betas.0": "0.9",
        "optimizer.betas.1": "0.99",
        nothing: "None",
      },
    );
    assert.equal(run?.metrics.loss?.step, 3);
    assert.ok(readdirSync("works").includes("0"));
  });

  test("a second experiment of one name throws what a caller can catch, and setExperiment uses the first", async () => {
    const id = await createExperiment("wine");
    await assert.rejects(createExperiment("wine"), (error: unknown) =>
      isRunstoneError(error, "RESOURCE_ALREADY_EXISTS"),
    );
    assert.equal((await setExperiment("wine")).experimentId, id);
    const run = await startRun(quick);
    assert.equal(run.experimentId, id);
    await endRun();
  });

  test("one run is active at a time; a nested one is its child", async () => {
    const parent = await startRun(quick);
    await assert.rejects(startRun(quick), (error: unknown) => isRunstoneError(error, "INVALID_STATE"));
    const child = await startRun({ ...quick, nested: true });
    assert.equal(activeRun()?.runId, child.runId);
    await endRun("FAILED");
    assert.equal(activeRun()?.runId, parent.runId);
    await endRun();
    const read = await openStore().getRun(child.runId);
    assert.equal(read.tags["mlflow.parentRunId"], parent.runId);
    assert.equal(read.info.status, "FAILED");
  });

  test("wrong arguments throw, params are immutable, nothing is half-written", async () => {
    const run = await startRun(quick);
    logParam("lr", 0.1);
    logParam("lr", "0.1");
    assert.throws(
      () => logParam("lr", 0.2),
      (error: unknown) => isRunstoneError(error, "PARAM_CONFLICT"),
    );
    assert.throws(() => run.logMetrics({ good: 1, "a//b": 2 }), RunstoneError);
    assert.throws(() => logMetric("loss", 1, 0.5), RunstoneError);
    await endRun();
    assert.deepEqual(Object.keys((await run.read()).metrics), []);
    assert.throws(
      () => logMetric("loss", 1),
      (error: unknown) => isRunstoneError(error, "INVALID_STATE"),
    );
  });

  test("withRun ends FAILED when its body throws, and the error goes on", async () => {
    await assert.rejects(
      withRun(quick, () => {
        throw new Error("diverged");
      }),
      /diverged/,
    );
    assert.equal((await searchRuns())[0]?.info.status, "FAILED");
  });

  test("every kind of artifact lands in the run and in its seal", async () => {
    mkdirSync("out/deep", { recursive: true });
    writeFileSync("out/deep/a.txt", "a");
    writeFileSync("b.bin", Buffer.from([0, 255]));
    const run = await withRun(quick, async (run) => {
      run.logArtifact("b.bin", "raw");
      run.logArtifacts("out", "copied");
      run.logText("héllo", "notes/a.txt");
      run.logDict({ yes: "on", n: Number.NaN }, "conf.yaml");
      run.logDict({ a: [1, 2] }, "conf.json");
      run.logTable({ x: [1, 2], y: ["a", "b"] }, "t.json");
      run.logImage({ width: 2, height: 1, data: new Uint8Array(8) }, "i.png");
      run.logFigure("<svg xmlns='http://www.w3.org/2000/svg'/>", "f.svg");
      await run.logStream(blocks(), "big.bin");
      return run;
    });
    const store = openFileStore({ cwd: process.cwd(), path: "works" });
    const found = await store.artifacts.list({ runId: run.runId }, "", { recursive: true });
    const files = found.filter((entry) => !entry.isDir).map((entry) => entry.path);
    assert.deepEqual(files, [
      "big.bin",
      "conf.json",
      "conf.yaml",
      "copied/deep/a.txt",
      "f.svg",
      "i.png",
      "notes/a.txt",
      "raw/b.bin",
      "t.json",
    ]);
    const directory = join("works", run.experimentId, run.runId);
    assert.match(readFileSync(join(directory, "artifacts/conf.yaml"), "utf8"), /^yes: "on"|"yes": "on"/m);
    assert.deepEqual(JSON.parse(readFileSync(join(directory, "artifacts/t.json"), "utf8")), {
      columns: ["x", "y"],
      data: [
        [1, "a"],
        [2, "b"],
      ],
    });
    const sealed = readManifest(directory)?.files.filter((file) => file.kind === "artifact");
    assert.deepEqual(
      sealed?.map((file) => file.path.slice("artifacts/".length)),
      files,
    );
  });

  test("a run key finds its run again and counts the attempts", async () => {
    const first = await startRun({ ...quick, runKey: "job-7" });
    await endRun("KILLED");
    const second = await startRun({ ...quick, runKey: "job-7" });
    assert.equal(second.runId, first.runId);
    await endRun();
    const read = await second.read();
    assert.equal(read.tags["runstone.attempts"], "2");
    assert.equal(read.info.status, "FINISHED");
  });

  test("flush rejects what a verb could not write, and says it once", async () => {
    const run = await startRun(quick);
    const warnings: Error[] = [];
    const listen = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on("warning", listen);
    rmSync("works", { recursive: true });
    assert.equal(run.setTag("a", "1"), false);
    assert.equal(run.setTag("b", "1"), false);
    await assert.rejects(run.flush(), (error: unknown) => isRunstoneError(error, "IO_ERROR"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listen);
    assert.equal(warnings.length, 1);
    await assert.rejects(endRun());
  });
});

async function* blocks(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(1000, 1);
  yield Buffer.alloc(1000, 2);
}
