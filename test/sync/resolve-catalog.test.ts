/** Conflicts of experiments and models with a server: kept, settled by either side or a value, and then nobody finds anything to do. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { createFileStore, type FileStore, initWorkspace } from "../../core/index.js";
import { openContext } from "../../core/store/open-context.js";
import type { CatalogTaking, SettledField } from "../../sync/engine/settle-catalog.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { isPartial } from "../../sync/index.js";
import { settleCatalogAtServer } from "../../sync/mlflow/settle-catalog-at-server.js";
import { RestStore } from "../../sync/rest/index.js";
import { openRemoteState } from "../../sync/state/index.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { EAGER, pushOnce, REMOTE } from "./push-once.js";

const OPTIONS = { includeDeleted: true, withRegistry: true };

describe("conflicts of the catalog with a server", async () => {
  const { url, model } = await startMlflowModel({ after });

  function newLab(t: TestContext) {
    model.restore(null);
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const here = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const settings = { ...DEFAULT_HTTP_SETTINGS, ...EAGER, url };
    const there = new RestStore(settings, { spoolDirectory: join(directory, "spool") });
    t.after(() => there.close());
    const push = () => pushOnce({ directory, url, push: OPTIONS });
    const pull = () => pullOnce({ directory, url, pull: OPTIONS });
    const settle = async (take: CatalogTaking, field?: string): Promise<readonly SettledField[]> => {
      const context = openContext({ cwd: directory });
      const state = openRemoteState(context, REMOTE);
      const http = new HttpClient(settings);
      try {
        const key = [...state.catalogKeys()].find((one) => state.catalog(one)!.conflicts.length > 0)!;
        const all = state.catalog(key)?.conflicts ?? [];
        const conflicts = all.filter((one) => field === undefined || one.field === field);
        const naming = { experiments: { map: new Map<string, string>(), prefix: "" } };
        return await settleCatalogAtServer({ context, http, state }, naming, { key, conflicts, take });
      } finally {
        await http.destroy();
        state.close();
      }
    };
    const calm = async (): Promise<void> => {
      for (const report of [await pull(), await push()]) {
        assert.equal(isPartial(report), false, report.notes.join());
        for (const { made, changed } of Object.values(report.catalog)) assert.equal(made + changed, 0);
      }
    };
    return { here, there, push, pull, settle, calm };
  }

  async function experimentInConflict(t: TestContext) {
    const lab = newLab(t);
    const { experimentId } = await lab.here.createExperiment({ name: "wine", tags: { x: "0" } });
    await lab.push();
    const idThere = (await lab.there.getExperimentByName("wine"))!.experimentId;
    await lab.here.renameExperiment(experimentId, "red");
    await lab.there.renameExperiment(idThere, "white");
    await lab.here.setExperimentTags(experimentId, { x: "here" });
    await lab.there.deleteExperimentTag(idThere, "x");
    const { catalogConflicts } = await lab.pull();
    assert.deepEqual(
      catalogConflicts.map(({ field, base, mine, theirs }) => [field, base, mine, theirs]),
      [
        ["name", "wine", "red", "white"],
        ["tag:x", "0", "here", null],
      ],
    );
    const both = async (): Promise<readonly object[]> => {
      const found = [await lab.here.getExperiment(experimentId), await lab.there.getExperiment(idThere)];
      return found.map(({ name, tags }) => ({ name, ...tags }));
    };
    return { ...lab, experimentId, both };
  }

  const TAKINGS: readonly (readonly [CatalogTaking, object])[] = [
    ["ours", { name: "red", x: "here" }],
    ["theirs", { name: "white" }],
    [{ value: "rosé" }, { name: "rosé", x: "rosé" }],
  ];
  for (const [take, wanted] of TAKINGS)
    test(`an experiment by ${JSON.stringify(take)}`, async (t) => {
      const lab = await experimentInConflict(t);
      await lab.settle(take);
      assert.deepEqual(await lab.both(), [wanted, wanted]);
      await lab.calm();
      const { info } = await lab.here.createRun({ experimentId: lab.experimentId });
      await (await lab.here.openRun(info.runId)).end({ status: "FINISHED" });
      assert.equal((await lab.push()).counts.done, 1);
      assert.equal((await lab.there.listExperiments("all")).length, 1);
    });

  test("one field of several; the others stay in conflict", async (t) => {
    const lab = await experimentInConflict(t);
    const settled = await lab.settle("theirs", "tag:x");
    assert.deepEqual(
      settled.map(({ field, value }) => [field, value]),
      [["tag:x", null]],
    );
    assert.deepEqual(await lab.both(), [{ name: "red" }, { name: "white" }]);
    const { catalogConflicts } = await lab.pull();
    assert.deepEqual(
      catalogConflicts.map(({ field }) => field),
      ["name"],
    );
  });

  async function aliasInConflict(t: TestContext) {
    const lab = newLab(t);
    await lab.here.createRegisteredModel("net");
    for (const _ of [1, 2, 3]) await lab.here.createModelVersion({ name: "net", source: "s3://models/net" });
    await lab.here.setAlias("net", "champion", 1);
    await lab.push();
    await lab.here.setAlias("net", "champion", 2);
    await lab.there.setAlias("net", "champion", 3);
    assert.deepEqual(
      (await lab.pull()).catalogConflicts.map(({ field }) => field),
      ["alias:champion"],
    );
    const both = async (): Promise<readonly number[]> => {
      const found = [lab.here, lab.there].map((store) => store.getRegisteredModel("net"));
      return (await Promise.all(found)).map(({ aliases }) => Number(aliases["champion"]));
    };
    return { ...lab, both };
  }

  test("an alias by either side, or by the number of a version here", async (t) => {
    for (const [take, version] of [
      ["ours", 2],
      ["theirs", 3],
      [{ value: "1" }, 1],
    ] as const) {
      const lab = await aliasInConflict(t);
      await lab.settle(take);
      assert.deepEqual(await lab.both(), [version, version]);
      await lab.calm();
    }
    const lab = await aliasInConflict(t);
    await assert.rejects(lab.settle({ value: "9" }), { code: "INVALID_PARAMETER_VALUE" });
    assert.deepEqual(await lab.both(), [2, 3]);
  });

  test("what the server refuses is still a conflict, and nothing changed here", async (t) => {
    const lab = await experimentInConflict(t);
    await lab.there.createExperiment({ name: "red" });
    await assert.rejects(lab.settle("ours", "name"));
    assert.deepEqual(await lab.both(), [{ name: "red", x: "here" }, { name: "white" }]);
    await lab.settle("theirs", "name");
    assert.deepEqual(await nameOf(lab.here, lab.experimentId), "white");
  });
});

async function nameOf(store: FileStore, experimentId: string): Promise<string> {
  return (await store.getExperiment(experimentId)).name;
}
