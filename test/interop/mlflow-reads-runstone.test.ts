/** Every MLflow reads what Runstone wrote, with equal values, and leaves it as it was. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openFileStore } from "../../core/store/open-store.js";
import { mustFindRun } from "../../core/store/read/runs.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { receiptFileName } from "../../store-format/index.js";
import { releases } from "../helpers/mlflow.js";
import { type FullStore, METRICS, TEXTS, writeFullStore } from "./full-store.js";
import { assertSameView, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();

/** As a sync leaves one beside a run when the remote's receipts are to be committed. */
function putReceipt(runDirectory: string): void {
  writeFileSync(join(runDirectory, receiptFileName("lab")), "runstone_receipt: 1\n");
}

for (const { series, skip, mlflow } of RELEASES) {
  describe(`MLflow ${series}.x reads what Runstone wrote`, { skip }, () => {
    const workspace = realpathSync(mkdtempSync(join(tmpdir(), "runstone-interop-")));
    const uri = join(workspace, "mlruns");
    let written: FullStore;
    let ours: StoreView;
    let theirs: StoreView;

    before(async () => {
      initWorkspace(workspace);
      const store = openFileStore({ cwd: workspace });
      written = await writeFullStore(store, { modelInputs: series !== 2 });
      putReceipt(mustFindRun(store.context, written.runId).directory);
      ours = await viewOf(store);
      theirs = (await mlflow.call("read_store", { uri })) as StoreView;
    });
    after(() => rmSync(workspace, { recursive: true, force: true }));

    test("everything it knows, equal in every field", () => assertSameView(ours, theirs));

    test("the values that were given", () => {
      const run = theirs.runs?.[written.runId] ?? {};
      assert.deepEqual(run.params, TEXTS);
      const tags = run.tags as Record<string, string>;
      for (const [key, value] of Object.entries(TEXTS)) assert.equal(tags[key], value, key);
      assert.deepEqual(run.history, expectedHistory());
      const artifacts = Object.entries(written.artifacts).map(([path, bytes]) => [path, digestOf(bytes)]);
      assert.deepEqual(run.artifacts, Object.fromEntries(artifacts));
    });

    test("Runstone reads the same after MLflow had it open", async () => {
      const again = await viewOf(openFileStore({ cwd: workspace }));
      assert.deepEqual(again, ours);
    });
  });
}

function expectedHistory(): Record<string, unknown[]> {
  const history: Record<string, unknown[]> = {};
  for (const { key, timestamp, value, step } of METRICS) {
    history[key] ??= [];
    history[key].push([timestamp, Number.isFinite(value) ? value : String(value), step]);
  }
  return history;
}

function digestOf(bytes: Uint8Array) {
  return { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
