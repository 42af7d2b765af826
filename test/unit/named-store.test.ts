/** What `--store DIR` means: the store, or a project with one in it. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { temporaryDirectory, treeOf } from "../helpers/new-store.js";

function storeIn(directory: string): string {
  return createFileStore({ cwd: directory, path: "mlruns" }).context.root;
}

/** Opening reads only. */
function opened(t: TestContext, path: string): { readonly root: string; readonly workspace: string | null } {
  const before = treeOf(path);
  const { root, workspace } = openContext({ cwd: temporaryDirectory(t), path });
  assert.deepEqual(treeOf(path), before);
  return { root, workspace };
}

test("a project with an mlruns in it stands for that", (t) => {
  const project = temporaryDirectory(t);
  const root = storeIn(project);
  assert.deepEqual(opened(t, project), { root, workspace: null });
  assert.deepEqual(opened(t, root), { root, workspace: null });
});

test("a workspace stands for the store that its config names, and so does its .runstone", (t) => {
  const workspace = temporaryDirectory(t);
  initWorkspace(workspace, "data/runs");
  const root = join(workspace, "data/runs");
  for (const path of [workspace, join(workspace, ".runstone"), root])
    assert.deepEqual(opened(t, path), { root, workspace });
});

test("a store counts, whatever lies in it or beside its experiments", (t) => {
  const project = temporaryDirectory(t);
  const root = storeIn(project);
  storeIn(root);
  initWorkspace(root, "elsewhere");
  assert.equal(opened(t, root).root, root);
});

test("an experiment that is called mlruns is no store", (t) => {
  const root = storeIn(temporaryDirectory(t));
  mkdirSync(join(root, "mlruns"));
  writeFileSync(join(root, "mlruns/meta.yaml"), "experiment_id: mlruns\n");
  assert.equal(opened(t, root).root, root);
});

test("an empty directory, and one with nothing of a store, are stores without runs", (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(opened(t, directory).root, directory);
  writeFileSync(join(directory, "train.py"), "");
  assert.equal(opened(t, directory).root, directory);
});

test("a workspace's config does not lead out of it", (t) => {
  const workspace = temporaryDirectory(t);
  const other = storeIn(temporaryDirectory(t));
  initWorkspace(workspace);
  writeFileSync(join(workspace, ".runstone/config.yaml"), `format: 1\nstore: ${other}\n`);
  const { refusal } = openContext({ cwd: workspace, path: workspace });
  assert.equal(refusal?.code, "PERMISSION_DENIED");
  assert.equal(openContext({ cwd: workspace, path: other }).refusal, undefined);
});

test("for an experiment and for a run the error names their store", async (t) => {
  const store = createFileStore({ cwd: temporaryDirectory(t), path: "mlruns" });
  const { root } = store.context;
  const { info } = await store.createRun({ experimentId: "0" });
  for (const [part, what] of [
    ["0", "experiment"],
    [`0/${info.runId}`, "run"],
  ] as const)
    assert.throws(() => openContext({ cwd: root, path: part }), {
      code: "NOT_A_STORE",
      message: `${join(root, part)} is the directory of one ${what}`,
      hint: new RegExp(`--store ${root}$`),
    });
});
