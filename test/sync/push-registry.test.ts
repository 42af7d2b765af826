/** `--models`: the registry at a real server, and what experiments are called and tagged with there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { FileStore } from "../../core/index.js";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { SyncReport } from "../../sync/index.js";
import { type MlflowServer, mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pushOnce } from "./push-once.js";

const skip = await mlflowServerSkip("3");

describe("the registry at MLflow 3", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });

  test("models, versions with sources as they are there, tags, stages and aliases; a repeat makes nothing", async (t) => {
    const directory = temporaryDirectory(t);
    const { store } = await storeWithRegistry(directory);
    const report = await pushOnce({ directory, url: server.url, push: { withRegistry: true } });
    assert.deepEqual(report.notes, []);
    assert.deepEqual(madeIn(report), { experiments: 1, models: 2, versions: 4 });
    const model = await ask(server, "registered-models/get?name=wine");
    const versions = await versionsThere(server, "wine");
    assert.deepEqual(
      versions.map(({ version }) => version),
      ["1", "2"],
    );
    assert.match(versions[0]!.source, /^models:\/m-[0-9a-f]{32}$/);
    assert.equal(versions[0]!.tags["runstone.version"], "1");
    assert.equal(versions[1]!.current_stage, "Production");
    assert.match(
      versions[1]!.source,
      new RegExp(`^mlflow-artifacts:/.*${versions[1]!.run_id}/artifacts/model$`),
    );
    assert.deepEqual((model as { registered_model: { aliases: unknown } }).registered_model.aliases, [
      { alias: "champion", version: "2" },
    ]);
    const again = await pushOnce({ directory, url: server.url, push: { withRegistry: true } });
    assert.deepEqual(again.notes, []);
    assert.ok(again.requests <= 1, `${again.requests} requests`);
    assert.deepEqual(madeIn(again), { experiments: 0, models: 0, versions: 0 });
    assert.equal((await versionsThere(server, "wine")).length, 2);
    const odd = (await ask(server, "model-versions/get?name=it%27s%20odd&version=2")) as {
      model_version: VersionThere;
    };
    assert.equal(odd.model_version.source, "s3://models/odd");
    await store.close();
  });

  test("an experiment is made with its tags", async (t) => {
    const directory = temporaryDirectory(t);
    const { experimentName } = await storeWithRegistry(directory);
    await pushOnce({ directory, url: server.url });
    const name = encodeURIComponent(experimentName);
    const { experiment } = (await ask(server, `experiments/get-by-name?experiment_name=${name}`)) as {
      experiment: { tags: readonly { key: string; value: string }[] };
    };
    assert.deepEqual(experiment.tags, [{ key: "team", value: "cellar" }]);
  });
});

function madeIn({ catalog }: SyncReport): object {
  const { experiment, registered_model, model_version } = catalog;
  return { experiments: experiment.made, models: registered_model.made, versions: model_version.made };
}

let made = 0;

async function storeWithRegistry(
  directory: string,
): Promise<{ readonly store: FileStore; readonly experimentName: string }> {
  initWorkspace(directory);
  const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
  made += 1;
  const experimentName = `registry ${made}`;
  const { experimentId } = await store.createExperiment({ name: experimentName, tags: { team: "cellar" } });
  const { info } = await store.createRun({ experimentId });
  const { runId } = info;
  const logged = await store.createLoggedModel({ experimentId, name: "net", sourceRunId: runId });
  await store.finalizeLoggedModel(logged.modelId, "READY");
  const writer = await store.openRun(runId);
  writer.logArtifactBytes("model/MLmodel", Buffer.from("flavors: {}\n"));
  writer.logOutputs([{ modelId: logged.modelId, step: 0 }]);
  await writer.end({ status: "FINISHED" });
  await store.createRegisteredModel("wine", { description: "of the cellar", tags: { owner: "ada" } });
  await store.createRegisteredModel("it's odd");
  await store.createModelVersion({
    name: "wine",
    source: `models:/${logged.modelId}`,
    modelId: logged.modelId,
  });
  await store.createModelVersion({
    name: "wine",
    source: `runs:/${runId}/model`,
    runId,
    tags: { note: "x" },
  });
  await store.createModelVersion({ name: "it's odd", source: `runs:/${runId}/model`, runId });
  await store.createModelVersion({ name: "it's odd", source: "s3://models/odd" });
  await store.transitionStage("wine", 2, "Production");
  await store.setAlias("wine", "champion", 2);
  return { store, experimentName };
}

interface VersionThere {
  readonly version: string;
  readonly source: string;
  readonly run_id: string;
  readonly current_stage: string;
  readonly tags: Readonly<Record<string, string>>;
}

async function versionsThere(server: MlflowServer, name: string): Promise<readonly VersionThere[]> {
  const query = `filter=${encodeURIComponent(`name='${name}'`)}&max_results=100`;
  const { model_versions: list = [] } = (await ask(server, `model-versions/search?${query}`)) as {
    model_versions?: readonly (Omit<VersionThere, "tags"> & {
      tags?: readonly { key: string; value: string }[];
    })[];
  };
  const found = list.map(({ tags = [], ...version }) => ({
    ...version,
    tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
  }));
  return found.sort((a, b) => Number(a.version) - Number(b.version));
}

async function ask(server: MlflowServer, path: string): Promise<unknown> {
  const answer = await fetch(`${server.url}/api/2.0/mlflow/${path}`);
  assert.equal(answer.status, 200);
  return answer.json();
}
