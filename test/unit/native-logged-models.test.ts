/** Logged models with a directory, in this process and over a pipe. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type FileStore, findLoggedModel } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { ArtifactHashes, listLoggedModelEntries, loggedModelFiles } from "../../core/transfer/index.js";
import type { LoggedModel } from "../../store-format/index.js";
import { isPartial, type SyncReport } from "../../sync/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import type { NativeOptions } from "../../sync/native/sync-session.js";
import { CONNECTIONS, directoryPeer } from "../helpers/native-peers.js";
import { syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { newWorkspace } from "../helpers/transfer-store.js";

type Direction = NativeOptions["direction"];

/** What a store says of its logged models and their files, without times of change. */
function modelsOf(context: StoreContext): readonly object[] {
  const entries = [...listLoggedModelEntries(context, null, () => undefined)];
  return entries
    .map(({ id, fields, facts }) => ({
      ...{ id, fields: Object.entries(fields).sort(), facts: { ...facts, lastUpdatedTime: null } },
      files: loggedModelFiles(context, id, new ArtifactHashes()).heads,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function makeModel(
  store: FileStore,
  spec: {
    readonly experimentId?: string;
    readonly name?: string;
    readonly files?: Record<string, string>;
  } = {},
): Promise<LoggedModel> {
  const {
    experimentId = "0",
    name = "net",
    files = { MLmodel: "flavors: {}\n", "data/weights": "w" },
  } = spec;
  const model = await store.createLoggedModel({
    ...{ experimentId, name, modelType: "Agent" },
    ...{ params: { depth: "3" }, tags: { team: "cellar" } },
  });
  const place = join(findLoggedModel(store.context, model.modelId)!.directory, "artifacts");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(place, path, ".."), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  return model;
}

/** A run that made the model, and logged a metric of it. */
async function runWith(store: FileStore, modelId: string, experimentId = "0"): Promise<string> {
  const { info } = await store.createRun({ experimentId });
  const writer = await store.openRun(info.runId);
  writer.logMetrics([{ key: "loss", value: 0.5, timestamp: 1_700_000_000_000, step: 1, modelId }]);
  await writer.logOutputs([{ modelId, step: 1 }]);
  await writer.end({ status: "FINISHED" });
  await store.finalizeLoggedModel(modelId, "READY");
  return info.runId;
}

for (const [how, connect] of Object.entries(CONNECTIONS))
  describe(`logged models ${how}`, () => {
    function bench(t: TestContext) {
      const path = join(temporaryDirectory(t), "lab");
      const sync = async (
        { context }: FileStore,
        direction: Direction,
        options: Partial<NativeOptions> = {},
      ): Promise<SyncReport> => {
        const report = await syncWith(context, await connect(t, directoryPeer(path)), {
          direction,
          ...options,
        });
        for (const { error } of report.outcomes) assert.equal(error, undefined);
        return report;
      };
      return { path, sync, a: newWorkspace(t), b: newWorkspace(t) };
    }

    test("what a run made travels with it, with params, tags, points and files; a repeat does nothing", async (t) => {
      const { path, sync, a, b } = bench(t);
      const { experimentId } = await a.createExperiment({ name: "wine" });
      const { modelId } = await makeModel(a, { experimentId });
      await makeModel(a, { name: "of no run" });
      await runWith(a, modelId, experimentId);
      const pushed = await sync(a, "push");
      assert.deepEqual([isPartial(pushed), pushed.catalog.logged_model.made], [false, 1]);
      const pulled = await sync(b, "pull");
      assert.equal(pulled.catalog.logged_model.made, 1);
      const sent = modelsOf(a.context).filter((model) => (model as { id: string }).id === modelId);
      assert.deepEqual(modelsOf(openDirectory(path)!), sent);
      assert.deepEqual(modelsOf(b.context), sent);
      assert.equal((await b.getLoggedModel(modelId)).status, "READY");
      for (const store of [a, b]) {
        const { catalog, requests } = await sync(store, "both");
        assert.deepEqual({ ...catalog.logged_model }, { made: 0, changed: 0, conflicts: 0 });
        // Heads, catalog, and for a run that is younger than a clock tick what both have of it and of its model.
        assert.ok(requests <= 4, `${requests} requests`);
      }
    });

    test("with the registry also those of no run travel, and versions find theirs", async (t) => {
      const { sync, a, b } = bench(t);
      const { modelId } = await makeModel(a);
      await a.createRegisteredModel("wine");
      await a.createModelVersion({ name: "wine", source: `models:/${modelId}` });
      await sync(a, "push", { withRegistry: true });
      await sync(b, "pull", { withRegistry: true });
      assert.deepEqual(modelsOf(b.context), modelsOf(a.context));
      assert.equal((await b.getModelVersion("wine", 1)).modelId, modelId);
      const again = await sync(b, "both", { withRegistry: true });
      assert.deepEqual({ ...again.catalog.logged_model }, { made: 0, changed: 0, conflicts: 0 });
    });

    test("tags, params, points and status follow who changed them; what both changed is told", async (t) => {
      const { sync, a, b } = bench(t);
      const { modelId } = await makeModel(a);
      for (const store of [a, b]) await sync(store, "both", { withRegistry: true });
      await a.setLoggedModelTags(modelId, { team: "a", more: "a" });
      await b.setLoggedModelTags(modelId, { team: "b" });
      await runWith(b, modelId);
      await sync(a, "both", { withRegistry: true });
      const report = await sync(b, "both", { withRegistry: true });
      assert.deepEqual(
        report.catalogConflicts.map(({ kind, what, field, mine, theirs }) => [
          kind,
          what,
          field,
          mine,
          theirs,
        ]),
        [["logged_model", "net", "tag:team", "b", "a"]],
      );
      await b.setLoggedModelTags(modelId, { team: "a" });
      for (const store of [b, a]) assert.ok(!isPartial(await sync(store, "both", { withRegistry: true })));
      assert.deepEqual(modelsOf(a.context), modelsOf(b.context));
      const { tags, status, metrics } = await a.getLoggedModel(modelId);
      assert.deepEqual([{ ...tags }, status, metrics.length], [{ team: "a", more: "a" }, "READY", 1]);
    });

    test("a model that was left out with the artifacts comes with the next sync; so does one that was lost", async (t) => {
      const { path, sync, a } = bench(t);
      const { modelId } = await makeModel(a);
      await runWith(a, modelId);
      await sync(a, "push", { withArtifacts: false });
      assert.deepEqual(modelsOf(openDirectory(path)!), []);
      await sync(a, "push");
      assert.deepEqual(modelsOf(openDirectory(path)!), modelsOf(a.context));
      rmSync(findLoggedModel(openDirectory(path)!, modelId)!.directory, { recursive: true });
      await sync(a, "push", { withRegistry: true });
      assert.deepEqual(modelsOf(openDirectory(path)!), modelsOf(a.context));
    });

    test("large files go on, and what the remote has of them is not sent twice", async (t) => {
      const { path, sync, a } = bench(t);
      const big = "x".repeat(9 * 1_048_576);
      const { modelId } = await makeModel(a, { files: { weights: big, "b/empty": "" } });
      await runWith(a, modelId);
      await sync(a, "push");
      const there = findLoggedModel(openDirectory(path)!, modelId)!.directory;
      assert.equal(readFileSync(join(there, "artifacts/weights")).length, big.length);
      assert.ok(!readdirSync(join(path, ".runstone")).includes("incoming"));
    });
  });
