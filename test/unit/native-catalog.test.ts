/** Experiments and the model registry with a directory, in this process and over a pipe. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { FileStore } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { listCatalog } from "../../core/transfer/index.js";
import { isPartial, type SyncReport } from "../../sync/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import type { NativeOptions } from "../../sync/native/sync-session.js";
import { CONNECTIONS, directoryPeer } from "../helpers/native-peers.js";
import { syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace } from "../helpers/transfer-store.js";

const ALL = ["experiment", "registered_model", "model_version"] as const;

/** What a catalog says of everything, without times of change. */
function catalogOf(context: StoreContext): readonly object[] {
  const entries = [...listCatalog(context, ALL, () => undefined)];
  return entries
    .map(({ kind, model, origin, fields, facts: { source, runId } }) => ({
      ...{ kind, model, origin: kind === "experiment" ? "" : origin },
      ...{ fields: { ...fields }, source, runId },
    }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

for (const [how, connect] of Object.entries(CONNECTIONS))
  describe(`the catalog ${how}`, () => {
    function bench(t: TestContext) {
      const path = join(temporaryDirectory(t), "lab");
      const sync = async (
        { context }: FileStore,
        options: Partial<NativeOptions> & Pick<NativeOptions, "direction">,
      ): Promise<SyncReport> =>
        syncWith(context, await connect(t, directoryPeer(path)), { withRegistry: true, ...options });
      return { path, sync, a: newWorkspace(t), b: newWorkspace(t) };
    }

    test("experiments without runs, models, versions, stages and aliases arrive; a repeat does nothing", async (t) => {
      const { path, sync, a, b } = bench(t);
      await a.createExperiment({ name: "empty", tags: { team: "cellar" } });
      const { runId } = await makeRun(a, { artifacts: { "model/MLmodel": "flavors: {}" } });
      await withRegistry(a, runId);
      const pushed = await sync(a, { direction: "push" });
      assert.deepEqual([isPartial(pushed), pushed.notes], [false, []]);
      const { registered_model, model_version, experiment } = pushed.catalog;
      assert.deepEqual([registered_model.made, model_version.made], [1, 2]);
      assert.ok(experiment.made >= 1);
      assert.deepEqual(catalogOf(openDirectory(path)!), catalogOf(a.context));
      await sync(b, { direction: "pull" });
      assert.deepEqual(catalogOf(b.context), catalogOf(a.context));
      for (const store of [a, b]) {
        const { catalog } = await sync(store, { direction: "both" });
        for (const { made, changed, conflicts } of Object.values(catalog))
          assert.deepEqual([made, changed, conflicts], [0, 0, 0]);
      }
    });

    test("two who made a version of the same number keep both, and each alias stays with its own", async (t) => {
      const { sync, a, b } = bench(t);
      for (const [store, alias] of [
        [a, "ada"],
        [b, "bob"],
      ] as const) {
        const { runId } = await makeRun(store, { artifacts: { "model/MLmodel": alias } });
        await store.createRegisteredModel("wine");
        await store.createModelVersion({
          name: "wine",
          source: `runs:/${runId}/model`,
          runId,
          tags: { by: alias },
        });
        await store.setAlias("wine", alias, 1);
      }
      for (const store of [a, b, a]) await sync(store, { direction: "both" });
      for (const store of [a, b])
        for (const alias of ["ada", "bob"])
          assert.equal((await store.getModelVersionByAlias("wine", alias)).tags["by"], alias);
      const again = await sync(b, { direction: "both" });
      assert.deepEqual([again.catalog.model_version.made, again.catalog.registered_model.changed], [0, 0]);
    });

    test("tags, descriptions and names follow who changed them; what both changed is told and left", async (t) => {
      const { sync, a, b } = bench(t);
      const { experimentId } = await a.createExperiment({ name: "wine", tags: { x: "0", y: "0" } });
      await makeRun(a, { experimentId });
      await a.createRegisteredModel("net", { description: "old", tags: { owner: "ada" } });
      await sync(a, { direction: "both" });
      await sync(b, { direction: "both" });
      const idThere = (await b.getExperimentByName("wine"))!.experimentId;
      await a.renameExperiment(experimentId, "red wine");
      await a.setExperimentTags(experimentId, { x: "a" });
      await b.setExperimentTags(idThere, { x: "b", z: "new" });
      await b.updateRegisteredModel("net", "better");
      await b.deleteRegisteredModelTag("net", "owner");
      await sync(a, { direction: "both" });
      const report = await sync(b, { direction: "both" });
      assert.equal((await b.getExperiment(idThere)).name, "red wine");
      assert.deepEqual(
        report.catalogConflicts.map(({ what, field, base, mine, theirs }) => [
          what,
          field,
          base,
          mine,
          theirs,
        ]),
        [["red wine", "tag:x", "0", "b", "a"]],
      );
      assert.ok(isPartial(report));
      await sync(a, { direction: "both" });
      assert.equal((await a.getExperiment(experimentId)).tags["z"], "new");
      const { description, tags } = await a.getRegisteredModel("net");
      assert.deepEqual([description, { ...tags }], ["better", {}]);
      assert.equal((await a.listExperiments("all")).length, 2);
    });

    test("an experiment that both renamed keeps both names, and its runs stay one", async (t) => {
      const { sync, a, b } = bench(t);
      const { experimentId } = await a.createExperiment({ name: "wine" });
      await makeRun(a, { experimentId });
      for (const store of [a, b]) await sync(store, { direction: "both" });
      const idThere = (await b.getExperimentByName("wine"))!.experimentId;
      await a.renameExperiment(experimentId, "red");
      await b.renameExperiment(idThere, "white");
      await sync(a, { direction: "both" });
      await makeRun(b, { experimentId: idThere });
      const report = await sync(b, { direction: "both" });
      assert.deepEqual(
        report.catalogConflicts.map(({ field, mine, theirs }) => [field, mine, theirs]),
        [["name", "white", "red"]],
      );
      await sync(a, { direction: "both" });
      const runs = [];
      for await (const run of a.listRuns({ experimentIds: [experimentId] })) runs.push(run);
      assert.equal(runs.length, 2);
      await b.renameExperiment(idThere, "red");
      assert.ok(!isPartial(await sync(b, { direction: "both" })));
    });

    test("a deletion travels only when it is asked for, and so does a restoration", async (t) => {
      const { sync, a, b } = bench(t);
      const { experimentId } = await a.createExperiment({ name: "wine" });
      await makeRun(a, { experimentId });
      for (const store of [a, b]) await sync(store, { direction: "both" });
      const idThere = (await b.getExperimentByName("wine"))!.experimentId;
      await a.deleteExperiment(experimentId);
      await sync(a, { direction: "both" });
      await sync(b, { direction: "both" });
      assert.equal((await b.getExperiment(idThere)).lifecycleStage, "active");
      for (const store of [a, b]) await sync(store, { direction: "both", includeDeleted: true });
      assert.equal((await b.getExperiment(idThere)).lifecycleStage, "deleted");
      await b.restoreExperiment(idThere);
      for (const store of [b, a]) await sync(store, { direction: "both" });
      assert.equal((await a.getExperiment(experimentId)).lifecycleStage, "active");
    });
  });

async function withRegistry(store: FileStore, runId: string): Promise<void> {
  await store.createRegisteredModel("wine", { description: "of the cellar", tags: { owner: "ada" } });
  for (const note of ["x", "y"])
    await store.createModelVersion({ name: "wine", source: `runs:/${runId}/model`, runId, tags: { note } });
  await store.transitionStage("wine", 2, "Production");
  await store.setAlias("wine", "champion", 2);
}
