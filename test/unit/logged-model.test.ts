import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { createExperiment, deleteExperiment } from "../../core/store/experiments/index.js";
import {
  createLoggedModel,
  deleteLoggedModel,
  deleteLoggedModelTag,
  finalizeLoggedModel,
  logLoggedModelParams,
  logModelMetrics,
  setLoggedModelTags,
} from "../../core/store/logged-models/index.js";
import { findLoggedModel, readLoggedModel } from "../../core/store/read/logged-models.js";
import { type LoggedModel, type Metric, parseMetricFile } from "../../store-format/index.js";
import { contextOf, newStore, treeOf } from "../helpers/new-store.js";
import { atOnce, killedEverywhere } from "../helpers/store-children.js";

const RUN_ID = "7c1f0a9be24d4c53a8d6e0137f52b9ad";
const LATER = 1_748_764_900_000;

function read(context: StoreContext, modelId: string): LoggedModel {
  const location = findLoggedModel(context, modelId);
  assert.ok(location);
  return readLoggedModel(location, (damage) => assert.fail(JSON.stringify(damage)));
}

function directoryOf({ root }: StoreContext, modelId: string): string {
  return join(root, "0", "models", modelId);
}

describe("logged models", () => {
  test("a new one is what MLflow writes, pending", (t) => {
    const context = newStore(t);
    const model = createLoggedModel(context, {
      experimentId: "0",
      name: "parser",
      modelType: "agent",
      sourceRunId: RUN_ID,
      params: { "a/b": "1", text: "two\nlines" },
      tags: { team: "nlp" },
    });
    assert.match(model.modelId, /^m-[0-9a-f]{32}$/u);
    const directory = directoryOf(context, model.modelId);
    assert.deepEqual(treeOf(directory), {
      "meta.yaml": `artifact_location: file://${directory}/artifacts
creation_timestamp: 1748764800123
experiment_id: '0'
last_updated_timestamp: 1748764800123
lifecycle_stage: active
model_id: ${model.modelId}
model_type: agent
name: parser
source_run_id: ${RUN_ID}
status: 1
status_message: null
`,
      "metrics/": "",
      "params/a/b": "1",
      "params/text": "two\nlines",
      "tags/team": "nlp",
    });
    assert.equal(model.status, "PENDING");
    assert.deepEqual({ ...model.params }, { "a/b": "1", text: "two\nlines" });
    assert.deepEqual(readdirSync(context.root).sort(), [".trash", "0"]);
  });

  test("its artifacts lie below the experiment's location, wherever that is", (t) => {
    const context = newStore(t);
    const { experimentId } = createExperiment(context, { name: "s3", artifactLocation: "s3://bucket/x" });
    const model = createLoggedModel(context, { experimentId });
    assert.equal(model.artifactLocation, `s3://bucket/x/models/${model.modelId}/artifacts`);
    assert.match(model.name, /^[a-z]+-[a-z]+-[0-9]+$/u);
  });

  test("finalize, tags, params and delete change what they say and nothing else", (t) => {
    const context = newStore(t);
    const { modelId } = createLoggedModel(context, { experimentId: "0", name: "m", tags: { a: "1" } });
    const later = { ...context, now: () => LATER };
    const ready = finalizeLoggedModel(later, modelId, "READY");
    assert.deepEqual([ready.status, ready.lastUpdatedTime, ready.lifecycleStage], ["READY", LATER, "active"]);
    setLoggedModelTags(context, modelId, { a: "2", b: "3" });
    deleteLoggedModelTag(context, modelId, "b");
    logLoggedModelParams(context, modelId, { lr: "0.1" });
    logLoggedModelParams(context, modelId, { lr: "0.2" });
    const model = read(context, modelId);
    assert.deepEqual([{ ...model.tags }, { ...model.params }], [{ a: "2" }, { lr: "0.2" }]);
    deleteLoggedModel(context, modelId);
    assert.equal(read(context, modelId).lifecycleStage, "deleted");
    assert.equal(read(context, modelId).status, "READY");
    for (const call of [
      () => deleteLoggedModel(context, modelId),
      () => finalizeLoggedModel(context, modelId, "FAILED"),
      () => setLoggedModelTags(context, modelId, { a: "1" }),
      () => setLoggedModelTags(context, "m-../../../0", { a: "1" }),
    ]) {
      assert.throws(call, { code: "RESOURCE_DOES_NOT_EXIST" });
    }
  });

  test("refusals leave nothing behind", (t) => {
    const context = newStore(t);
    const gone = createExperiment(context, { name: "gone" }).experimentId;
    deleteExperiment(context, gone);
    const before = treeOf(context.root);
    const create = (spec: object) => () => createLoggedModel(context, { experimentId: "0", ...spec });
    for (const name of ["", "a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"]) {
      assert.throws(create({ name }), { code: "INVALID_PARAMETER_VALUE" }, name);
    }
    assert.throws(create({ tags: { "..": "x" } }), { code: "INVALID_PARAMETER_VALUE" });
    assert.throws(create({ params: { a: "1", "a/b": "2" } }), { code: "INVALID_PARAMETER_VALUE" });
    assert.throws(create({ experimentId: "77" }), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(create({ experimentId: gone }), { code: "INVALID_STATE" });
    assert.deepEqual(treeOf(context.root), before);
  });

  test("killed while it is created: whole or not at all", (t) => {
    killedEverywhere(
      () => ({
        root: newStore(t).root,
        operation: "createLoggedModel",
        args: [{ experimentId: "0", name: "m", params: { a: "1" }, tags: { b: "2" } }],
      }),
      (root) => {
        const found = Object.keys(treeOf(join(root, "0"))).filter((path) => /m-[0-9a-f]{32}\//u.test(path));
        assert.ok(found.length === 0 || found.length === 4, found.join());
      },
    );
  });
});

describe("points of logged models", () => {
  const metric = (change: Partial<Metric>): Metric => ({
    key: "f1",
    timestamp: 1_748_764_905_000,
    value: 0.875,
    step: 10,
    ...change,
  });

  test("are lines of 4 fields, or 6 with a dataset, in the files of their models", (t) => {
    const context = newStore(t);
    const { modelId } = createLoggedModel(context, { experimentId: "0" });
    const dataset = { name: "invoices-train", digest: "5f2c81aa" };
    logModelMetrics(context, {
      runId: RUN_ID,
      metrics: [
        metric({ modelId, dataset }),
        metric({ modelId, value: Number.NaN, step: 11 }),
        metric({ modelId, key: "val/loss", value: 1 }),
        metric({ modelId, dataset: { name: "two words", digest: "x" }, step: 12 }),
        metric({ key: "not of a model" }),
      ],
    });
    const tree = treeOf(join(directoryOf(context, modelId), "metrics"));
    assert.deepEqual(tree, {
      f1: `1748764905000 0.875 10 ${RUN_ID} invoices-train 5f2c81aa
1748764905000 nan 11 ${RUN_ID}
1748764905000 0.875 12 ${RUN_ID}
`,
      "val/loss": `1748764905000 1.0 10 ${RUN_ID}\n`,
    });
    const f1 = read(context, modelId).metrics.filter(({ key }) => key === "f1");
    assert.deepEqual(
      f1.map(({ step, dataset }) => [step, dataset?.name]),
      [
        [10, "invoices-train"],
        [12, undefined],
      ],
    );
  });

  test("a torn tail that nobody writes any more is cut before the next point", (t) => {
    const context = newStore(t);
    const { modelId } = createLoggedModel(context, { experimentId: "0" });
    const log = () => logModelMetrics(context, { runId: RUN_ID, metrics: [metric({ modelId })] });
    log();
    const path = join(directoryOf(context, modelId), "metrics", "f1");
    const line = readFileSync(path, "utf8");
    appendFileSync(path, "1748764905000 0.8");
    log();
    assert.equal(readFileSync(path, "utf8"), line + line);
  });

  test("many processes log to one model at once: every line is there", async (t) => {
    const context = newStore(t);
    const { modelId } = createLoggedModel(context, { experimentId: "0" });
    const tasks = Array.from({ length: 6 }, (_, process) => ({
      root: context.root,
      operation: "logModelMetrics",
      args: [
        {
          runId: RUN_ID,
          metrics: Array.from({ length: 200 }, (_, i) => metric({ modelId, step: process * 1000 + i })),
        },
      ],
    }));
    const results = await atOnce([...tasks, ...tasks.map((task) => ({ ...task }))]);
    assert.ok(results.every((result) => "value" in result));
    const file = parseMetricFile(readFileSync(join(directoryOf(context, modelId), "metrics", "f1")), "model");
    assert.deepEqual([file.problemCount, file.torn, file.points.length], [0, undefined, 2_400]);
    assert.equal(new Set(file.points.map(({ step }) => step)).size, 1_200);
  });

  test("an unknown model is an error, and so is a key that breaks the rules", (t) => {
    const context = contextOf(newStore(t).root);
    const unknown = `m-${"0".repeat(32)}`;
    const log = (change: Partial<Metric>) => () =>
      logModelMetrics(context, { runId: RUN_ID, metrics: [metric(change)] });
    assert.throws(log({ modelId: unknown }), { code: "RESOURCE_DOES_NOT_EXIST" });
    const { modelId } = createLoggedModel(context, { experimentId: "0" });
    assert.throws(log({ modelId, key: "../meta.yaml" }), { code: "INVALID_PARAMETER_VALUE" });
  });
});
