/** In a Git work tree artifact locations are relative to the workspace; MLflow finds the artifacts from there. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { releases } from "../helpers/mlflow.js";
import { writeFullStore } from "./full-store.js";
import { assertSameView, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();

for (const { series, skip, mlflow } of RELEASES) {
  describe(`MLflow ${series}.x in a Git work tree`, { skip }, () => {
    const scratch = realpathSync(mkdtempSync(join(tmpdir(), "runstone-relative-")));
    after(() => rmSync(scratch, { recursive: true, force: true }));

    test("finds every artifact from the workspace, also after it moved", async () => {
      const before = join(scratch, "before");
      execFileSync("git", ["init", "--quiet", before]);
      initWorkspace(before);
      const { runId } = await writeFullStore(openFileStore({ cwd: before }), { modelInputs: series !== 2 });
      const { artifactUri, experimentId } = (await openFileStore({ cwd: before }).getRun(runId)).info;
      assert.equal(artifactUri, `./mlruns/${experimentId}/${runId}/artifacts`);

      const workspace = join(scratch, "after: moved");
      renameSync(before, workspace);
      const theirs = (await mlflow.call("read_store", { uri: "./mlruns" }, workspace)) as StoreView;
      assertSameView(await viewOf(openFileStore({ cwd: workspace })), theirs);
      assert.equal(Object.keys(theirs.runs?.[runId]?.artifacts as object).length, 5);
    });

    test("logs into an experiment with a relative location", async () => {
      const workspace = join(scratch, "logs");
      execFileSync("git", ["init", "--quiet", workspace]);
      initWorkspace(workspace);
      const store = openFileStore({ cwd: workspace });
      const { experimentId } = await store.createExperiment({ name: "relative" });
      const uri = join(workspace, "mlruns");
      const act = (calls: readonly unknown[]) => mlflow.call("act", { uri, calls }, workspace);
      const [runId] = (await act([["create_run", [experimentId]]])) as [string];
      await act([["log_text", [runId, "hello", "notes/a.txt"]]]);
      const [entry] = await store.artifacts.list({ runId }, "notes");
      assert.deepEqual(entry, { path: "notes/a.txt", isDir: false, size: 5 });
      const theirs = (await mlflow.call("read_store", { uri }, workspace)) as StoreView;
      assertSameView(await viewOf(store), theirs);
    });
  });
}
