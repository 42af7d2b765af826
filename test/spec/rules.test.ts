/** Rules of SPEC.md on stores: sections 4, 5, 8, 9 and 13. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import {
  type FileStore,
  fsck,
  initWorkspace,
  inspectLease,
  listRunLocations,
  openFileStore,
  processOwner,
  readRunState,
  repair,
  takeLease,
} from "../../core/index.js";
import { claimWriterSlot, systemProbes } from "../../core/leases/index.js";
import { type ErrorCode, isRunstoneError, type Metric, type Point } from "../../store-format/index.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { sha256 } from "../unit/format-support.js";

interface Scene {
  readonly workspace: string;
  readonly root: string;
  readonly store: FileStore;
  readonly experimentId: string;
  readonly runId: string;
  /** The run's directory. */
  readonly run: string;
}

/** A workspace with one run, RUNNING, with a param and a point of the metric `loss`. */
async function scene(t: TestContext): Promise<Scene> {
  const workspace = temporaryDirectory(t);
  initWorkspace(workspace);
  const store = openFileStore({ cwd: workspace });
  const { experimentId } = await store.createExperiment({ name: "rules" });
  const { info } = await store.createRun({ experimentId, params: { lr: "0.1" } });
  const root = join(workspace, "mlruns");
  const run = join(root, experimentId, info.runId);
  const made = { workspace, root, store, experimentId, runId: info.runId, run };
  await log(made, [point(1)]);
  return made;
}

const point = (step: number, more: Partial<Metric> = {}): Metric => ({
  key: "loss",
  timestamp: 1000 + step,
  value: step / 4,
  step,
  ...more,
});

async function log({ store, runId }: Scene, metrics: readonly Metric[]): Promise<void> {
  const writer = await store.openRun(runId);
  writer.logMetrics(metrics);
  await writer.close();
}

async function end({ store, runId }: Scene): Promise<void> {
  const writer = await store.openRun(runId);
  await writer.end({ status: "FINISHED" });
}

async function history({ store, runId }: Scene, key = "loss"): Promise<Point[]> {
  const found: Point[] = [];
  for await (const one of store.getMetricHistory(runId, key)) found.push(one);
  return found;
}

async function stepsOf(made: Scene): Promise<unknown[]> {
  return (await history(made)).map(({ step }) => step);
}

const kinds = ({ store }: Scene) => fsck(store.context).damages.map(({ kind }) => kind);

async function rejects(call: () => unknown, code: ErrorCode): Promise<void> {
  await assert.rejects(
    async () => await call(),
    (error) => isRunstoneError(error, code) || assert.fail(String(error)),
  );
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

describe("layout", () => {
  test("R-layout-1, R-layout-2, R-layout-3: what is an experiment and a run, and what is not", async (t) => {
    const made = await scene(t);
    const { root, store, experimentId, run } = made;
    for (const name of ["models", "x.trash", ".hidden", "other", "77"]) mkdirSync(join(root, name));
    renameSync(join(root, experimentId, "meta.yaml"), join(root, "kept.yaml"));
    mkdirSync(join(root, experimentId, "not-a-run"));
    const listed = await store.listExperiments("all");
    assert.deepEqual(
      listed.map((experiment) => experiment.experimentId),
      ["0"],
    );
    const runs = [...listRunLocations(store.context)].map(({ directory, orphan }) => ({ directory, orphan }));
    assert.deepEqual(runs, [{ directory: run, orphan: true }]);
    assert.deepEqual(await stepsOf(made), [1], "the runs of an orphan are readable");
  });

  test("R-layout-4: the names of directories win over the ids in files", async (t) => {
    const made = await scene(t);
    edit(join(made.run, "meta.yaml"), (text) => text.replaceAll(made.runId, "0".repeat(32)));
    assert.equal((await made.store.getRun(made.runId)).info.runId, made.runId);
    assert.ok(kinds(made).includes("run_id_mismatch"));
  });

  test("R-layout-5: what lies in the trash is deleted", async (t) => {
    const made = await scene(t);
    renameSync(join(made.root, made.experimentId), join(made.root, ".trash", made.experimentId));
    assert.equal((await made.store.getExperiment(made.experimentId)).lifecycleStage, "deleted");
    assert.equal((await made.store.getRun(made.runId)).info.lifecycleStage, "deleted");
    assert.ok(kinds(made).includes("experiment_in_trash_says_active"));
  });

  test("R-layout-6: listings follow no links", async (t) => {
    const made = await scene(t);
    symlinkSync(made.run, join(made.root, made.experimentId, "linked"));
    symlinkSync(join(made.root, made.experimentId), join(made.root, "12345"));
    symlinkSync(join(made.run, "params/lr"), join(made.run, "params/again"));
    assert.equal([...listRunLocations(made.store.context)].length, 1);
    assert.deepEqual(Object.keys((await made.store.getRun(made.runId)).params), ["lr"]);
    assert.ok(kinds(made).includes("not_a_regular_file"));
  });

  test("R-layout-7, R-layout-8: nothing foreign stays among records or in the root", async (t) => {
    const made = await scene(t);
    await log(made, [point(2), point(3, { key: "val/f1" })]);
    await end(made);
    assert.deepEqual(
      readdirSync(join(made.root, made.experimentId)).sort(),
      [made.runId, "meta.yaml"].sort(),
    );
    assert.deepEqual(readdirSync(made.root).sort(), [".gitattributes", ".trash", "0", made.experimentId]);
    assert.deepEqual(readdirSync(join(made.run, "metrics")).sort(), ["loss", "val"]);
  });

  test("R-layout-9: a run without its empty directories is read and mended", async (t) => {
    const made = await scene(t);
    await end(made);
    rmSync(join(made.run, "artifacts"), { recursive: true });
    assert.equal((await made.store.getRun(made.runId)).info.status, "FINISHED");
    assert.ok(kinds(made).includes("run_lacks_a_required_directory"));
    repair(made.store.context);
    assert.ok(existsSync(join(made.run, "artifacts")));
  });
});

describe("experiments and runs", () => {
  test("R-exp-2, R-id-1: a taken name is refused, active or deleted", async (t) => {
    const { store, experimentId } = await scene(t);
    await rejects(() => store.createExperiment({ name: "rules" }), "RESOURCE_ALREADY_EXISTS");
    await store.deleteExperiment(experimentId);
    await rejects(() => store.createExperiment({ name: "rules" }), "RESOURCE_ALREADY_EXISTS");
  });

  test("R-id-1, R-id-2: the next probe when another name holds the id", async (t) => {
    const { store, root, experimentId } = await scene(t);
    await store.renameExperiment(experimentId, "another");
    const next = await store.createExperiment({ name: "rules" });
    assert.equal(next.experimentId.length, 18);
    assert.notEqual(next.experimentId, experimentId);
    assert.match(readFileSync(join(root, "0/meta.yaml"), "utf8"), /^name: Default$/m);
  });

  test("R-exp-3: the default experiment stays; runs deleted before stay deleted", async (t) => {
    const { store, experimentId, runId } = await scene(t);
    await rejects(() => store.deleteExperiment("0"), "INVALID_PARAMETER_VALUE");
    let now = 5;
    const other = openFileStore({ cwd: store.context.root, path: store.context.root, now: () => now });
    const { info } = await other.createRun({ experimentId });
    await other.deleteRun(runId);
    now = 10;
    await other.deleteExperiment(experimentId);
    await other.restoreExperiment(experimentId);
    assert.equal((await other.getRun(runId)).info.lifecycleStage, "deleted");
    assert.equal((await other.getRun(info.runId)).info.lifecycleStage, "active");
  });

  test("R-run-2, R-id-3: random ids, and one run of many who start under one key", async (t) => {
    const { store, experimentId, runId } = await scene(t);
    assert.match(runId, /^[0-9a-f]{32}$/);
    const { info } = await store.createRun({ experimentId, runKey: "job" });
    await rejects(() => store.createRun({ experimentId, runKey: "job" }), "RESOURCE_ALREADY_EXISTS");
    assert.equal(await store.findRunByKey(experimentId, "job"), info.runId);
    await store.deleteRun(info.runId);
    const again = await store.createRun({ experimentId, runKey: "job" });
    const probe = sha256(Buffer.from(`runstone run key\n${experimentId}\njob\n1`)).slice(0, 32);
    assert.equal(again.info.runId, probe);
  });

  test("R-run-3, R-run-4: an unknown status costs that run's meta.yaml and nothing else", async (t) => {
    const made = await scene(t);
    const other = await made.store.createRun({ experimentId: made.experimentId });
    edit(join(made.run, "meta.yaml"), (text) => text.replace("status: 1", "status: 9"));
    assert.deepEqual(kinds(made), ["run_meta_damaged"]);
    assert.equal((await made.store.getRun(other.info.runId)).info.status, "RUNNING");
    assert.deepEqual(await stepsOf(made), [1]);
  });
});

describe("records of a run", () => {
  test("R-param-1: a param is written once", async (t) => {
    const { store, runId } = await scene(t);
    const writer = await store.openRun(runId);
    writer.logParams({ lr: "0.1" });
    await rejects(() => writer.logParams({ lr: "0.2" }), "PARAM_CONFLICT");
    assert.equal((await store.getRun(runId)).params.lr, "0.1");
  });

  test("R-key-4: a key beside a continuation of it is refused", async (t) => {
    const { store, runId } = await scene(t);
    const writer = await store.openRun(runId);
    await rejects(() => writer.logMetrics([point(1, { key: "loss/train" })]), "INVALID_PARAMETER_VALUE");
    await rejects(() => writer.logParams({ "lr/base": "1" }), "INVALID_PARAMETER_VALUE");
  });

  test("R-metric-7: a torn tail is cut before anything is appended, and kept", async (t) => {
    const made = await scene(t);
    appendFileSync(join(made.run, "metrics/loss"), "1748764901000 0.5");
    assert.deepEqual(await stepsOf(made), [1]);
    await log(made, [point(2)]);
    assert.deepEqual(await stepsOf(made), [1, 2]);
    const [kept] = readdirSync(join(made.run, "torn"));
    assert.equal(readFileSync(join(made.run, "torn", kept ?? ""), "utf8"), "1748764901000 0.5");
  });

  test("R-link-2: links find their points, one without a point is ignored", async (t) => {
    const made = await scene(t);
    const dataset = { name: "two words", digest: "1" };
    appendFileSync(
      join(made.run, "links.jsonl"),
      '{"key":"loss","timestamp":5,"value":5,"step":5,"model_id":"m-1"}\n',
    );
    await log(made, [point(2), point(3, { dataset })]);
    assert.deepEqual(
      (await history(made)).map((one) => one.dataset?.name),
      [undefined, undefined, "two words"],
    );
    assert.equal(readFileSync(join(made.run, "metrics/loss"), "utf8").split("\n")[2], "1003 0.75 3");
  });

  test("R-data-1, R-input-1, R-input-2: inputs and their datasets", async (t) => {
    const made = await scene(t);
    const { store, runId, run } = made;
    const dataset = { name: "d", digest: "1", sourceType: "", source: "", schema: null, profile: null };
    const writer = await store.openRun(runId);
    writer.logInputs({ datasets: [{ dataset, tags: {} }], modelIds: ["m-1"] });
    await rejects(
      () => writer.logInputs({ datasets: [{ dataset, tags: { a: "x".repeat(501) } }] }),
      "INVALID_PARAMETER_VALUE",
    );
    const datasets = join(run, "../datasets");
    const [id] = readdirSync(datasets);
    assert.equal((await store.getRun(runId)).inputs.datasetInputs[0]?.dataset.datasetId, id);
    assert.deepEqual((await store.getRun(runId)).inputs.modelInputs, [{ modelId: "m-1" }]);
    rmSync(datasets, { recursive: true });
    assert.deepEqual((await store.getRun(runId)).inputs.datasetInputs, []);
    assert.ok(kinds(made).includes("dataset_missing"));
  });

  test("R-output-1: an output is its destination_id", async (t) => {
    const { store, runId, run } = await scene(t);
    mkdirSync(join(run, "outputs/m-2"), { recursive: true });
    writeFileSync(join(run, "outputs/m-2/meta.yaml"), "destination_id: m-2\nsource_id: other\nstep: 3\n");
    assert.deepEqual((await store.getRun(runId)).outputs, [{ modelId: "m-2", step: 3 }]);
  });

  test("R-art-2, R-sec-3, R-sec-4: artifacts of the run's own directory; none behind links or URIs that lead out", async (t) => {
    const { store, runId, run, workspace } = await scene(t);
    const names = async () => (await store.artifacts.list({ runId })).map(({ path }) => path);
    writeFileSync(join(run, "artifacts/own.txt"), "1");
    edit(join(run, "meta.yaml"), (text) => text.replace(/^artifact_uri: .*$/m, "artifact_uri: file:///etc"));
    assert.deepEqual(await names(), ["own.txt"]);
    symlinkSync("/etc/hostname", join(run, "artifacts/link"));
    assert.deepEqual(await names(), ["own.txt"]);
    rmSync(join(run, "artifacts"), { recursive: true });
    assert.deepEqual(await names(), []);
    mkdirSync(join(workspace, "elsewhere"));
    symlinkSync(join(workspace, "elsewhere"), join(run, "artifacts"));
    await rejects(names, "PERMISSION_DENIED");
  });

  test("R-art-4: MLflow's files on their way in are not listed", async (t) => {
    const { store, runId, run } = await scene(t);
    writeFileSync(join(run, "artifacts/.artifact.uploading.x"), "");
    assert.deepEqual(await store.artifacts.list({ runId }), []);
  });

  test("R-sec-1, R-sec-5: ids lead nowhere else, keys are data", async (t) => {
    const { store, runId, run } = await scene(t);
    for (const id of ["../0", ".", "..", `${runId}/params`, "a\\b", ""])
      await rejects(() => store.getRun(id), "RESOURCE_DOES_NOT_EXIST");
    writeFileSync(join(run, "params/__proto__"), "x");
    assert.deepEqual(Object.keys((await store.getRun(runId)).params), ["__proto__", "lr"]);
  });
});

describe("registry and traces", () => {
  test("R-reg-1, R-reg-2, R-reg-3: names of directories, alias files, numbers used once", async (t) => {
    const made = await scene(t);
    const { store, root } = made;
    await store.createRegisteredModel("parser");
    const spec = { name: "parser", source: "s3://bucket/x" };
    await store.createModelVersion(spec);
    await store.createModelVersion(spec);
    await store.deleteModelVersion("parser", 2);
    assert.equal((await store.createModelVersion(spec)).version, 3);
    assert.deepEqual(
      (await store.listModelVersions("parser")).map(({ version }) => version),
      [1, 3],
    );
    await store.setAlias("parser", "champion", 3);
    const alias = join(root, "models/parser/aliases/champion");
    assert.equal(readFileSync(alias, "utf8"), "3");
    writeFileSync(alias, "1\n");
    assert.equal((await store.getRegisteredModel("parser")).aliases.champion, "1");
    assert.ok(kinds(made).includes("alias_damaged"));
    renameSync(join(root, "models/parser"), join(root, "models/moved"));
    assert.equal((await store.getRegisteredModel("moved")).name, "moved");
  });

  test("R-trace-1: a trace's id is the name of its directory", async (t) => {
    const { store, root, experimentId } = await scene(t);
    mkdirSync(join(root, experimentId, "traces/tr-1"), { recursive: true });
    writeFileSync(join(root, experimentId, "traces/tr-1/trace_info.yaml"), "trace_id: tr-2\nstate: OK\n");
    assert.equal((await store.listTraces(experimentId))[0]?.traceId, "tr-1");
  });

  test("R-model-2, R-model-3: points of logged models, datasets with blanks left out", async (t) => {
    const made = await scene(t);
    const { store, experimentId, root, runId } = made;
    const { modelId } = await store.createLoggedModel({ experimentId });
    const dataset = { name: "two words", digest: "1" };
    await log(made, [point(2, { modelId, dataset }), point(3, { modelId })]);
    const file = join(root, experimentId, "models", modelId, "metrics/loss");
    assert.equal(readFileSync(file, "utf8"), `1002 0.5 2 ${runId}\n1003 0.75 3 ${runId}\n`);
    assert.deepEqual((await history(made))[1]?.dataset, dataset);
  });
});

describe("seal and objects", () => {
  const artifact = (made: Scene) => join(made.run, "artifacts/a.bin");
  async function sealed(t: TestContext): Promise<Scene> {
    const made = await scene(t);
    writeFileSync(artifact(made), "artifact");
    await end(made);
    return made;
  }
  const report = ({ store }: Scene) => {
    const { damages, changes } = fsck(store.context);
    return [
      ...damages.map(({ kind, severity }) => `${kind} ${severity}`),
      ...changes.map(({ what }) => what),
    ];
  };
  const sameTime = (path: string, change: () => void) => {
    const { atime } = statSync(path);
    const time = new Date(1_700_000_000_000);
    change();
    utimesSync(path, atime, time);
  };

  test("R-manifest-5: what is damage and what is change", async (t) => {
    const made = await sealed(t);
    assert.deepEqual(report(made), []);
    writeFileSync(join(made.run, "params/lr"), "0.2");
    assert.deepEqual(report(made), ["sealed_file_differs lost"]);
    writeFileSync(join(made.run, "params/lr"), "0.1");
    appendFileSync(join(made.run, "metrics/loss"), "5 5.0 5\n");
    writeFileSync(join(made.run, "tags/new"), "1");
    rmSync(join(made.run, "tags/mlflow.runName"));
    assert.deepEqual(report(made).sort(), ["added", "longer", "removed"]);
    writeFileSync(join(made.run, "metrics/loss"), "5 5.0 5\n");
    rmSync(artifact(made));
    assert.ok(report(made).includes("sealed_file_differs lost"));
    assert.ok(report(made).includes("sealed_file_missing rebuildable"));
  });

  test("R-manifest-5: other content under the sealed modification time is damage", async (t) => {
    const made = await scene(t);
    writeFileSync(artifact(made), "artifact");
    sameTime(artifact(made), () => {});
    await end(made);
    sameTime(artifact(made), () => writeFileSync(artifact(made), "ARTIFACT"));
    assert.deepEqual(report(made), ["sealed_file_differs rebuildable"]);
  });

  test("R-manifest-6, R-seal-1: an edit seals anew and does not turn damage into truth", async (t) => {
    const made = await sealed(t);
    const before = readFileSync(join(made.run, "manifest.yaml"), "utf8");
    writeFileSync(join(made.run, "params/lr"), "0.2");
    writeFileSync(join(made.run, "metrics/loss"), "5 5.0 5\n");
    await made.store.setTags(made.runId, { x: "1" });
    assert.notEqual(readFileSync(join(made.run, "manifest.yaml"), "utf8"), before);
    assert.deepEqual(report(made), ["sealed_file_differs lost", "sealed_file_differs lost"]);
  });

  test("R-manifest-4: a run with a newer manifest is not sealed anew", async (t) => {
    const made = await sealed(t);
    writeFileSync(join(made.run, "manifest.yaml"), "runstone_manifest: 2\n");
    await rejects(() => made.store.setTags(made.runId, { x: "1" }), "FORMAT_TOO_NEW");
    assert.equal(readFileSync(join(made.run, "manifest.yaml"), "utf8"), "runstone_manifest: 2\n");
  });

  test("R-object-1, R-object-3, R-config-3: objects by hash, wrong ones replaced; none outside a workspace", async (t) => {
    const made = await sealed(t);
    const id = sha256(Buffer.from("artifact"));
    const object = join(made.workspace, ".runstone/objects", id.slice(0, 2), id.slice(2));
    assert.equal(readFileSync(object, "utf8"), "artifact");
    rmSync(object);
    writeFileSync(object, "spoilt");
    assert.ok(report(made).includes("object_differs rebuildable"));
    rmSync(join(made.run, "manifest.yaml"));
    await end(made);
    assert.equal(readFileSync(object, "utf8"), "artifact");
    rmSync(join(made.workspace, ".runstone"), { recursive: true });
    const bare = openFileStore({ cwd: made.root, path: made.root });
    assert.equal((await bare.getRun(made.runId)).info.status, "FINISHED");
  });

  test("R-object-2: a repair takes no bytes from an object that is wrong", async (t) => {
    const made = await sealed(t);
    const id = sha256(Buffer.from("artifact"));
    const object = join(made.workspace, ".runstone/objects", id.slice(0, 2), id.slice(2));
    rmSync(object);
    writeFileSync(object, "spoilt");
    rmSync(artifact(made));
    repair(made.store.context);
    assert.ok(!existsSync(artifact(made)));
  });

  test("R-git-1: large artifacts are left out by name", async (t) => {
    const made = await scene(t);
    writeFileSync(join(made.run, "artifacts/a b#.bin"), Buffer.alloc(1_048_577));
    assert.equal(readFileSync(join(made.run, ".gitignore"), "utf8"), "*\n");
    await end(made);
    assert.equal(readFileSync(join(made.run, ".gitignore"), "utf8"), "/artifacts/a\\ b\\#.bin\n");
  });

  test("R-manifest-5: a large artifact that a clone lacks is had where the run was made", async (t) => {
    const made = await scene(t);
    writeFileSync(artifact(made), Buffer.alloc(1_048_577));
    await end(made);
    rmSync(artifact(made));
    rmSync(join(made.workspace, ".runstone/objects"), { recursive: true });
    assert.deepEqual(report(made), ["object_missing note"]);
  });
});

describe("leases, slots, folds", () => {
  const self = processOwner("test");
  /** This process, had it started at another time: proven dead. */
  const dead = { ...self, process: { pid: self.process.pid, start: "1" } };

  test("R-writer-1, R-writer-2, R-writer-3: slots by number, a dead writer's is not taken over", async (t) => {
    const made = await scene(t);
    const first = claimWriterSlot(made.run, self);
    assert.equal(first.n, 0);
    assert.equal(claimWriterSlot(made.run, dead).n, 1);
    const third = claimWriterSlot(made.run, self);
    assert.equal(third.n, 2);
    for (const [n, step] of [
      [2, 3],
      [1, 2],
    ]) {
      const file = join(made.run, `writers/${n}/metrics/loss`);
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, `1 1.0 ${step}\n`);
    }
    assert.deepEqual(await stepsOf(made), [1, 2, 3]);
    third.release();
    assert.equal(claimWriterSlot(made.run, self).n, 2);
  });

  test("R-fold-1, R-fold-2, R-fold-3: a fold that was cut counts nothing twice and is finished by the next", async (t) => {
    const made = await scene(t);
    const length = statSync(join(made.run, "metrics/loss")).size;
    claimWriterSlot(made.run, self).release();
    const slot = join(made.run, "writers/1/metrics");
    mkdirSync(slot, { recursive: true });
    writeFileSync(join(slot, "loss"), "1 1.0 2\n1 1.0 3\n1 torn");
    const plan = `{"runstone_fold":1}\n{"key":"loss","length":${length}}\n{"links":0}\n`;
    writeFileSync(join(made.run, "writers/fold.jsonl"), plan);
    appendFileSync(join(made.run, "metrics/loss"), "1 1.0 2\n1 1.");
    assert.deepEqual(await stepsOf(made), [1, 2, 3]);
    await rejects(() => claimWriterSlot(made.run, self), "INVALID_STATE");
    await made.store.updateRun(made.runId, { status: "FINISHED" });
    repair(made.store.context);
    assert.deepEqual(await stepsOf(made), [1, 2, 3]);
    assert.ok(!existsSync(join(made.run, "writers")));
  });

  test("R-lease-1, R-lease-4, R-lease-5: dead owners are replaced, living ones never", async (t) => {
    const { run } = await scene(t);
    takeLease(run, dead, { heartbeatAfterMs: 3_600_000 });
    const lease = takeLease(run, self, { heartbeatAfterMs: 3_600_000 });
    await rejects(() => takeLease(run, self, { force: true }), "LEASE_HELD");
    assert.ok(!lease.isLost());
    edit(join(run, "lease.yaml"), (text) => `${text}x: 1\n`);
    assert.ok(lease.isLost());
    lease.release();
  });

  test("R-lease-3: silence is not death", async (t) => {
    const { run } = await scene(t);
    const elsewhere = { ...self, host: { ...self.host, host: "another" } };
    const lease = takeLease(run, elsewhere, { heartbeatAfterMs: 3_600_000 });
    const later = systemProbes({ now: () => Date.now() + 30 * 24 * 3_600_000 });
    assert.equal(inspectLease(run, later)?.verdict, "silent");
    await rejects(() => takeLease(run, self, { probes: later }), "LEASE_HELD");
    lease.release();
  });

  test("R-lease-6: no end under a lease that is lost", async (t) => {
    const { store, runId, run } = await scene(t);
    const writer = await store.openRun(runId, { owner: self });
    writer.logMetrics([point(2)]);
    rmSync(join(run, "lease.yaml"));
    await rejects(() => writer.end({ status: "FINISHED" }), "LEASE_LOST");
    assert.equal((await store.getRun(runId)).info.status, "RUNNING");
  });

  test("R-state-1: LOST is shown and never stored", async (t) => {
    const { store, runId, run } = await scene(t);
    takeLease(run, dead, { heartbeatAfterMs: 3_600_000 }).keepBeating();
    const { info } = await store.getRun(runId);
    assert.equal(readRunState({ directory: run }, info).state, "LOST");
    assert.match(readFileSync(join(run, "meta.yaml"), "utf8"), /^status: 1$/m);
  });

  test("R-read-2: damage costs what it is in", async (t) => {
    const made = await scene(t);
    await log(made, [point(2), point(3, { key: "other" })]);
    edit(join(made.run, "metrics/loss"), (text) => text.replace("1001", "x"));
    assert.deepEqual(await stepsOf(made), [2]);
    assert.equal((await history(made, "other")).length, 1);
    assert.deepEqual(kinds(made), ["metric_line_malformed"]);
  });
});
