/** The library on a real MLflow server. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import * as runstone from "../../sdk/index.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { REPOSITORY } from "../helpers/python.js";

const execute = promisify(execFile);
const skip = await mlflowServerSkip("3");
const server = skip === false ? await startMlflowServer({ after }, { version: "3" }) : null;
after(() => runstone.setTrackingUri("mlruns"));

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

test("the fluent verbs write a run on a server", { skip }, async (t) => {
  const url = server?.url ?? "";
  const top = temporaryDirectory(t);
  writeFileSync(join(top, "model.bin"), "weights");
  runstone.setTrackingUri(url);
  assert.equal(runstone.getTrackingUri(), url);
  await runstone.setExperiment("from the library");
  const run = await runstone.startRun({
    runName: "first",
    params: { lr: 0.1, net: { depth: 4 } },
    tags: { team: "a" },
  });
  assert(runstone.logMetric("loss", 0.5, 1));
  assert(runstone.logMetrics({ acc: 0.9, nan: Number.NaN }, 2));
  assert(runstone.logText("hello", "notes/a.txt"));
  assert(runstone.logArtifact(join(top, "model.bin")));
  assert(runstone.logInput({ name: "iris", digest: "1" }, { context: "training" }));
  await runstone.flush();
  assert.equal((await run.read()).metrics["loss"]?.value, 0.5);
  const child = await runstone.startRun({ nested: true });
  assert.throws(
    () => child.logParam("bad key %", "1"),
    (error) => runstone.isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
  );
  await runstone.endRun();
  await runstone.endRun();

  const store = runstone.openStore(url);
  const read = await store.getRun(run.runId);
  assert.deepEqual([read.info.status, read.info.runName], ["FINISHED", "first"]);
  assert.deepEqual([read.params["lr"], read.params["net.depth"], read.tags["team"]], ["0.1", "4", "a"]);
  assert.equal(read.inputs.datasetInputs.length, 1);
  assert.equal(await textOf(store.artifacts.read({ runId: run.runId }, "model.bin")), "weights");
  assert.equal((await store.getRun(child.runId)).tags["mlflow.parentRunId"], run.runId);
  const found = await runstone.searchRuns({ filter: "loss < 0.6 and team = a" });
  assert.deepEqual(
    found.map(({ info }) => info.runId),
    [run.runId],
  );
  await store.close();
});

test("a script that does not end its run ends it by coming to its end", { skip }, async (t) => {
  const top = temporaryDirectory(t);
  const script = join(top, "train.mjs");
  const sdk = join(REPOSITORY, "dist", "sdk", "index.js");
  const lines = [
    `import { logMetric, setTrackingUri, startRun } from ${JSON.stringify(sdk)};`,
    `setTrackingUri(${JSON.stringify(server?.url)});`,
    "const run = await startRun({ capture: false });",
    "for (let step = 0; step < 100; step++) logMetric('loss', 1 / step, step);",
    "console.log(run.runId);",
  ];
  writeFileSync(script, lines.join("\n"));
  const { stdout } = await execute(process.execPath, [script], { cwd: top });
  const store = runstone.openStore(server?.url);
  const { info } = await store.getRun(stdout.trim());
  assert.equal(info.status, "FINISHED");
  const points: unknown[] = [];
  for await (const point of store.getMetricHistory(info.runId, "loss")) points.push(point);
  assert.equal(points.length, 100);
  assert(!existsSync(join(top, "mlruns")));
  await store.close();
});

test("a run is resumed, also by its key", { skip }, async () => {
  runstone.setTrackingUri(server?.url ?? "");
  const first = await runstone.startRun({ runKey: "job 1", capture: false });
  await runstone.endRun("FAILED");
  const again = await runstone.startRun({ runKey: "job 1", capture: false });
  assert.equal(again.runId, first.runId);
  assert.equal((await again.read()).info.status, "RUNNING");
  assert.equal((await again.read()).tags["runstone.attempts"], "2");
  await runstone.endRun();
});
