/** Runstone reads everything that each MLflow wrote, equal to what that MLflow itself reports. */
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { dumpStore } from "../../core/dump/dump-store.js";
import { openFileStore } from "../../core/store/open-store.js";
import type { Damage } from "../../store-format/index.js";
import { releases } from "../helpers/mlflow.js";
import { dumpedPart, viewOfDump } from "./dump-view.js";
import { assertSameView, type Item, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();

/** run -> key -> [timestamp, value, step, dataset name, dataset digest], in the order of logging */
type LinkedPoints = Readonly<Record<string, Readonly<Record<string, readonly (readonly unknown[])[]>>>>;

for (const { series, skip, mlflow } of RELEASES) {
  describe(`Runstone reads what MLflow ${series}.x wrote`, { skip }, () => {
    const scratch = realpathSync(mkdtempSync(join(tmpdir(), "runstone-interop-")));
    const uri = join(scratch, "mlruns");
    const damages: Damage[] = [];
    let linked: LinkedPoints;
    let ours: StoreView;
    let theirs: StoreView;

    before(async () => {
      const written = await mlflow.call("write_store", { uri, seed: series, files: scratch });
      linked = (written as { linked_points: LinkedPoints }).linked_points;
      theirs = (await mlflow.call("read_store", { uri })) as StoreView;
      ours = await viewOf(
        openFileStore({ path: uri, cwd: scratch, onDamage: (damage) => damages.push(damage) }),
      );
    });
    after(() => rmSync(scratch, { recursive: true, force: true }));

    test("everything, equal in every field", () => {
      assertSameView(ours, { ...theirs, runs: withTrueSteps(theirs.runs ?? {}, linked) });
    });

    test("the dump holds it, too", () => {
      const dumped = viewOfDump(dumpStore(openFileStore({ path: uri, cwd: scratch }).context));
      const reported = { ...theirs, runs: withTrueSteps(theirs.runs ?? {}, linked) };
      assertSameView(dumped, dumpedPart(reported));
    });

    test("and finds no damage", () => assert.deepEqual(damages, []));
  });
}

/**
 * MLflow writes points that are linked to a dataset with their step, but its file store reads them back with step 0
 * (5-field lines). Runstone reads the step that was logged.
 */
function withTrueSteps(runs: StoreView["runs"] & object, linked: LinkedPoints): Record<string, Item> {
  const corrected: Record<string, Item> = { ...runs };
  for (const [runId, keys] of Object.entries(linked)) {
    const run = corrected[runId] as Item & { history: object; metrics: object };
    const history = Object.entries(keys).map(([key, points]) => [
      key,
      points.map((point) => point.slice(0, 3)),
    ]);
    const latest = Object.entries(keys).map(([key, points]) => [key, points.at(-1)?.slice(0, 3)]);
    corrected[runId] = {
      ...run,
      history: { ...run.history, ...Object.fromEntries(history) },
      metrics: { ...run.metrics, ...Object.fromEntries(latest) },
    };
  }
  return corrected;
}
