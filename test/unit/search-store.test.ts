/** Searches of a store of files, through the client. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FileStore } from "../../core/store/file-store.js";
import type { Damage } from "../../store-format/index.js";
import { newStore } from "../helpers/new-store.js";

interface Seeded {
  readonly store: FileStore;
  readonly root: string;
  readonly experimentId: string;
  readonly runIds: readonly string[];
  readonly damages: Damage[];
}

async function seed(t: TestContext): Promise<Seeded> {
  const context = newStore(t);
  const damages: Damage[] = [];
  const store = new FileStore(context, (damage) => damages.push(damage));
  const { experimentId } = await store.createExperiment({ name: "wine", tags: { team: "a" } });
  const runIds: string[] = [];
  for (const [index, loss] of [0.9, 0.3, 0.6].entries()) {
    const { info } = await store.createRun({
      experimentId,
      runName: `run ${index}`,
      startTime: 1_000 + index,
      params: { lr: `0.${index}` },
    });
    runIds.push(info.runId);
    const writer = await store.openRun(info.runId);
    writer.logMetrics([{ key: "loss", value: loss, timestamp: 5, step: 2 }]);
    if (index === 1) {
      const dataset = {
        name: "iris",
        digest: "d",
        sourceType: "local",
        source: "{}",
        schema: null,
        profile: null,
      };
      writer.logInputs({ datasets: [{ dataset, tags: { "mlflow.data.context": "training" } }] });
    }
    await writer.close();
  }
  return { store, root: context.root, experimentId, runIds, damages };
}

test("runs come whole, in order, page by page", async (t) => {
  const { store, runIds, experimentId } = await seed(t);
  const first = await store.searchRuns({
    filter: "metrics.loss < 0.8",
    orderBy: ["params.lr desc"],
    maxResults: 1,
  });
  assert.deepEqual([first.total, first.items.length], [2, 1]);
  assert.deepEqual(first.items[0], await store.getRun(runIds[2]!));
  const second = await store.searchRuns({
    filter: "metrics.loss < 0.8",
    orderBy: ["params.lr desc"],
    maxResults: 1,
    pageToken: first.nextPageToken!,
  });
  assert.deepEqual(second.items, [await store.getRun(runIds[1]!)]);
  assert.equal(second.items[0]?.inputs.datasetInputs[0]?.dataset.name, "iris");
  assert.equal(second.nextPageToken, null);
  assert.equal((await store.searchRuns({ filter: "experiment = wine" })).total, 3);
  assert.equal((await store.searchRuns({ filter: "experiment = 'Default'" })).total, 0);
  assert.equal((await store.searchRuns({ experimentIds: [experimentId], view: "deleted" })).total, 0);
  assert.equal((await store.searchRuns({ experimentIds: ["0"] })).total, 0);
});

test("a damaged run is told, and hides no other", async (t) => {
  const { store, root, experimentId, runIds, damages } = await seed(t);
  writeFileSync(join(root, experimentId, runIds[0]!, "meta.yaml"), "status: [");
  const page = await store.searchRuns();
  assert.deepEqual(
    page.items.map(({ info }) => info.runId),
    [runIds[2], runIds[1]],
  );
  assert.equal(page.total, 2);
  assert.ok(damages.some(({ runId }) => runId === runIds[0]));
});

test("what was deleted or created since is known", async (t) => {
  const { store, root, experimentId, runIds } = await seed(t);
  assert.equal((await store.searchRuns()).total, 3);
  await store.deleteRun(runIds[0]!);
  rmSync(join(root, experimentId, runIds[1]!), { recursive: true });
  const { info } = await store.createRun({ experimentId, startTime: 9 });
  const found = await store.searchRuns({ dialect: "mlflow" });
  assert.deepEqual(
    found.items.map((run) => run.info.runId),
    [runIds[2], info.runId],
  );
});

test("experiments, models, versions and logged models", async (t) => {
  const { store, experimentId, runIds } = await seed(t);
  const experiments = await store.searchExperiments({ filter: "tags.team = 'a'" });
  assert.deepEqual(experiments.items, [await store.getExperiment(experimentId)]);
  await store.createRegisteredModel("clf");
  await store.createRegisteredModel("other");
  await store.createModelVersion({ name: "clf", source: "s3://x", runId: runIds[0]! });
  const models = await store.searchRegisteredModels({ filter: "name ILIKE 'CL%'" });
  assert.deepEqual(models.items, [await store.getRegisteredModel("clf")]);
  const versions = await store.searchModelVersions({ filter: `run_id = '${runIds[0]}'` });
  assert.deepEqual(versions.items, [await store.getModelVersion("clf", 1)]);
  const logged = await store.createLoggedModel({ experimentId, name: "net", params: { depth: "4" } });
  const found = await store.searchLoggedModels({ filter: "params.depth < 5", orderBy: [{ field: "name" }] });
  assert.deepEqual(found.items, [logged]);
  assert.equal((await store.searchLoggedModels({ experimentIds: ["0"] })).total, 0);
});
