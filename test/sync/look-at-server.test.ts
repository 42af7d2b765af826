/** `status --online` with a server: what it tells, and how few requests that costs. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { RemoteLook } from "../../sync/engine/remote-look.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { lookAtServer } from "../../sync/mlflow/look-at-server.js";
import { readRemoteState } from "../../sync/state/index.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { EAGER, pushOnce, REMOTE } from "./push-once.js";

describe("what a look at a server tells", async () => {
  const { url, model } = await startMlflowModel({ after });

  async function look(directory: string): Promise<RemoteLook> {
    const http = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, url });
    const context = openContext({ cwd: directory });
    const state = readRemoteState(context, REMOTE);
    try {
      const experiments = { map: new Map<string, string>(), prefix: "" };
      return await lookAtServer({ context, state, http }, { experiments, withArtifacts: true });
    } finally {
      state.close();
      await http.destroy();
    }
  }

  async function newStore(t: TestContext, names: readonly string[]) {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const { experimentId } = await store.createExperiment({ name: t.name });
    const ids: string[] = [];
    for (const runName of names) {
      const { info } = await store.createRun({ experimentId, runName, startTime: 1 });
      await store.updateRun(info.runId, { status: "FINISHED", endTime: 2 });
      ids.push(info.runId);
    }
    return { directory, ids };
  }

  test("new, changed and gone there, by name; nothing when nothing happened", async (t) => {
    const { directory, ids } = await newStore(t, ["kept", "tagged", "deleted"]);
    const { outcomes } = await pushOnce({ directory, url });
    const there = new Map(outcomes.map(({ runId, remoteRunId }) => [runId, remoteRunId!]));
    assert.deepEqual((await look(directory)).runs, []);
    const [kept, tagged, deleted] = ids as [string, string, string];
    const tag = (runId: string): void =>
      void model.logBatch({ run_id: there.get(runId), tags: [{ key: "stage", value: "prod" }] });
    tag(tagged);
    model.setRunStage(there.get(deleted)!, "deleted");
    const experiment = model.getExperimentByName(t.name) as { experiment: { experiment_id: string } };
    const { experiment_id } = experiment.experiment;
    const theirs = { experiment_id, run_name: "theirs", user_id: "ana", start_time: 3, tags: [] };
    const { run } = model.createRun(theirs) as { run: { info: { run_id: string } } };
    model.updateRun({ run_id: run.info.run_id, status: "FINISHED", end_time: 4 });
    const seen = await look(directory);
    assert.deepEqual(seen.runs.map(({ runName, change }) => [runName, change]).sort(), [
      ["deleted", "gone"],
      ["tagged", "changed"],
      ["theirs", "new"],
    ]);
    assert.ok(seen.seen.has(kept));
    assert.equal(seen.requests, 2);
    await pullOnce({ directory, url });
    assert.deepEqual(
      (await look(directory)).runs.map(({ runName, change }) => [runName, change]),
      [["deleted", "gone"]],
    );
  });

  test("a store that lost its state sees that its runs are there", async (t) => {
    const { directory, ids } = await newStore(t, ["a"]);
    await pushOnce({ directory, url });
    rmSync(join(directory, ".runstone/remotes"), { recursive: true });
    const { runs, seen } = await look(directory);
    const own = runs.filter(({ runId }) => runId === ids[0]);
    assert.deepEqual(own, [{ runId: ids[0], runName: "a", change: "changed" }]);
    assert.ok(seen.has(ids[0]!));
  });
});
