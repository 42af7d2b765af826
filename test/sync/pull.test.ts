/** What a pull from a real MLflow server brings: runs that were pushed, runs of MLflow's own clients, changes on both sides. */
import assert from "node:assert/strict";
import { after, describe, type TestContext, test } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import type { RunDocument } from "../../core/transfer/index.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { startFaultProxy } from "../helpers/fault-proxy.js";
import { mlflowServerSkip, type ServerVersion, startMlflowServer } from "../helpers/mlflow-server.js";
import { contentOf } from "../helpers/native-sync.js";
import { temporaryDirectory, treeOf } from "../helpers/new-store.js";
import { writeSyncStore } from "../helpers/sync-store.js";
import { viewOf } from "../interop/store-view.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";

function emptyWorkspace(t: TestContext): string {
  const directory = temporaryDirectory(t);
  initWorkspace(directory);
  return directory;
}

/** The content of the model's file. */
const WEIGHTS = "f9f89f4e2b3b2f5f8b4c810ec07e60bba06a5f1ecc70f45b85b092399aa8954e";

/** A run's content after it was on a server: infinities and -0 come back, MLflow 2 has a model's files as artifacts. */
function asServerHolds(context: StoreContext, runId: string, version: ServerVersion): object {
  const { recordDigest: _, ...content } = contentOf(context, runId) as RunDocument;
  if (version === "3" || content.outputs.length === 0) return content;
  const weights = { path: "parser/data/weights.bin", size: 300, sha256: WEIGHTS };
  return { ...content, outputs: [], artifacts: [...content.artifacts, weights] };
}

/** Logged models with their files; their places and the time when they were made there are the store's own. */
async function modelsAt(directory: string): Promise<object> {
  const { logged_models: models = {} } = await viewOf(
    createFileStore({ cwd: directory, path: `${directory}/mlruns` }),
  );
  const own = ["creation_timestamp", "last_updated_timestamp", "artifact_location", "experiment_id"];
  return Object.fromEntries(
    Object.entries(models).map(([id, model]) => [
      id,
      Object.fromEntries(Object.entries(model).filter(([name]) => !own.includes(name))),
    ]),
  );
}

function withoutDigest(content: object | null): object {
  const { recordDigest: _, ...rest } = content as RunDocument;
  return rest;
}

function contextAt(directory: string): StoreContext {
  return openContext({ cwd: directory });
}

for (const version of ["3", "2"] as const satisfies ServerVersion[]) {
  const skip = await mlflowServerSkip(version);
  describe(`pull from MLflow ${version}`, { skip }, async () => {
    const server = await startMlflowServer({ after }, { version });

    test("push, pull and push again change nothing", async (t) => {
      const directory = temporaryDirectory(t);
      const { experimentName } = await writeSyncStore(directory, "there and back");
      await pushOnce({ directory, url: server.url });
      const before = treeOf(`${directory}/mlruns`);
      const proxy = await startFaultProxy(t, server.url);
      const names = { experimentNames: new Set([experimentName]) };
      const pulled = await pullOnce({ directory, url: proxy.url, pull: { ...names, recheck: true } });
      assert.deepEqual(
        pulled.outcomes.map(({ result, conflicts, error }) => ({ result, conflicts, error })),
        [1, 2, 3].map(() => ({ result: "unchanged", conflicts: [], error: undefined })),
      );
      assert.deepEqual(treeOf(`${directory}/mlruns`), before);
      const again = await pushOnce({ directory, url: proxy.url });
      assert.deepEqual([again.requests <= 1, again.counts.done, again.counts.failed], [true, 0, 0]);
      const idle = await pullOnce({ directory, url: proxy.url, pull: names });
      assert.deepEqual([idle.counts.unchanged, idle.outcomes.length], [3, 0]);
      assert.ok(idle.requests <= 3, `${idle.requests} requests`);
    });

    test("after a push, a pull reads no run", async (t) => {
      const directory = temporaryDirectory(t);
      const { experimentName } = await writeSyncStore(directory, "pushed just now");
      await pushOnce({ directory, url: server.url });
      const names = { experimentNames: new Set([experimentName]) };
      const pulled = await pullOnce({ directory, url: server.url, pull: names });
      assert.deepEqual([pulled.counts.unchanged, pulled.outcomes.length], [3, 0]);
      assert.ok(pulled.requests <= 3, `${pulled.requests} requests`);
    });

    test("the record comes without artifacts, and a later pull brings them", async (t) => {
      const directory = temporaryDirectory(t);
      const { experimentName, runIds } = await writeSyncStore(directory, "in two steps");
      await pushOnce({ directory, url: server.url });
      const empty = emptyWorkspace(t);
      const names = { experimentNames: new Set([experimentName]) };
      await pullOnce({ directory: empty, url: server.url, pull: { ...names, withArtifacts: false } });
      const context = contextAt(empty);
      const artifactsOf = () =>
        runIds.flatMap((runId) =>
          (contentOf(context, runId) as RunDocument).artifacts.map(({ path }) => path),
        );
      assert.deepEqual(artifactsOf(), []);
      const params = runIds.map((runId) => (contentOf(context, runId) as RunDocument).params);
      assert.ok(
        params.some(({ long = "" }) => long.endsWith(", and the end")),
        "a cut value is whole",
      );
      const idle = await pullOnce({
        directory: empty,
        url: server.url,
        pull: { ...names, withArtifacts: false },
      });
      assert.deepEqual(idle.outcomes, []);
      await pullOnce({ directory: empty, url: server.url, pull: names });
      assert.ok(artifactsOf().includes("big.bin"));
      const pushed = await pushOnce({ directory: empty, url: server.url });
      assert.deepEqual([pushed.counts.done, pushed.counts.failed], [0, 0]);
    });

    test("an empty store gets what was pushed, but for what the server cannot hold", async (t) => {
      const directory = temporaryDirectory(t);
      const { experimentName, runIds } = await writeSyncStore(directory, "into nothing");
      await pushOnce({ directory, url: server.url });
      const empty = emptyWorkspace(t);
      const names = { experimentNames: new Set([experimentName]) };
      const report = await pullOnce({ directory: empty, url: server.url, pull: names });
      assert.deepEqual(
        report.outcomes.map(({ runId, error }) => [runId, error?.message]).sort(),
        [...runIds].map((runId) => [runId, undefined]).sort(),
      );
      const [there, here] = [contextAt(directory), contextAt(empty)];
      for (const runId of runIds)
        assert.deepEqual(withoutDigest(contentOf(here, runId)), asServerHolds(there, runId, version), runId);
      if (version === "3") assert.deepEqual(await modelsAt(empty), await modelsAt(directory));
      const again = await pushOnce({ directory: empty, url: server.url });
      assert.deepEqual([again.requests <= 1, again.counts.done, again.counts.failed], [true, 0, 0]);
    });
  });
}
