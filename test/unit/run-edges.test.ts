/** Edges of runs: what is durable when, what a seal never forgets, what is refused as a whole. */
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  type FileStore,
  fsck,
  initWorkspace,
  intercept,
  openFileStore,
  readManifest,
  repair,
} from "../../core/index.js";
import { isRunstoneError, serializeLease } from "../../store-format/index.js";

let place = "";
let store: FileStore;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "runstone-edges-"));
  initWorkspace(place);
  store = openFileStore({ cwd: place });
});
afterEach(() => {
  intercept(undefined);
  rmSync(place, { recursive: true, force: true });
});

const directoryOf = (runId: string, experimentId = "0"): string => join(place, "mlruns", experimentId, runId);

async function newRun(): Promise<string> {
  const run = await store.createRun({ experimentId: "0", params: { lr: "0.1" }, tags: { team: "a" } });
  return run.info.runId;
}

async function endedRun(): Promise<string> {
  const runId = await newRun();
  const writer = await store.openRun(runId);
  writer.logMetrics([{ key: "loss", value: 1, step: 0, timestamp: 1 }]);
  await writer.end({ status: "FINISHED" });
  return runId;
}

function severe(): string[] {
  return fsck(store.context)
    .damages.filter((damage) => damage.severity !== "note")
    .map((damage) => `${damage.kind} ${damage.path.split("/").slice(2).join("/")}`);
}

describe("durability", () => {
  test("flush makes the params and tags of the creation durable, too", async () => {
    const runId = await newRun();
    const synced = new Set<string>();
    intercept({ after: ({ name, path }) => void (name === "fsync" && synced.add(path)) });
    const writer = await store.openRun(runId);
    await writer.flush();
    intercept(undefined);
    for (const name of ["params/lr", "tags/team", "tags/mlflow.runName"])
      assert.ok(synced.has(join(directoryOf(runId), name)), name);
    await writer.close();
  });

  test("a metric file is never empty, not even between two operations", async () => {
    const runId = await newRun();
    const file = join(directoryOf(runId), "metrics", "loss");
    let looks = 0;
    intercept({
      after: () => {
        const found = statSync(file, { throwIfNoEntry: false });
        if (found !== undefined) {
          looks += 1;
          assert.notEqual(found.size, 0);
        }
      },
    });
    await store.logBatch(runId, { metrics: [{ key: "loss", value: 1, step: 0, timestamp: 1 }] });
    intercept(undefined);
    assert.ok(looks > 0);
  });
});

describe("a call is taken whole or refused whole", () => {
  test("params, tags and metrics of one call are all checked before the first is written", async () => {
    const runId = await newRun();
    const refused = (error: unknown): boolean => isRunstoneError(error);
    await assert.rejects(store.logBatch(runId, { params: { fine: "1", "a//b": "2" } }), refused);
    await assert.rejects(store.logBatch(runId, { params: { fine: "1", lr: "0.2" } }), refused);
    await assert.rejects(store.logBatch(runId, { params: { x: "1", "x/y": "2" } }), refused);
    await assert.rejects(store.setTags(runId, { fine: "1", "team/b": "2" }), refused);
    const point = { value: 1, step: 0, timestamp: 1 };
    await assert.rejects(
      store.logBatch(runId, {
        metrics: [
          { key: "m", ...point },
          { key: "m/n", ...point },
        ],
      }),
      refused,
    );
    const run = await store.getRun(runId);
    assert.deepEqual(Object.keys(run.params), ["lr"]);
    assert.deepEqual(Object.keys(run.tags).sort(), ["mlflow.runName", "team"]);
    assert.deepEqual(Object.keys(run.metrics), []);
  });

  test("a workspace of a newer format is read and not written", async () => {
    const runId = await newRun();
    const config = join(place, ".runstone", "config.yaml");
    writeFileSync(config, readFileSync(config, "utf8").replace("format: 1", "format: 9"));
    const newer = openFileStore({ cwd: place });
    assert.equal((await newer.getRun(runId)).params.lr, "0.1");
    const tooNew = (error: unknown): boolean => isRunstoneError(error, "FORMAT_TOO_NEW");
    await assert.rejects(newer.createRun({ experimentId: "0" }), tooNew);
    await assert.rejects(newer.setTags(runId, { a: "1" }), tooNew);
    await assert.rejects(newer.openRun(runId), tooNew);
    assert.throws(() => newer.writable, tooNew);
  });

  test("a run sealed by a newer release is not half-edited", async () => {
    const runId = await endedRun();
    const manifest = join(directoryOf(runId), "manifest.yaml");
    writeFileSync(
      manifest,
      readFileSync(manifest, "utf8").replace("runstone_manifest: 1", "runstone_manifest: 9"),
    );
    await assert.rejects(store.setTags(runId, { a: "1" }), (error: unknown) =>
      isRunstoneError(error, "FORMAT_TOO_NEW"),
    );
    await assert.rejects(store.deleteRun(runId), (error: unknown) =>
      isRunstoneError(error, "FORMAT_TOO_NEW"),
    );
    assert.equal((await store.getRun(runId)).tags.a, undefined);
    assert.equal((await store.getRun(runId)).info.lifecycleStage, "active");
    assert.deepEqual(severe(), []);
  });
});

describe("a seal", () => {
  test("done anew does not forget a file that is gone, nor take damage for truth", async () => {
    const runId = await endedRun();
    rmSync(join(directoryOf(runId), "params", "lr"));
    await store.setTags(runId, { note: "edited" });
    assert.deepEqual(severe(), ["sealed_file_missing params/lr"]);
    await store.updateRun(runId, { runName: "other" });
    assert.deepEqual(severe(), ["sealed_file_missing params/lr"]);
  });

  test("covers what deleting and restoring an experiment changes", async () => {
    const { experimentId } = await store.createExperiment({ name: "e" });
    const { info } = await store.createRun({ experimentId });
    await (await store.openRun(info.runId)).end({ status: "FINISHED" });
    const digest = readManifest(directoryOf(info.runId, experimentId))?.recordDigest;
    await store.deleteExperiment(experimentId);
    assert.deepEqual(fsck(store.context).changes, []);
    await store.restoreExperiment(experimentId);
    assert.deepEqual(fsck(store.context).changes, []);
    assert.equal(readManifest(directoryOf(info.runId, experimentId))?.recordDigest, digest);
  });

  test("of a run that is moved and of a move that was cut: repair takes the cut one back", async () => {
    const { experimentId } = await store.createExperiment({ name: "target" });
    const runId = await endedRun();
    intercept({
      before: ({ name, to }) => {
        if (name === "rename" && to === directoryOf(runId, experimentId))
          throw Object.assign(new Error("cut"), { code: "EIO" });
        return undefined;
      },
    });
    await assert.rejects(store.moveRun(runId, experimentId));
    intercept(undefined);
    assert.equal((await store.getRun(runId)).info.experimentId, "0");
    assert.equal(repair(store.context).actions.length, 1);
    assert.deepEqual(repair(store.context).actions, []);
    assert.match((await store.getRun(runId)).info.artifactUri, /mlruns\/0\//);
    assert.deepEqual(fsck(store.context).changes, []);
    await store.moveRun(runId, experimentId);
    assert.deepEqual(severe(), []);
    assert.equal((await store.getRun(runId)).info.experimentId, experimentId);
  });
});

test("a writer that died on another host: taking over folds what it left", async () => {
  const runId = await newRun();
  await store.logBatch(runId, { metrics: [{ key: "loss", value: 1, step: 0, timestamp: 1 }] });
  const slot = join(directoryOf(runId), "writers", "1");
  mkdirSync(join(slot, "metrics"), { recursive: true });
  writeFileSync(join(slot, "metrics", "loss"), "2 2.0 1\n");
  writeFileSync(join(slot, "owner.yaml"), foreignClaim(runId));
  for (const path of ["metrics/loss", "metrics", "owner.yaml", "."]) utimesSync(join(slot, path), 1, 1);
  await (await store.openRun(runId)).end({ status: "FAILED" });
  assert.equal(readManifest(directoryOf(runId)), null, "sealed although somebody may write");
  await (await store.resumeRun(runId, { takeOver: true })).end({ status: "FINISHED" });
  assert.equal(readFileSync(join(directoryOf(runId), "metrics", "loss"), "utf8"), "1 1.0 0\n2 2.0 1\n");
  assert.ok(!readdirSync(directoryOf(runId)).includes("writers"));
});

/** A claim as another host would have written it, a day ago. */
function foreignClaim(runId: string): string {
  return serializeLease({
    format: 1,
    token: runId,
    host: "another-host",
    bootId: "00000000-0000-0000-0000-000000000000",
    pid: 1,
    pidStart: "1",
    pidNs: "1",
    startedTime: Date.now() - 86_400_000,
    command: "train",
    owner: "process",
    heartbeatMs: 5000,
  });
}

describe("what fsck says of finished runs", () => {
  test("line ends that were converted are told as rebuildable, and repair takes them back", async () => {
    const run = await store.createRun({
      experimentId: "0",
      params: { text: "a\nb" },
      tags: { "runstone.host": "h" },
    });
    const writer = await store.openRun(run.info.runId);
    for (let step = 0; step < 3; step += 1)
      writer.logMetrics([{ key: "loss", value: step, step, timestamp: 1 }]);
    await writer.end({ status: "FINISHED" });
    const directory = directoryOf(run.info.runId);
    const before = new Map<string, string>();
    for (const name of ["metrics/loss", "params/text", "meta.yaml", "manifest.yaml"]) {
      const text = readFileSync(join(directory, name), "utf8");
      before.set(name, text);
      writeFileSync(join(directory, name), text.replaceAll("\n", "\r\n"));
    }
    assert.ok(severe().length > 0);
    assert.deepEqual(
      fsck(store.context).damages.filter((damage) => damage.severity === "lost"),
      [],
    );
    assert.deepEqual(repair(store.context).failures, []);
    for (const [name, text] of before) assert.equal(readFileSync(join(directory, name), "utf8"), text, name);
    assert.deepEqual(severe(), []);
    assert.deepEqual(repair(store.context).actions, []);
  });

  test("one of ours without its manifest is named; one of MLflow's is not expected to have any", async () => {
    const ours = await store.createRun({ experimentId: "0", tags: { "runstone.host": "h" } });
    await (await store.openRun(ours.info.runId)).end({ status: "FINISHED" });
    rmSync(join(directoryOf(ours.info.runId), "manifest.yaml"));
    const other = await store.createRun({ experimentId: "0" });
    await store.updateRun(other.info.runId, { status: "FINISHED" });
    const kinds = fsck(store.context).damages.map(({ kind, runId }) => [kind, runId]);
    assert.deepEqual(kinds, [["run_not_sealed", ours.info.runId]]);
  });
});
