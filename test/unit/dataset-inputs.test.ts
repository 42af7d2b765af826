import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { datasetId, type RunPlace, writeInputs, writeOutputs } from "../../core/store/datasets/index.js";
import { readInputs, readOutputs } from "../../core/store/read/inputs-outputs.js";
import { findRun } from "../../core/store/read/runs.js";
import { newStore, treeOf } from "../helpers/new-store.js";

const RUN_ID = "7c1f0a9be24d4c53a8d6e0137f52b9ad";
const MODEL_ID = "m-2b7e151628aed2a6abf7158809cf4f3c";
const INVOICES = {
  name: "invoices-train",
  digest: "5f2c81aa",
  sourceType: "local",
  source: '{"uri": "data/invoices.csv"}',
  schema: null,
  profile: '{"num_rows": 1200}',
};

function newRun(context: StoreContext): RunPlace {
  const experimentDirectory = join(context.root, "0");
  const directory = join(experimentDirectory, RUN_ID);
  mkdirSync(directory);
  const meta = `end_time: null\nexperiment_id: '0'\nrun_id: ${RUN_ID}\nstart_time: 1\nstatus: 1\nuser_id: ana\n`;
  writeFileSync(join(directory, "meta.yaml"), meta);
  return { directory, path: `0/${RUN_ID}`, runId: RUN_ID, experimentDirectory };
}

describe("datasets, inputs and outputs", () => {
  test("files, ids and bytes are MLflow's", (t) => {
    const context = newStore(t);
    const run = newRun(context);
    const tags = { "mlflow.data.context": "training" };
    writeInputs(context, run, { datasets: [{ dataset: INVOICES, tags }], modelIds: [MODEL_ID] });
    writeOutputs(context, run, [{ modelId: MODEL_ID, step: 10 }]);
    const tree = treeOf(run.experimentDirectory);
    // Ids computed once with MLflow's rule: md5(name + digest), md5(dataset id + run id).
    assert.equal(datasetId("invoices-train", "5f2c81aa"), "ce0d77eb924d591ecabfd92e291d11a0");
    assert.equal(
      tree["datasets/ce0d77eb924d591ecabfd92e291d11a0/meta.yaml"],
      `digest: 5f2c81aa
name: invoices-train
profile: '{"num_rows": 1200}'
schema: null
source: '{"uri": "data/invoices.csv"}'
source_type: local
`,
    );
    assert.equal(
      tree[`${RUN_ID}/inputs/f3c7846729f0f0516af2c2ed020f9a71/meta.yaml`],
      `destination_id: ce0d77eb924d591ecabfd92e291d11a0
destination_type: RUN
source_id: ce0d77eb924d591ecabfd92e291d11a0
source_type: DATASET
tags:
  mlflow.data.context: training
`,
    );
    assert.equal(
      tree[`${RUN_ID}/outputs/${MODEL_ID}/meta.yaml`],
      `destination_id: ${MODEL_ID}
destination_type: MODEL_OUTPUT
source_id: ${MODEL_ID}
source_type: RUN_OUTPUT
step: 10
tags: {}
`,
    );
    assert.deepEqual(readdirSync(context.root).sort(), [".trash", "0"]);
    const location = findRun(context, RUN_ID);
    assert.ok(location);
    const noDamage = (damage: unknown) => assert.fail(JSON.stringify(damage));
    const { datasetInputs, modelInputs } = readInputs(location, noDamage);
    assert.deepEqual(datasetInputs[0]?.dataset, {
      ...INVOICES,
      datasetId: "ce0d77eb924d591ecabfd92e291d11a0",
    });
    assert.deepEqual(modelInputs, [{ modelId: MODEL_ID }]);
    assert.deepEqual(readOutputs(location, noDamage), [{ modelId: MODEL_ID, step: 10 }]);
  });

  test("a repeat changes nothing; new tags and steps are taken over", (t) => {
    const context = newStore(t);
    const run = newRun(context);
    const write = (tags: Record<string, string>, step: number) => {
      writeInputs(context, run, { datasets: [{ dataset: INVOICES, tags }] });
      writeOutputs(context, run, [{ modelId: MODEL_ID, step }]);
      return treeOf(run.experimentDirectory);
    };
    const first = write({ a: "1" }, 1);
    assert.deepEqual(write({ a: "1" }, 1), first);
    const second = write({ b: "2" }, 2);
    assert.deepEqual(Object.keys(second), Object.keys(first));
    const [input] = Object.entries(second).filter(([path]) => path.includes("/inputs/"));
    assert.match(input?.[1] ?? "", /tags:\n {2}a: '1'\n {2}b: '2'\n$/u);
    assert.match(second[`${RUN_ID}/outputs/${MODEL_ID}/meta.yaml`] ?? "", /step: 2\n/u);
  });

  test("a record is written once: the first one stays", (t) => {
    const context = newStore(t);
    const run = newRun(context);
    writeInputs(context, run, { datasets: [{ dataset: INVOICES }] });
    const before = treeOf(run.experimentDirectory);
    writeInputs(context, run, { datasets: [{ dataset: { ...INVOICES, source: "elsewhere" } }] });
    assert.deepEqual(treeOf(run.experimentDirectory), before);
  });

  test("refuses what breaks the rules before anything is written", (t) => {
    const context = newStore(t);
    const run = newRun(context);
    const before = treeOf(context.root);
    const good = { dataset: INVOICES };
    const bad = [
      { datasets: [good, { dataset: { ...INVOICES, name: "" } }] },
      { datasets: [good, { dataset: { ...INVOICES, digest: "x".repeat(37) } }] },
      { datasets: [good, { dataset: { ...INVOICES, source: "x".repeat(65_536) } }] },
      { datasets: [good, { dataset: INVOICES, tags: { a: "x".repeat(501) } }] },
      { datasets: [good], modelIds: ["../../0"] },
      { datasets: [good], modelIds: ["m-../x"] },
    ];
    for (const inputs of bad) {
      const call = () => writeInputs(context, run, inputs);
      assert.throws(call, { code: "INVALID_PARAMETER_VALUE" }, JSON.stringify(inputs).slice(0, 200));
    }
    for (const output of [
      { modelId: "m-..", step: 0 },
      { modelId: "x", step: 0 },
      { modelId: MODEL_ID, step: 0.5 },
    ]) {
      assert.throws(() => writeOutputs(context, run, [output]), { code: "INVALID_PARAMETER_VALUE" });
    }
    assert.deepEqual(treeOf(context.root), before);
  });
});
