/** Rules of SPEC.md about the order of operations, seen by an interceptor of every system call on a store. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  collectGarbage,
  DEFAULT_GRACE_MS,
  type FileStore,
  initWorkspace,
  intercept,
  type Operation,
  openFileStore,
  processOwner,
} from "../../core/index.js";
import { LineSplitter } from "../../core/process/line-splitter.js";
import type { FileRunWriter } from "../../core/store/runs/run-writer.js";
import { isRunstoneError, MetricLineParser, type Point } from "../../store-format/index.js";

let workspace: string;
let store: FileStore;
let runId: string;
let run: string;
let writer: FileRunWriter;

const point = (step: number) => ({ key: "loss", timestamp: step, value: 0.5, step });

beforeEach(async () => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), "runstone-order-")));
  initWorkspace(workspace);
  store = openFileStore({ cwd: workspace });
  const { experimentId } = await store.createExperiment({ name: "order" });
  runId = (await store.createRun({ experimentId })).info.runId;
  run = join(workspace, "mlruns", experimentId, runId);
  writer = await store.openRun(runId);
});
afterEach(() => {
  intercept(undefined);
  rmSync(workspace, { recursive: true });
});

async function recorded(call: () => Promise<void>): Promise<Operation[]> {
  const operations: Operation[] = [];
  intercept({ after: (operation) => void operations.push(operation) });
  await call();
  intercept(undefined);
  return operations;
}

/** Where in the record a file of this name came to its place. */
function arrivalOf(operations: readonly Operation[], match: RegExp): number {
  const found = operations.findIndex(({ name, to }) => name === "rename" && match.test(to ?? ""));
  assert.ok(found >= 0, `${match} never came to its place`);
  return found;
}

describe("order", () => {
  test("R-write-2: status, then objects, then the manifest, each complete before its rename", async () => {
    writer.logArtifactBytes("a.bin", Buffer.from("artifact"));
    writer.logMetrics([point(1)]);
    const operations = await recorded(() => writer.end({ status: "FINISHED" }));
    const status = arrivalOf(operations, /meta\.yaml$/);
    const object = arrivalOf(operations, /objects\/[0-9a-f]{2}\/[0-9a-f]{62}$/);
    const manifest = arrivalOf(operations, /manifest\.yaml$/);
    assert.ok(status < object && object < manifest);
    const from = operations[manifest]?.path;
    const synced = operations.findIndex(({ name, path }) => name === "fsync" && path === from);
    assert.ok(synced >= 0 && synced < manifest, "fsync before the rename");
    const points = operations.findIndex(({ name, path }) => name === "fsync" && basename(path) === "loss");
    assert.ok(points >= 0 && points < status, "points are durable before the status");
  });

  test("R-write-1: at every step of a change readers see the old meta.yaml or the new one", async () => {
    const meta = join(run, "meta.yaml");
    const seen = new Set<string>();
    intercept({
      before: () => void seen.add(readFileSync(meta, "utf8")),
      after: () => void seen.add(readFileSync(meta, "utf8")),
    });
    await store.updateRun(runId, { runName: "another" });
    intercept(undefined);
    assert.equal(seen.size, 2);
    for (const text of seen) assert.match(text, /user_id: .*\n$/);
  });

  test("R-durable-1: after a failed fsync the file is not appended to again", async () => {
    writer.logMetrics([point(1)]);
    const size = statSync(join(run, "metrics/loss")).size;
    intercept({
      before({ name, path }) {
        if (name === "fsync" && basename(path) === "loss")
          throw Object.assign(new Error("bad disk"), { code: "EIO" });
        return undefined;
      },
    });
    await assert.rejects(writer.flush(), (error) => isRunstoneError(error, "IO_ERROR"));
    intercept(undefined);
    writer.logMetrics([point(2)]);
    assert.equal(statSync(join(run, "metrics/loss")).size, size);
    assert.equal(readFileSync(join(run, "writers/1/metrics/loss"), "utf8"), "2 0.5 2\n");
  });

  test("R-read-1: a fold in the middle of a read neither hides points nor shows them twice", async () => {
    const second = await store.openRun(runId);
    writer.logMetrics([point(1)]);
    second.logMetrics([point(2)]);
    await second.close();
    let folded = false;
    intercept({
      after({ name, path }) {
        if (folded || name !== "open" || !path.endsWith("metrics/loss")) return;
        folded = true;
        writer.endNow({ status: "FINISHED" });
      },
    });
    const found: Point[] = [];
    for await (const one of store.getMetricHistory(runId, "loss")) found.push(one);
    intercept(undefined);
    assert.ok(folded);
    assert.deepEqual(
      found.map(({ step }) => step),
      [1, 2],
    );
  });

  test("R-object-4: an object that nothing names leaves in two steps, each after the grace", async () => {
    writer.logArtifactBytes("a.bin", Buffer.from("artifact"));
    const operations = await recorded(() => writer.end({ status: "FINISHED" }));
    const object = operations[arrivalOf(operations, /objects\/[0-9a-f]{2}\/[0-9a-f]{62}$/)]?.to ?? "";
    rmSync(join(run, "manifest.yaml"));
    utimesSync(object, 1, 1);
    const later = Date.now() + DEFAULT_GRACE_MS + 60_000;
    const gc = (now: number) => collectGarbage(store.context, { now, owner: processOwner("gc") }).objects;
    assert.equal(gc(later)?.trashed.objects, 1);
    const sha256 = object.split("/").slice(-2).join("/");
    const trashed = join(workspace, ".runstone/objects", `trash-${later}`, sha256);
    assert.equal(readFileSync(trashed, "utf8"), "artifact");
    assert.equal(gc(later + DEFAULT_GRACE_MS)?.deleted.objects, 1);
  });
});

describe("streams", () => {
  test("R-sec-6: a metric file in chunks of any size gives the same, with memory for one line", () => {
    const bytes = Buffer.from("1 0.5 0\n\n2 0.25 1\n3 x 2\n4 0.125 3");
    for (let size = 1; size <= bytes.length; size += 1) {
      const parser = new MetricLineParser("run");
      const points: Point[] = [];
      for (let at = 0; at < bytes.length; at += size)
        points.push(...parser.push(bytes.subarray(at, at + size)));
      const { problems, torn } = parser.end();
      assert.deepEqual(
        [points.map(({ step }) => step), problems.map(({ offset }) => offset), torn?.offset],
        [[0, 1], [8, 18], 24],
      );
    }
  });

  test("R-line-1: LF and CR end a line, the last needs neither", () => {
    const splitter = new LineSplitter(false);
    const lines = splitter.push(Buffer.from("::runstone a\r::runstone b\n::runstone c"), 0);
    const all = [...lines, ...splitter.end()];
    assert.deepEqual(
      all.map(({ text }) => text),
      ["::runstone a", "::runstone b", "::runstone c"],
    );
  });
});
