/** Whatever is done to experiments and models on two sides: syncs lose nothing, and end with both equal but for what they told. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { createFileStore, initWorkspace, type TrackingStore } from "../../core/index.js";
import { listCatalog } from "../../core/transfer/index.js";
import { experimentEntry, modelVersionEntry, registeredModelEntry } from "../../store-format/index.js";
import { DEFAULT_HTTP_SETTINGS } from "../../sync/http/index.js";
import { type CatalogCounts, joinDirections, type SyncReport } from "../../sync/index.js";
import { RestStore } from "../../sync/rest/index.js";
import fc from "../helpers/fast-check.js";
import { type MlflowModelServer, startMlflowModel } from "../helpers/mlflow-model-server.js";
import { peerOf } from "../helpers/native-peers.js";
import { foreseeCatalogWith, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { newWorkspace } from "../helpers/transfer-store.js";
import { foreseeOnce, foreseePushOnce, foreseeSyncOnce } from "../sync/foresee-once.js";
import { pullOnce } from "../sync/pull-once.js";
import { EAGER, pushOnce } from "../sync/push-once.js";
import { applyEdit, type CatalogStep, type CatalogSyncStep, catalogSteps } from "./catalog-edits.js";
import { type Catalog, CatalogJudge } from "./catalog-judge.js";

const KINDS = ["experiment", "registered_model", "model_version"] as const;
const EVERYTHING: CatalogSyncStep = { type: "sync", direction: "both", includeDeleted: true };
/** A name that is taken there becomes free within one sync, its follower's within the next. */
const MOST_ROUNDS = 4;

interface Bench {
  readonly stores: readonly [TrackingStore, TrackingStore];
  catalogs(): Promise<readonly [Catalog, Catalog]>;
  sync(step: CatalogSyncStep): Promise<SyncReport>;
  /** A dry run of the same. */
  foresee(step: CatalogSyncStep): Promise<CatalogCounts>;
}

function directories(t: TestContext): Bench {
  const stores = [newWorkspace(t), newWorkspace(t)] as const;
  const [here, there] = stores;
  return {
    stores,
    catalogs: async () => [
      [...listCatalog(here.context, KINDS, () => undefined)],
      [...listCatalog(there.context, KINDS, () => undefined)],
    ],
    sync: ({ direction, includeDeleted }) =>
      syncWith(here.context, peerOf(there.context), { direction, includeDeleted, withRegistry: true }),
    foresee: ({ direction, includeDeleted }) =>
      foreseeCatalogWith(here.context, peerOf(there.context), {
        ...{ direction, includeDeleted, withRegistry: true },
      }),
  };
}

/** Here, and the model of a server. */
function hereAndServer(t: TestContext, { url, model }: MlflowModelServer): Bench {
  model.restore(null);
  const directory = join(temporaryDirectory(t), "w");
  mkdirSync(directory);
  initWorkspace(directory);
  const here = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
  const settings = { ...DEFAULT_HTTP_SETTINGS, ...EAGER, url };
  const there = new RestStore(settings, { spoolDirectory: join(directory, "spool") });
  t.after(() => there.close());
  return {
    stores: [here, there],
    catalogs: async () => [[...listCatalog(here.context, KINDS, () => undefined)], await catalogThere(there)],
    sync: ({ direction, includeDeleted }) => syncAtServer({ directory, url, direction, includeDeleted }),
    foresee: ({ direction, includeDeleted }) =>
      foreseeAtServer({ directory, url, direction, includeDeleted }),
  };
}

async function catalogThere(store: TrackingStore): Promise<Catalog> {
  const models = await store.listRegisteredModels();
  const versions = await Promise.all(models.map(({ name }) => store.listModelVersions(name)));
  return [
    ...(await store.listExperiments("all")).map(experimentEntry),
    ...models.map((model, at) => registeredModelEntry(model, versions[at]!)),
    ...versions.flat().map((version) => modelVersionEntry(version, version.source)),
  ];
}

interface SyncAtServer extends Omit<CatalogSyncStep, "type"> {
  readonly directory: string;
  readonly url: string;
}

/** As the commands do it. */
async function syncAtServer({ direction, includeDeleted, ...where }: SyncAtServer): Promise<SyncReport> {
  const options = { includeDeleted, withRegistry: true };
  if (direction === "pull") return pullOnce({ ...where, pull: options });
  if (direction === "push") return pushOnce({ ...where, push: options });
  const pulled = await pullOnce({ ...where, pull: options });
  return joinDirections(pulled, await pushOnce({ ...where, push: options }));
}

async function foreseeAtServer({
  direction,
  includeDeleted,
  ...where
}: SyncAtServer): Promise<CatalogCounts> {
  const options = { includeDeleted, withRegistry: true };
  if (direction === "pull") return (await foreseeOnce({ ...where, pull: options })).catalog;
  if (direction === "push") return (await foreseePushOnce({ ...where, push: options })).catalog;
  return foreseeSyncOnce({ ...where, pull: options });
}

async function holds(bench: Bench, steps: readonly CatalogStep[]): Promise<void> {
  const judge = new CatalogJudge();
  const judged = async (step: CatalogSyncStep): Promise<SyncReport> => {
    const before = await bench.catalogs();
    const foreseen = await bench.foresee(step);
    assert.deepEqual(await bench.catalogs(), before, "a dry run writes nothing");
    const report = await bench.sync(step);
    assert.deepEqual(foreseen, report.catalog, `foreseen: ${report.notes.join("; ")}`);
    judge.afterSync(before, await bench.catalogs());
    return report;
  };
  for (const step of steps)
    if (step.type === "sync") await judged(step);
    else await applyEdit(bench.stores[step.side], step);
  let report = await judged(EVERYTHING);
  for (let round = 1; round < MOST_ROUNDS && hasMoved(report); round++) report = await judged(EVERYTHING);
  assert.equal(hasMoved(report), false, JSON.stringify([report.catalog, report.notes]));
  judge.end(await bench.catalogs(), report);
}

function hasMoved({ catalog }: SyncReport): boolean {
  return Object.values(catalog).some(({ made, changed }) => made + changed > 0);
}

const numRuns = process.env["RUNSTONE_TIER"] === "full" ? 300 : 12;

test("catalogs of two directories", async (t) => {
  await fc.assert(
    fc.asyncProperty(catalogSteps, (steps) => holds(directories(t), steps)),
    { numRuns },
  );
});

describe("the catalog of a server", async () => {
  const server = await startMlflowModel({ after });

  test("and of a directory", async (t) => {
    await fc.assert(
      fc.asyncProperty(catalogSteps, (steps) => holds(hereAndServer(t, server), steps)),
      { numRuns },
    );
  });
});
