/** Whatever is done to experiments and models on two sides: syncs lose nothing, and end with both equal but for what they told. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { TrackingStore } from "../../core/index.js";
import { listCatalog } from "../../core/transfer/index.js";
import type { SyncReport } from "../../sync/index.js";
import fc from "../helpers/fast-check.js";
import { peerOf } from "../helpers/native-peers.js";
import { syncWith } from "../helpers/native-sync.js";
import { newWorkspace } from "../helpers/transfer-store.js";
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
  };
}

async function holds(bench: Bench, steps: readonly CatalogStep[]): Promise<void> {
  const judge = new CatalogJudge();
  const judged = async (step: CatalogSyncStep): Promise<SyncReport> => {
    const before = await bench.catalogs();
    const report = await bench.sync(step);
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

const numRuns = process.env["RUNSTONE_TIER"] === "full" ? 300 : 20;

test("catalogs of two directories", async (t) => {
  await fc.assert(
    fc.asyncProperty(catalogSteps, (steps) => holds(directories(t), steps)),
    { numRuns },
  );
});
