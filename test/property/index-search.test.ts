/**
 * Searches over the index and searches over runs that were just read give the same answer: both dialects, over a nasty
 * store with damaged runs in it, with an index that was just made, one that was read back, and one that was brought up to
 * date.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openRunTable } from "../../core/index/open-run-table.js";
import { type FileStore, openFileStore } from "../../core/index.js";
import type { RunTable } from "../../core/search/run-table.js";
import { scanRunTable } from "../../core/search/scan-run-table.js";
import { type RunSearch, searchRunTable } from "../../core/search/search-runs.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import { QueryGenerator } from "../interop/search/generate.js";
import { planStore } from "../interop/search/plan.js";
import { buildSearchStore, type SearchStore } from "../interop/search/store.js";
import { ownFilters, ownOrders } from "./own-filters.js";

const FULL = process.env.RUNSTONE_TIER === "full";
const FILTERS = FULL ? 5_000 : 400;
const SEED = newSeed("RUNSTONE_SEED");
const NOW = 1_763_769_600_000;

describe(`the index answers as the files do (RUNSTONE_SEED=${SEED})`, () => {
  const place = mkdtempSync(join(tmpdir(), "runstone-index-search-"));
  let built: SearchStore;
  let store: FileStore;

  before(async () => {
    const plan = planStore(randomOf(SEED));
    const runsOnly = { ...plan, runs: plan.runs.slice(0, 64), models: [], loggedModels: [] };
    built = await buildSearchStore(join(place, "mlruns"), runsOnly, null);
    harmSomeRuns(built);
    store = opened();
  });
  after(() => rmSync(place, { recursive: true, force: true }));

  function opened(): FileStore {
    return openFileStore({ path: built.root, cwd: place, indexDirectory: join(place, "cache") });
  }

  test("when it was just made", () => compareTables(store));

  test("when it was read back", () => compareTables(opened()));

  test("when runs came, changed and went", async () => {
    await changeRuns(store, built);
    compareTables(opened());
    compareTables(store);
  });

  test("when only some experiments are asked for", () =>
    compareTables(opened(), built.experimentIds.slice(2, 5)));

  function compareTables({ context }: FileStore, experimentIds?: readonly string[]): void {
    const options = experimentIds === undefined ? {} : { experimentIds };
    const tables = [openRunTable(context, options), scanRunTable(context, options)] as const;
    const generator = new QueryGenerator(randomOf(SEED), built);
    for (let count = 0; count < FILTERS; count++) {
      const { filter, orderBy, view, experimentIds: asked, maxResults } = generator.runs();
      assertSame(tables, {
        filter,
        orderBy,
        view,
        experimentIds: asked,
        maxResults,
        dialect: "mlflow",
        now: NOW,
      });
    }
    const property = fc.property(
      ownFilters,
      ownOrders,
      fc.constantFrom(undefined, 1, 7),
      (filter, orderBy, maxResults) =>
        assertSame(tables, { filter, orderBy, view: "all", maxResults, dialect: "runstone", now: NOW }),
    );
    fc.assert(property, { numRuns: FILTERS, seed: SEED });
  }
});

function assertSame([index, files]: readonly [RunTable, RunTable], search: RunSearch): void {
  assert.deepEqual(answerOf(index, search), answerOf(files, search), JSON.stringify(search));
}

function answerOf(table: RunTable, search: RunSearch): unknown {
  try {
    const page = searchRunTable(table, search);
    return { ...page, rows: page.rows.map((row) => table.runAt(row).directory) };
  } catch (error) {
    if (!isRunstoneError(error, "INVALID_PARAMETER_VALUE")) throw error;
    return { message: error.message, hint: error.hint };
  }
}

/** Each seventh run, in turn: without meta.yaml, with half of it, with a metric of nonsense. */
function harmSomeRuns({ root, plan, experimentIds, runIds }: SearchStore): void {
  for (const [index, { experiment }] of plan.runs.entries()) {
    if (index % 7 !== 0 || plan.experiments[experiment - 1]?.deleted) continue;
    const run = join(root, experimentIds[experiment] ?? "", runIds[index] ?? "");
    if (index % 3 === 0) rmSync(join(run, "meta.yaml"));
    else if (index % 3 === 1) writeFileSync(join(run, "meta.yaml"), "run_id: 'half\n");
    else writeFileSync(join(run, "metrics", "acc"), "1 0.5 0\nnonsense\n2 nan 1\n");
  }
}

async function changeRuns(store: FileStore, { experimentIds, runIds, plan }: SearchStore): Promise<void> {
  const experimentId = experimentIds[1] ?? "";
  const { info } = await store.createRun({ experimentId, runName: "late", params: { lr: "0.1" } });
  await store.logBatch(info.runId, { metrics: [{ key: "loss", value: Number.NaN, timestamp: 1, step: 0 }] });
  const sound = (index: number) =>
    index % 7 !== 0 &&
    !plan.runs[index]?.deleted &&
    !plan.experiments[(plan.runs[index]?.experiment ?? 0) - 1]?.deleted;
  const some = runIds.filter((_, index) => sound(index)).slice(0, 9);
  for (const [index, runId] of some.entries()) {
    if (index % 3 === 0) await store.setTags(runId, { team: "changed", "x y": "" });
    else if (index % 3 === 1) await store.deleteRun(runId);
    else await store.updateRun(runId, { runName: `renamed ${index}` });
  }
}
