/** Experiments and the model registry with a directory, in this process and over a pipe. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type FileStore, openFileStore } from "../../core/index.js";
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

    test("names that were passed on from one experiment to the next follow in one sync; a name that is another's is told", async (t) => {
      const { sync, a, b } = bench(t);
      const [wine, beer] = [
        await a.createExperiment({ name: "wine" }),
        await a.createExperiment({ name: "beer" }),
      ];
      for (const store of [a, b]) await sync(store, { direction: "both" });
      await a.renameExperiment(beer.experimentId, "tea");
      await a.renameExperiment(wine.experimentId, "beer");
      await b.createExperiment({ name: "gin" });
      assert.ok(!isPartial(await sync(a, { direction: "both" })));
      assert.ok(!isPartial(await sync(b, { direction: "both" })));
      assert.deepEqual(await namesOf(b), ["Default", "beer", "gin", "tea"]);
      await a.renameExperiment(beer.experimentId, "rum");
      await b.createExperiment({ name: "rum", tags: { by: "bob" } });
      await sync(a, { direction: "both" });
      const report = await sync(b, { direction: "both" });
      assert.ok(report.notes.some((note) => note.includes("'rum' was not made")));
      assert.ok(isPartial(report));
      assert.deepEqual(await namesOf(b), ["Default", "beer", "gin", "rum", "tea"]);
      assert.deepEqual([report.catalog.experiment.made, report.catalog.experiment.changed], [0, 0]);
    });

    test("a default experiment that was renamed here is another than theirs", async (t) => {
      const { sync, a, b } = bench(t);
      await makeRun(b);
      await b.setExperimentTags("0", { by: "bob" });
      await sync(b, { direction: "both" });
      await a.createExperiment({ name: "any" });
      await a.renameExperiment("0", "mine");
      await sync(a, { direction: "both" });
      assert.deepEqual(await namesOf(a), ["Default", "any", "mine"]);
      assert.deepEqual({ ...(await a.getExperiment("0")).tags }, {});
    });

    test("a model that both deleted may be made anew; of one that one side deleted the other keeps its own", async (t) => {
      const { path, sync, a, b } = bench(t);
      await a.createRegisteredModel("net", { tags: { n: "1" } });
      for (const store of [a, b]) await sync(store, { direction: "both" });
      const there = openFileStore({ cwd: path, path: openDirectory(path)!.root });
      await a.deleteRegisteredModel("net");
      assert.match((await sync(a, { direction: "both" })).notes.join(), /'net' was deleted here/);
      await there.deleteRegisteredModel("net");
      await sync(a, { direction: "both" });
      await a.createRegisteredModel("net", { tags: { n: "2" } });
      const report = await sync(a, { direction: "both" });
      assert.deepEqual([report.catalog.registered_model.made, report.notes], [1, []]);
      assert.equal((await there.getRegisteredModel("net")).tags["n"], "2");
    });

    test("a version that one side deleted and the other moved to a stage, or gave an alias, is in conflict", async (t) => {
      const { sync, a, b } = bench(t);
      await a.createRegisteredModel("net");
      for (const _ of [1, 2]) await a.createModelVersion({ name: "net", source: "s3://models/net" });
      for (const store of [a, b]) await sync(store, { direction: "both" });
      for (const version of [1, 2]) await a.deleteModelVersion("net", version);
      await b.transitionStage("net", 1, "Production");
      await b.setAlias("net", "champion", 2);
      for (const store of [a, b]) await sync(store, { direction: "both", includeDeleted: true });
      const report = await sync(b, { direction: "both", includeDeleted: true });
      assert.deepEqual(
        report.catalogConflicts.map(({ what, field, mine }) => [what, field, mine]),
        [
          ["net version 1", "stage", "Production"],
          ["net version 2", "stage", "None"],
        ],
      );
      assert.equal((await b.getModelVersionByAlias("net", "champion")).version, 2);
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

async function namesOf(store: FileStore): Promise<readonly string[]> {
  return (await store.listExperiments("all")).map(({ name }) => name).sort();
}

async function withRegistry(store: FileStore, runId: string): Promise<void> {
  await store.createRegisteredModel("wine", { description: "of the cellar", tags: { owner: "ada" } });
  for (const note of ["x", "y"])
    await store.createModelVersion({ name: "wine", source: `runs:/${runId}/model`, runId, tags: { note } });
  await store.transitionStage("wine", 2, "Production");
  await store.setAlias("wine", "champion", 2);
}
