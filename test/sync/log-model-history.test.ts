/** Models as MLflow 2 keeps them, in the artifacts of a run and its tag `mlflow.log-model.history`: there and back they are what they were. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isPartial } from "../../sync/index.js";
import { mlflowEnvironment } from "../helpers/mlflow.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";

const HISTORY = "mlflow.log-model.history";
const NAME = "models of MLflow 2";

const LOG = `
import mlflow, sys
mlflow.set_tracking_uri("file://" + sys.argv[1])
mlflow.set_experiment(sys.argv[2])
with mlflow.start_run() as run:
    mlflow.pyfunc.log_model(artifact_path="model", loader_module="loader", pip_requirements=[])
print(run.info.run_id)
`;

const READ = `
import json, mlflow, sys
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name(sys.argv[2])
[run] = client.search_runs([experiment.experiment_id])
history = json.loads(run.data.tags["${HISTORY}"])
[path] = [model["artifact_path"] for model in history]
info = mlflow.models.get_model_info("runs:/%s/%s" % (run.info.run_id, path))
print(json.dumps([path, sorted(history[0]["flavors"]), sorted(info.flavors), info.model_uuid == history[0]["model_uuid"]]))
`;

const skip = await mlflowServerSkip("2");

describe("a model that MLflow 2 logged", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "2" });

  async function python(script: string, ...args: readonly string[]): Promise<string> {
    const options = { env: mlflowEnvironment(), cwd: tmpdir() };
    const { stdout } = await promisify(execFile)(server.python, ["-c", script, ...args], options);
    return stdout.trim().split("\n").at(-1) ?? "";
  }

  test("is read by MLflow 2 after a push, and comes back; nothing is new then", async (t) => {
    const { url } = server;
    const [directory, clone] = [temporaryDirectory(t), temporaryDirectory(t)] as const;
    for (const each of [directory, clone]) initWorkspace(each);
    const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const runId = await python(LOG, store.context.root, NAME);
    const { tags } = await store.getRun(runId);
    assert.equal(JSON.parse(tags[HISTORY] ?? "[]")[0].artifact_path, "model");
    const pushed = await pushOnce({ directory, url });
    assert.deepEqual([isPartial(pushed), pushed.counts.done], [false, 1]);
    assert.deepEqual(JSON.parse(await python(READ, url, NAME)), [
      "model",
      ["python_function"],
      ["python_function"],
      true,
    ]);
    await pullOnce({ directory: clone, url });
    const pulled = createFileStore({ cwd: clone, path: join(clone, "mlruns") });
    assert.equal((await pulled.getRun(runId)).tags[HISTORY], tags[HISTORY]);
    for (const again of [
      await pullOnce({ directory, url }),
      await pushOnce({ directory, url }),
      await pushOnce({ directory: clone, url }),
    ]) {
      const moved = Object.values(again.moved).reduce((sum, count) => sum + count, 0);
      assert.deepEqual([again.counts.done, moved], [0, 0]);
    }
    assert.equal((await store.getRun(runId)).tags[HISTORY], tags[HISTORY]);
  });
});
