import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  autolog,
  autologFunction,
  autologTensorflow,
  endRun,
  searchRuns,
  setTrackingUri,
  startRun,
} from "../../sdk/index.js";
import { npmPackages } from "../helpers/npm-packages.js";

let place = "";
before(() => {
  place = mkdtempSync(join(tmpdir(), "runstone-autolog-"));
  setTrackingUri(join(place, "mlruns"));
});
after(() => rmSync(place, { recursive: true, force: true }));

async function newestRun() {
  const [run] = await searchRuns({ maxResults: 1 });
  assert.ok(run);
  return run;
}

describe("autologFunction", () => {
  test("settings become params, numbers metrics, lists curves; the run is named like the function", async () => {
    async function trainForest(settings: { trees: number; split: { min: number }; data: Uint8Array }) {
      return { accuracy: settings.trees / 100, history: { loss: [3, 2, 1] }, model: new Map() };
    }
    const result = await autologFunction(trainForest)({
      trees: 50,
      split: { min: 2 },
      data: new Uint8Array(1000),
    });
    assert.equal(result.accuracy, 0.5);
    const run = await newestRun();
    assert.equal(run.info.runName, "trainForest");
    assert.equal(run.info.status, "FINISHED");
    assert.deepEqual({ ...run.params }, { trees: "50", "split.min": "2" });
    assert.equal(run.metrics.accuracy?.value, 0.5);
    assert.deepEqual([run.metrics.loss?.value, run.metrics.loss?.step], [1, 2]);
  });

  test("a failure is the run's, with the error kept, and goes on to the caller", async () => {
    const train = autologFunction(() => {
      throw new Error("diverged at epoch 3");
    });
    await assert.rejects(train(), /diverged/);
    const run = await newestRun();
    assert.equal(run.info.status, "FAILED");
    const path = join(place, "mlruns", "0", run.info.runId, "artifacts", "runstone", "error.txt");
    assert.match(readFileSync(path, "utf8"), /diverged at epoch 3/);
  });

  test("inside an active run it logs there and leaves it open", async () => {
    const active = await startRun({ capture: false });
    await autologFunction((settings: { lr: number }) => settings.lr * 2)({ lr: 0.1 });
    assert.equal(active.ended, false);
    await endRun();
    assert.equal((await active.read()).metrics.result?.value, 0.2);
  });
});

test("autolog: system metrics for every run that begins afterwards, until it is switched off", async () => {
  const off = autolog();
  await startRun({ capture: false });
  await endRun();
  assert.ok(Object.keys((await newestRun()).metrics).some((key) => key.startsWith("system/")));
  off();
  const second = await startRun({ capture: false });
  await endRun();
  assert.deepEqual(Object.keys((await second.read()).metrics), []);
});

const VERSION = "4.22.0";
const tensorflow = npmPackages("tfjs", [
  `@tensorflow/tfjs-core@${VERSION}`,
  `@tensorflow/tfjs-layers@${VERSION}`,
  `@tensorflow/tfjs-backend-cpu@${VERSION}`,
]);

describe("TensorFlow.js", { skip: tensorflow.skip }, () => {
  test("fit logs its settings, the optimizer, each epoch once and the topology", async () => {
    const load = createRequire(join(tensorflow.directory, "package.json"));
    const tf = load("@tensorflow/tfjs-core");
    const layers = load("@tensorflow/tfjs-layers");
    load("@tensorflow/tfjs-backend-cpu");
    const off = autologTensorflow(layers);
    autologTensorflow(layers);
    const model = layers.sequential({ layers: [layers.layers.dense({ units: 1, inputShape: [2] })] });
    model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError", metrics: ["mae"] });
    const epochs: number[] = [];
    const onEpochEnd = (epoch: number): void => {
      epochs.push(epoch);
    };
    const data = [
      tf.tensor2d([
        [0, 1],
        [1, 0],
      ]),
      tf.tensor2d([[1], [0]]),
    ] as const;
    await model.fit(...data, { epochs: 3, batchSize: 2, verbose: 0, callbacks: { onEpochEnd } });
    const run = await newestRun();
    assert.deepEqual(epochs, [0, 1, 2]);
    assert.equal(run.params.epochs, "3");
    assert.equal(run.params["optimizer.name"], "SGD");
    assert.equal(run.params["optimizer.learningRate"], "0.05");
    assert.equal(run.params.loss, "meanSquaredError");
    assert.equal(run.params.parameters, "3");
    assert.deepEqual(Object.keys(run.metrics).sort(), ["loss", "mae"]);
    assert.equal(run.metrics.loss?.step, 2);
    const directory = join(place, "mlruns", "0", run.info.runId);
    assert.equal(readFileSync(join(directory, "metrics", "loss"), "utf8").split("\n").length, 4);
    assert.match(
      readFileSync(join(directory, "artifacts", "model", "topology.json"), "utf8"),
      /"class_name": "Dense"/,
    );
    off();
    const count = (await searchRuns()).length;
    await model.fit(...data, { epochs: 1, verbose: 0 });
    assert.equal((await searchRuns()).length, count);
  });
});
