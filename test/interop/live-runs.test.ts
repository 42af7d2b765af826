/** MLflow opens a store in which Runstone is at work, and one in which it was killed. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { type Mlflow, releases } from "../helpers/mlflow.js";
import { assertSameView, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();

const LIVE = fileURLToPath(new URL("./live-process.js", import.meta.url));
const FIRST = [1_700_000_000_000, 0.5, 1];
const SECOND = [1_700_000_000_000, 0.25, 2];

for (const { series, skip, mlflow } of RELEASES) {
  describe(`MLflow ${series}.x beside live runs`, { skip }, () => {
    const folders: string[] = [];
    const children: ChildProcess[] = [];
    after(() => {
      for (const child of children) child.kill("SIGKILL");
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });

    function project() {
      const workspace = realpathSync(mkdtempSync(join(tmpdir(), "runstone-live-")));
      folders.push(workspace);
      initWorkspace(workspace);
      return { root: join(workspace, "mlruns"), other: mlflow };
    }

    async function start(...args: readonly string[]): Promise<ChildProcess> {
      const child = spawn(process.execPath, [LIVE, ...args], { stdio: ["ignore", "pipe", "inherit"] });
      children.push(child);
      await once(child.stdout, "data");
      return child;
    }

    test("a run that is written by two writers, then killed, then ended", async () => {
      const { root, other } = project();
      const store = openFileStore({ path: root, cwd: root });
      const { experimentId } = await store.createExperiment({ name: "live" });
      const { runId } = (await store.createRun({ experimentId })).info;
      const child = await start("live", root, runId);
      const directory = join(root, experimentId, runId);
      for (const name of ["lease.yaml", "writers", ".gitignore"])
        assert.ok(existsSync(join(directory, name)), name);
      await assertLive(other, root, runId);
      child.kill("SIGKILL");
      await once(child, "exit");
      await assertLive(other, root, runId);

      const writer = await openFileStore({ path: root, cwd: root }).resumeRun(runId);
      await writer.end({ status: "FINISHED" });
      const theirs = await read(other, root);
      assert.deepEqual(theirs.runs?.[runId]?.history, { loss: [FIRST, SECOND] });
      assertSameView(await viewOf(store), theirs);
    });

    test("an experiment that was being built when the process was killed", async () => {
      const { root, other } = project();
      const child = await start("building", root);
      child.kill("SIGKILL");
      await once(child, "exit");
      const sites = readdirSync(root).filter((name) => name.endsWith(".trash") && name !== ".trash");
      assert.equal(sites.length, 1);
      const store = openFileStore({ path: root, cwd: root });
      assertSameView(await viewOf(store), await read(other, root));
      const calls = [["create_experiment", ["made by MLflow"]]];
      const [made] = (await other.call("act", { uri: root, calls })) as string[];
      assert.equal((await store.getExperimentByName("made by MLflow"))?.experimentId, made);
      await store.createExperiment({ name: "never appears" });
      assertSameView(await viewOf(store), await read(other, root));
    });
  });
}

/** MLflow sees the run, RUNNING, with what the first writer logged; Runstone sees both writers. */
async function assertLive(other: Mlflow, root: string, runId: string): Promise<void> {
  const theirs = (await read(other, root)).runs?.[runId];
  assert.equal(theirs?.status, "RUNNING");
  assert.deepEqual(theirs?.params, { lr: "0.1" });
  assert.deepEqual(theirs?.history, { loss: [FIRST] });
  const ours = (await viewOf(openFileStore({ path: root, cwd: root }))).runs?.[runId];
  assert.deepEqual(ours?.history, { loss: [FIRST, SECOND] });
}

async function read(other: Mlflow, root: string): Promise<StoreView> {
  return (await other.call("read_store", { uri: root })) as StoreView;
}
