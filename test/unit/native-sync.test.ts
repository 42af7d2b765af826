/** Push, pull and sync with a directory, in this process and over a pipe. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { findRun } from "../../core/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import { CONNECTIONS, directoryPeer } from "../helpers/native-peers.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points, settledMark } from "../helpers/transfer-store.js";

for (const [how, connect] of Object.entries(CONNECTIONS))
  describe(`syncing ${how}`, () => {
    test("a push brings everything, the next one nothing, and a pull elsewhere brings it back", async (t) => {
      const store = newWorkspace(t);
      for (let n = 0; n < 30; n += 1)
        await makeRun(store, {
          params: { n: String(n) },
          metrics: points("loss", 0, n),
          artifacts: { "a.txt": `text ${n}` },
        });
      const path = join(temporaryDirectory(t), "lab");
      const first = await syncWith(store.context, await connect(t, directoryPeer(path)), {
        direction: "push",
      });
      assert.deepEqual(
        first.outcomes.filter(({ error }) => error !== undefined),
        [],
      );
      assert.equal(first.counts.done, 30);
      assert.equal(first.moved.points, (29 * 30) / 2);
      const there = openDirectory(path)!;
      assert.deepEqual(contentsOf(there), contentsOf(store.context));

      const second = await syncWith(store.context, await connect(t, directoryPeer(path)), {
        direction: "both",
      });
      assert.equal(second.counts.unchanged, 30);
      assert.equal(second.counts.done, 0);
      assert.ok(second.requests < 10, `${second.requests} requests`);

      const clone = newWorkspace(t);
      const pulled = await syncWith(clone.context, await connect(t, directoryPeer(path)), {
        direction: "pull",
      });
      assert.equal(pulled.counts.done, 30);
      assert.deepEqual(contentsOf(clone.context), contentsOf(store.context));
    });

    test("changes of both sides meet, and what both changed differently is a conflict", async (t) => {
      const [a, b] = [newWorkspace(t), newWorkspace(t)];
      const { runId } = await makeRun(a, {
        params: { p: "1" },
        tags: { x: "0", y: "0" },
        metrics: points("m", 0, 5),
      });
      const path = join(temporaryDirectory(t), "lab");
      const connected = () => connect(t, directoryPeer(path));
      await syncWith(a.context, await connected(), { direction: "both" });
      await syncWith(b.context, await connected(), { direction: "both" });
      await a.setTags(runId, { x: "a", z: "a" });
      await b.setTags(runId, { y: "b" });
      await b.logBatch(runId, { metrics: points("m", 5, 8), params: { q: "2" } });
      await syncWith(a.context, await connected(), { direction: "both" });
      const met = await syncWith(b.context, await connected(), { direction: "both" });
      assert.deepEqual(met.counts, { ...met.counts, done: 1, conflict: 0, failed: 0 });
      await syncWith(a.context, await connected(), { direction: "both" });
      assert.deepEqual(contentsOf(a.context), contentsOf(b.context));
      const run = await a.getRun(runId);
      assert.deepEqual(
        { ...run.tags, "mlflow.runName": "", "mlflow.user": "" },
        {
          ...run.tags,
          x: "a",
          y: "b",
          z: "a",
          "mlflow.runName": "",
          "mlflow.user": "",
        },
      );

      await a.setTags(runId, { x: "mine" });
      await b.setTags(runId, { x: "theirs" });
      await syncWith(a.context, await connected(), { direction: "both" });
      const conflicted = await syncWith(b.context, await connected(), { direction: "both" });
      assert.equal(conflicted.counts.conflict, 1);
      assert.deepEqual(conflicted.outcomes[0]?.conflicts, [
        { field: "tag", key: "x", base: "a", mine: "theirs", theirs: "mine" },
      ]);
      assert.equal((await b.getRun(runId)).tags["x"], "theirs");
      assert.equal((await a.getRun(runId)).tags["x"], "mine");
    });

    test("deletion travels only when it is asked for, and nothing is deleted because it is missing", async (t) => {
      const [a, b] = [newWorkspace(t), newWorkspace(t)];
      const kept = await makeRun(a);
      const deleted = await makeRun(a);
      const path = join(temporaryDirectory(t), "lab");
      const connected = () => connect(t, directoryPeer(path));
      await syncWith(a.context, await connected(), { direction: "push" });
      await syncWith(b.context, await connected(), { direction: "pull" });
      await a.deleteRun(deleted.runId);
      await settledMark(a, deleted.runId);
      const without = await syncWith(a.context, await connected(), { direction: "push" });
      assert.equal(without.counts.skipped, 1);
      const withIt = await syncWith(a.context, await connected(), {
        direction: "push",
        includeDeleted: true,
      });
      assert.equal(withIt.counts.done, 1);
      await syncWith(b.context, await connected(), { direction: "pull", includeDeleted: true });
      assert.equal((await b.getRun(deleted.runId)).info.lifecycleStage, "deleted");
      assert.equal((await b.getRun(kept.runId)).info.lifecycleStage, "active");
      assert.ok(findRun(openDirectory(path)!, kept.runId));
    });
  });
