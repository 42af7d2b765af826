/** Runs and experiments of every age and place. */
import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import {
  findExperiment,
  findExperimentsByName,
  findRun,
  listRunLocations,
  mustFindRun,
  readExperiment,
  readParams,
  readRun,
  readRunInfo,
  scanExperiments,
} from "../../core/index.js";
import { type Damage, isRunstoneError } from "../../store-format/index.js";
import {
  addFiles,
  experimentMeta,
  makeStore,
  OTHER_RUN,
  oneRun,
  onlyRun,
  RUN,
  runMeta,
  told,
} from "./read-fixture.js";

const IGNORE = () => {};
const failOnDamage = (damage: Damage) => assert.fail(told(damage));

test("a run with all its records", (context) => {
  const paths = makeStore(
    context,
    oneRun({
      "1/RUN/params/optimizer.lr": "0.001",
      "1/RUN/params/prompt": "line one\r\nline two\n\n",
      "1/RUN/params/größe/日本語": "😀",
      "1/RUN/params/__proto__": "a key like any other",
      "1/RUN/tags/mlflow.user": "ana",
      "1/RUN/metrics/loss": "1 0.5 0\n2 0.25 1\n",
      "1/datasets/ce0d/meta.yaml": "digest: 5f2c81aa\nname: invoices-train\nsource: x\nsource_type: local\n",
      "1/RUN/inputs/f3c7/meta.yaml":
        "source_id: ce0d\nsource_type: DATASET\ntags:\n  mlflow.data.context: training\n",
      "1/RUN/inputs/aaaa/meta.yaml": "source_id: m-2\nsource_type: MODEL\ntags: {}\n",
      "1/RUN/outputs/m-1/meta.yaml": "destination_id: m-1\nstep: 10\n",
    }),
  );
  const run = readRun(onlyRun(paths), failOnDamage);
  assert.deepEqual(Object.entries(run.params), [
    ["__proto__", "a key like any other"],
    ["größe/日本語", "😀"],
    ["optimizer.lr", "0.001"],
    ["prompt", "line one\r\nline two\n\n"],
  ]);
  assert.deepEqual({ ...run.tags }, { "mlflow.user": "ana" });
  assert.deepEqual({ ...run.metrics }, { loss: { timestamp: 2, value: 0.25, step: 1 } });
  assert.deepEqual(run.inputs.modelInputs, [{ modelId: "m-2" }]);
  assert.equal(run.inputs.datasetInputs[0]?.dataset.name, "invoices-train");
  assert.equal(run.inputs.datasetInputs[0]?.tags["mlflow.data.context"], "training");
  assert.deepEqual(run.outputs, [{ modelId: "m-1", step: 10 }]);
  assert.deepEqual(run.info, {
    runId: RUN,
    experimentId: "1",
    runName: "gentle-otter-512",
    userId: "ana",
    status: "FINISHED",
    startTime: 1748764900000,
    endTime: 1748765500789,
    deletedTime: null,
    lifecycleStage: "active",
    artifactUri: `file:///nowhere/1/${RUN}/artifacts`,
  });
});

test("the bytes of a value are kept as they are", (context) => {
  const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff, 0x0d, 0x0a);
  const paths = makeStore(context, oneRun({ "1/RUN/params/raw": bytes }));
  const [param] = readParams(onlyRun(paths), failOnDamage);
  assert.deepEqual(Uint8Array.from(param?.bytes ?? []), bytes);
});

test("MLflow 0.x: integer experiment, run_uuid only, no lifecycle_stage, no tags, a name of its own", (context) => {
  const paths = makeStore(context, {
    "0/meta.yaml":
      "artifact_location: /home/u/mlruns/0\nexperiment_id: 0\nlifecycle_stage: active\nname: Default\n",
    [`0/${RUN}/meta.yaml`]: `artifact_uri: /home/u/mlruns/0/${RUN}/artifacts\nend_time: 1544090136682\nentry_point_name: ''\nexperiment_id: 0\nname: ''\nrun_uuid: ${RUN}\nsource_name: train.py\nsource_type: 4\nsource_version: null\nstart_time: 1544090136620\nstatus: 3\ntags: []\nuser_id: u\n`,
    [`0/${RUN}/params/alpha`]: "0.5",
    [`0/${RUN}/metrics/score`]: "1544090136 0.97\n",
    [`0/${RUN}/artifacts/`]: "",
  });
  const run = readRun(onlyRun(paths), failOnDamage);
  assert.equal(run.info.lifecycleStage, "active");
  assert.equal(run.info.experimentId, "0");
  assert.deepEqual({ ...run.tags }, {});
  assert.equal(run.metrics["score"]?.step, 0);
});

test("a run without a name has that of its tag", (context) => {
  const paths = makeStore(
    context,
    oneRun({
      "1/RUN/meta.yaml": runMeta(RUN, "1", { run_name: "''" }),
      "1/RUN/tags/mlflow.runName": "from the tag",
    }),
  );
  assert.equal(readRunInfo(onlyRun(paths)).runName, "from the tag");
});

test("in the trash everything is deleted, whatever meta.yaml says", (context) => {
  const paths = makeStore(context, {
    ".trash/5/meta.yaml": experimentMeta("5", "old"),
    [`.trash/5/${RUN}/meta.yaml`]: runMeta(RUN, "5"),
    "5/meta.yaml": experimentMeta("5", "new"),
  });
  const run = readRun(onlyRun(paths), failOnDamage);
  assert.deepEqual([run.place, run.info.lifecycleStage], ["trash", "deleted"]);
  assert.deepEqual(
    scanExperiments(paths, failOnDamage).map(({ name, place, lifecycleStage }) => [
      name,
      place,
      lifecycleStage,
    ]),
    [
      ["new", "root", "active"],
      ["old", "trash", "deleted"],
    ],
  );
  assert.equal(findExperiment(paths, "5")?.place, "root");
  assert.equal(findRun(paths, RUN)?.place, "trash");
});

test("ids and names are found; nothing leads out of the root", (context) => {
  const paths = makeStore(context, oneRun({ "a b/meta.yaml": experimentMeta("a b", "'with: quotes'") }));
  assert.equal(findRun(paths, RUN)?.path, `1/${RUN}`);
  assert.deepEqual(
    findExperimentsByName(paths, "with: quotes").map(({ experimentId }) => experimentId),
    ["a b"],
  );
  addFiles(dirname(paths.root), { "outside/meta.yaml": runMeta("outside", "1") });
  for (const id of [
    "../outside",
    "..",
    ".",
    "",
    "a/b",
    "1\n",
    "\0",
    "tags",
    "models",
    `1/${RUN}`,
    "../../etc",
  ]) {
    assert.equal(findRun(paths, id), null, JSON.stringify(id));
    assert.equal(findExperiment(paths, id), null, JSON.stringify(id));
  }
  assert.throws(
    () => mustFindRun(paths, "nope"),
    (error) => isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST"),
  );
});

test("runs come in code-point order, the root before the trash, and only of the experiments asked for", (context) => {
  const ids = ["b", "B", "a", "10", "9", "é", "\u{1f600}", "\ufffd"];
  const paths = makeStore(context, {
    "0/meta.yaml": experimentMeta("0", "Default"),
    ".trash/1/meta.yaml": experimentMeta("1", "first"),
    [`.trash/1/${OTHER_RUN}/meta.yaml`]: runMeta(OTHER_RUN, "1"),
    "2/meta.yaml": experimentMeta("2", "second"),
    "2/only/meta.yaml": runMeta("only", "2"),
    ...Object.fromEntries(ids.map((id) => [`0/${id}/meta.yaml`, runMeta(id, "0")])),
  });
  const inOrder = ["10", "9", "B", "a", "b", "é", "\ufffd", "\u{1f600}"];
  const listed = (experimentIds?: string[]) =>
    [...listRunLocations(paths, experimentIds === undefined ? {} : { experimentIds })].map(
      ({ runId }) => runId,
    );
  assert.deepEqual(listed(), [...inOrder, "only", OTHER_RUN]);
  assert.deepEqual(listed(["1", "2", "2", "77"]), ["only", OTHER_RUN]);
});

test("what people wrote with other YAML tools is read, too", (context) => {
  const paths = makeStore(
    context,
    oneRun({
      "1/meta.yaml":
        "# edited by hand\nname: |-\n  two\n  lines\nexperiment_id: &id '1'\nartifact_location: {a: 1}\nlifecycle_stage: active\n",
    }),
  );
  const location = findExperiment(paths, "1");
  assert.ok(location !== null);
  assert.throws(
    () => readExperiment(location, IGNORE),
    (error) => isRunstoneError(error, "DAMAGED") && error.data.path === "1/meta.yaml",
  );
  addFiles(paths.root, {
    "1/meta.yaml":
      "# edited by hand\nname: |-\n  two\n  lines\nexperiment_id: &id '1'\nartifact_location: x\nlifecycle_stage: active\n",
  });
  assert.equal(findExperimentsByName(paths, "two\nlines").length, 1);
});

test("an experiment's tags are those of its files, not of meta.yaml", (context) => {
  const paths = makeStore(context, {
    "0/meta.yaml": experimentMeta("0", "Default", "tags:\n  mlflow.note.content: stale\n"),
    "0/tags/mlflow.note.content": "fresh",
  });
  assert.deepEqual({ ...scanExperiments(paths, failOnDamage)[0]?.tags }, { "mlflow.note.content": "fresh" });
});

test("a meta.yaml that is being rewritten in place is looked at again", (context) => {
  const paths = makeStore(context, oneRun({ "1/RUN/meta.yaml": "" }));
  const run = mustFindRun(paths, RUN);
  const file = join(run.directory, "meta.yaml");
  // As MLflow: emptied, and filled a moment later; the other process is another thread here.
  const worker = new URL("./read-rewrite-worker.js", import.meta.url);
  return import("node:worker_threads").then(async ({ Worker }) => {
    const flag = new SharedArrayBuffer(4);
    const writer = new Worker(worker, { workerData: { file, text: runMeta(RUN, "1"), flag } });
    await new Promise<void>((resolve) => writer.once("message", () => resolve()));
    writeFileSync(file, "");
    Atomics.store(new Int32Array(flag), 0, 1);
    Atomics.notify(new Int32Array(flag), 0);
    assert.equal(readRunInfo(run).status, "FINISHED");
    await writer.terminate();
  });
});

test("a moved store reads the same", (context) => {
  const paths = makeStore(context, oneRun({ "1/RUN/params/lr": "0.1" }));
  const before = readRun(onlyRun(paths), failOnDamage);
  const moved = { root: join(dirname(paths.root), "elsewhere"), workspace: null };
  renameSync(paths.root, moved.root);
  assert.deepEqual(readRun(onlyRun(moved), failOnDamage), before);
});
