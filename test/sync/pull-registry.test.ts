/** `pull --models` from real servers, and what MLflow's own client then reads of the store's registry. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import type { FileStore } from "../../core/index.js";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isPartial, type SyncReport } from "../../sync/index.js";
import { mlflowEnvironment } from "../helpers/mlflow.js";
import { type MlflowServer, mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";

const READ = `
import json, sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri="file://" + sys.argv[1], registry_uri="file://" + sys.argv[1])
model = client.get_registered_model(sys.argv[2])
versions = client.search_model_versions("name='%s'" % sys.argv[2])
print(json.dumps({
    "tags": model.tags,
    "aliases": {alias: int(version) for alias, version in model.aliases.items()},
    "description": model.description,
    "versions": sorted([int(v.version), v.current_stage, {k: t for k, t in v.tags.items()}] for v in versions),
}))
`;

for (const version of ["3", "2"] as const) {
  const skip = await mlflowServerSkip(version);
  describe(`the registry of MLflow ${version} comes here`, { skip }, async () => {
    const server = await startMlflowServer({ after }, { version });

    test("push, pull elsewhere, and push from there change nothing; what changed there follows", async (t) => {
      const directory = temporaryDirectory(t);
      const name = `wine ${version}`;
      const store = await storeWithModel(directory, name);
      const pushed = await pushOnce({ directory, url: server.url, push: { withRegistry: true } });
      assert.deepEqual(problemsIn(pushed), []);
      assert.equal(pushed.catalog.model_version.made, 2);

      const clone = temporaryDirectory(t);
      initWorkspace(clone);
      const pulled = createFileStore({ cwd: clone, path: join(clone, "mlruns") });
      const report = await pullOnce({ directory: clone, url: server.url, pull: { withRegistry: true } });
      assert.deepEqual(problemsIn(report), []);
      assert.deepEqual(await registryOf(pulled, name), await registryOf(store, name));

      for (const again of [
        await pushOnce({ directory: clone, url: server.url, push: { withRegistry: true } }),
        await pullOnce({ directory, url: server.url, pull: { withRegistry: true } }),
        await pushOnce({ directory, url: server.url, push: { withRegistry: true } }),
      ])
        for (const { made, changed } of Object.values(again.catalog))
          assert.deepEqual([made, changed], [0, 0]);

      await ask(server, "registered-models/set-tag", { name, key: "owner", value: "bob" });
      await ask(server, "registered-models/alias", { name, alias: "challenger", version: "1" });
      await store.setModelVersionTags(name, 1, { checked: "yes" });
      await pullOnce({ directory, url: server.url, pull: { withRegistry: true } });
      await pushOnce({ directory, url: server.url, push: { withRegistry: true } });
      await pullOnce({ directory: clone, url: server.url, pull: { withRegistry: true } });
      assert.equal((await store.getRegisteredModel(name)).tags["owner"], "bob");
      assert.equal((await store.getModelVersionByAlias(name, "challenger")).version, 1);
      assert.deepEqual(await registryOf(pulled, name), await registryOf(store, name));

      const seen = await readByMlflow(server.python, join(clone, "mlruns"), name);
      assert.deepEqual(seen, {
        tags: { owner: "bob" },
        aliases: { champion: 2, challenger: 1 },
        description: "of the cellar",
        versions: [
          [1, "None", { note: "x", checked: "yes" }],
          [2, "Production", { note: "y" }],
        ],
      });
    });

    test("experiments without runs come, and names and tags follow", async (t) => {
      const directory = temporaryDirectory(t);
      initWorkspace(directory);
      const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
      const name = `empty ${version}`;
      const { experimentId } = await store.createExperiment({ name, tags: { team: "cellar" } });
      assert.equal((await pushOnce({ directory, url: server.url })).catalog.experiment.made, 1);
      await store.renameExperiment(experimentId, `${name} two`);
      assert.equal((await pushOnce({ directory, url: server.url })).catalog.experiment.changed, 1);
      const there = await experimentThere(server, `${name} two`);
      await ask(server, "experiments/update", { experiment_id: there, new_name: `${name} three` });
      await ask(server, "experiments/set-experiment-tag", {
        experiment_id: there,
        key: "team",
        value: "attic",
      });
      const clone = temporaryDirectory(t);
      initWorkspace(clone);
      const pulled = createFileStore({ cwd: clone, path: join(clone, "mlruns") });
      for (const place of [directory, clone]) await pullOnce({ directory: place, url: server.url });
      for (const each of [store, pulled])
        assert.deepEqual({ ...(await each.getExperimentByName(`${name} three`))?.tags }, { team: "attic" });
      const { requests } = await pushOnce({ directory, url: server.url });
      assert.ok(requests <= 1, `${requests} requests`);
    });
  });
}

/** By MLflow's own client over the file store. */
async function readByMlflow(python: string, root: string, name: string): Promise<unknown> {
  const options = { env: mlflowEnvironment(), cwd: tmpdir() };
  const { stdout } = await promisify(execFile)(python, ["-c", READ, root, name], options);
  return JSON.parse(stdout);
}

function problemsIn(report: SyncReport): readonly string[] {
  const errors = report.outcomes.flatMap(({ error }) => (error === undefined ? [] : [error.message]));
  return isPartial(report) ? ["partial", ...report.notes, ...errors] : [];
}

async function storeWithModel(directory: string, name: string): Promise<FileStore> {
  initWorkspace(directory);
  const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
  const { experimentId } = await store.createExperiment({ name: `runs of ${name}` });
  const { info } = await store.createRun({ experimentId });
  const writer = await store.openRun(info.runId);
  writer.logArtifactBytes("model/MLmodel", Buffer.from("flavors: {}\n"));
  await writer.end({ status: "FINISHED" });
  await store.createRegisteredModel(name, { description: "of the cellar", tags: { owner: "ada" } });
  for (const note of ["x", "y"])
    await store.createModelVersion({
      ...{ name, source: `runs:/${info.runId}/model`, runId: info.runId },
      tags: { note },
    });
  await store.transitionStage(name, 2, "Production");
  await store.setAlias(name, "champion", 2);
  return store;
}

async function registryOf(store: FileStore, name: string): Promise<object> {
  const { description, tags, aliases } = await store.getRegisteredModel(name);
  const versions = [];
  for (const number of [1, 2]) {
    const {
      creationTime,
      currentStage,
      runId,
      source,
      tags: own,
    } = await store.getModelVersion(name, number);
    versions.push({ number, creationTime, currentStage, runId, source, tags: { ...own } });
  }
  return { description, tags: { ...tags }, aliases: { ...aliases }, versions };
}

async function experimentThere(server: MlflowServer, name: string): Promise<string> {
  const query = `experiment_name=${encodeURIComponent(name)}`;
  const answer = await fetch(`${server.url}/api/2.0/mlflow/experiments/get-by-name?${query}`);
  const { experiment } = (await answer.json()) as { experiment: { experiment_id: string } };
  return experiment.experiment_id;
}

async function ask(server: MlflowServer, path: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const how = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${server.url}/api/2.0/mlflow/${path}`, how);
  assert.equal(answer.status, 200, await answer.text());
}
