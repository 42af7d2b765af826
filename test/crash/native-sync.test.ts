/** A sync with a directory that is killed, or two at once: no half run is ever seen, and the next one completes it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type FileStore, openFileStore } from "../../core/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import {
  assertWhole,
  copyOf,
  emptyWorkspace,
  filledStore,
  killPoints,
  runSyncChild,
} from "../helpers/native-crash.js";
import { directoryPeer } from "../helpers/native-peers.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, points } from "../helpers/transfer-store.js";

describe("killed while syncing with a directory", () => {
  for (const direction of ["push", "pull"] as const)
    test(`${direction}`, async (t) => {
      const store = await filledStore(t);
      const whole = contentsOf(store.context);
      const source = join(temporaryDirectory(t), "lab");
      await syncWith(store.context, directoryPeer(source), { direction: "push" });
      const begin = (): { workspace: string; directory: string } => {
        if (direction === "push")
          return { workspace: copyOf(t, store), directory: join(temporaryDirectory(t), "lab") };
        return { workspace: emptyWorkspace(t), directory: source };
      };
      const operations = await runSyncChild({ ...begin(), direction });
      assert.ok(operations !== null && operations > 50);
      for (const at of killPoints(operations)) {
        const { workspace, directory } = begin();
        await runSyncChild({ workspace, directory, direction, at });
        const where: string = `${direction} killed after operation ${at} of ${operations}`;
        assertWhole(openDirectory(directory), whole, where);
        const { context } = openFileStore({ cwd: workspace });
        assertWhole(context, whole, where);
        await runSyncChild({ workspace, directory, direction });
        const target =
          direction === "push" ? openDirectory(directory)! : openFileStore({ cwd: workspace }).context;
        assert.deepEqual(contentsOf(target), whole, where);
        const again = await syncWith(openFileStore({ cwd: workspace }).context, directoryPeer(directory), {
          direction,
        });
        assert.equal(again.counts.done, 0, where);
      }
      t.diagnostic(`${killPoints(operations).length} of ${operations} operations visited`);
    });

  test("several push to one directory at once", async (t) => {
    const store = await filledStore(t);
    const other = openFileStore({ cwd: copyOf(t, store) });
    const twin = openFileStore({ cwd: copyOf(t, store) });
    for (const each of [store, other])
      for (let n = 0; n < 3; n += 1) await makeRun(each, { metrics: points("x", 0, n) });
    const directory = join(temporaryDirectory(t), "lab");
    const push = (each: FileStore) =>
      runSyncChild({ workspace: each.context.workspace!, directory, direction: "push" as const });
    await Promise.all([push(store), push(other), push(twin)]);
    const there = contentsOf(openDirectory(directory)!);
    assert.deepEqual(there, { ...contentsOf(store.context), ...contentsOf(other.context) });
    assert.equal(Object.keys(there).length, 10);
  });
});
