/** The clock of who pushes jumps, between pushes and within one: nothing is lost, doubled or stuck. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { isPartial, type SyncReport } from "../../sync/engine/report.js";
import type { PushOptions } from "../../sync/mlflow/push.js";
import { readRemoteState } from "../../sync/state/index.js";
import { faultAt, noFault, startFaultProxy } from "../helpers/fault-proxy.js";
import { type MlflowModelServer, startMlflowModel } from "../helpers/mlflow-model-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { activeRuns, assertRemoteEquals, type SyncStore, writeSyncStore } from "../helpers/sync-store.js";
import { settledMark } from "../helpers/transfer-store.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce, REMOTE } from "./push-once.js";

const NOW = 1_795_000_000_000;
const HOUR = 3_600_000;
const JUMPS = [
  ["an hour back", NOW - HOUR],
  ["ten years ahead", NOW + 87_660 * HOUR],
  ["to 1970", 0],
  ["before 1970", -HOUR],
] as const;

interface MadeRun {
  readonly experiment_id: string;
  readonly run_name: string;
  readonly user_id: string;
  readonly start_time: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** As another pusher makes it; returns the id there of the first one and of the twin. */
function makeTwin(
  { model }: MlflowModelServer,
  experimentName: string,
  { runId, time }: { readonly runId: string; readonly time: number },
): readonly [string, string] {
  const before = new Set(activeRuns(model.view(), experimentName).map(([id]) => id));
  const [first, item] = activeRuns(model.view(), experimentName).find(
    ([, { tags }]) => (tags as MadeRun["tags"])["runstone.run_id"] === runId,
  )!;
  const { experiment_id, run_name, user_id, start_time, tags: own } = item as unknown as MadeRun;
  const tags = Object.entries({ ...own, "runstone.pushed_time": String(time) });
  const list = tags.map(([key, value]) => ({ key, value }));
  model.createRun({ experiment_id, run_name, user_id, start_time, tags: list });
  const [twin] = activeRuns(model.view(), experimentName).find(([id]) => !before.has(id))!;
  return [first, twin];
}

async function assertThere(
  { experimentName, runIds, store }: SyncStore,
  server: MlflowModelServer,
): Promise<void> {
  const there = await server.readExperiments(experimentName);
  await assertRemoteEquals(store, there, { experimentName, runIds });
  assert.equal(activeRuns(there, experimentName).length, runIds.length);
  assert.equal(Object.keys(there.runs ?? {}).length, runIds.length, "nothing was made twice");
}

for (const [name, then] of JUMPS)
  describe(`the clock jumps ${name}`, () => {
    test("between pushes", async (t) => {
      const server = await startMlflowModel(t);
      const synced = await writeSyncStore(temporaryDirectory(t), "clocks");
      const { directory, runIds } = synced;
      const pushAt = (time: number) => pushOnce({ directory, url: server.url, now: () => time });
      assert.equal((await pushAt(NOW)).counts.done, runIds.length);
      assert.deepEqual((await pushAt(then)).counts.done, 0, "nothing changed but the time");
      const store = createFileStore({ cwd: directory, path: `${directory}/mlruns` });
      const writer = await store.openRun(runIds[2]!);
      writer.setTags({ stage: "later" });
      await writer.end({ status: "KILLED", endTime: 1_700_000_000_003 });
      assert.equal((await pushAt(then)).counts.done, 1);
      await assertThere(synced, server);
      assert.equal((await pushAt(NOW)).counts.done, 0, "the clock is right again");
      const state = readRemoteState(openContext({ cwd: directory }), REMOTE);
      t.after(() => state.close());
      assert.equal(state.run(runIds[2]!)?.receipt?.verifiedTime, then);
    });

    test("within a push whose first creation has no answer", async (t) => {
      const server = await startMlflowModel(t);
      const synced = await writeSyncStore(temporaryDirectory(t), "clocks");
      const { directory } = synced;
      const proxy = await startFaultProxy(t, server.url);
      let asked = 0;
      const now = (): number => (asked++ < 1 ? NOW : then);
      for (let ordinal = 1; ordinal <= 12; ordinal += 3) {
        proxy.follow(faultAt(ordinal, { kind: "reset-after" }));
        await pushOnce({ directory, url: proxy.url, now, http: { maxRetries: 0 } });
      }
      proxy.follow(noFault);
      await pushOnce({ directory, url: proxy.url, now });
      await assertThere(synced, server);
    });

    test("between two who push the same runs: the same one stays for both", async (t) => {
      const server = await startMlflowModel(t);
      const synced = await writeSyncStore(temporaryDirectory(t), "clocks");
      const { directory, runIds, experimentName } = synced;
      await pushOnce({ directory, url: server.url, now: () => NOW });
      // A twin that another pusher made at the same time, whose clock is wrong.
      // The first of them is the third one's parent.
      for (const runId of [runIds[0]!, runIds[2]!]) makeTwin(server, experimentName, { runId, time: then });
      const other = await import("node:fs").then((fs) => {
        const copy = temporaryDirectory(t);
        fs.cpSync(`${directory}/mlruns`, `${copy}/mlruns`, { recursive: true });
        return copy;
      });
      const { initWorkspace } = await import("../../core/workspace/init-workspace.js");
      initWorkspace(other);
      for (const place of [other, directory, other])
        await pushOnce({ directory: place, url: server.url, now: () => NOW, push: { recheck: true } });
      const there = activeRuns(server.model.view(), experimentName);
      assert.deepEqual(
        there.map(([, { tags: own }]) => (own as Record<string, string>)["runstone.run_id"]).sort(),
        [...runIds].sort(),
      );
      await assertRemoteEquals(synced.store, server.model.view(), { experimentName, runIds });
    });
  });

describe("another pusher kept another counterpart of a parent that was synced", () => {
  interface Moved {
    readonly server: MlflowModelServer;
    readonly synced: SyncStore;
    readonly twin: string;
    pushIt(options?: Partial<PushOptions>): Promise<SyncReport>;
  }

  async function start(t: TestContext): Promise<Moved> {
    const server = await startMlflowModel(t);
    const synced = await writeSyncStore(temporaryDirectory(t), "family");
    const { directory, experimentName, runIds } = synced;
    const pushIt = (options: Partial<PushOptions> = {}) =>
      pushOnce({ directory, url: server.url, now: () => NOW, push: options });
    // Of a run that changed within a clock tick nobody can tell whether it changed again: it would wait for its own push.
    for (const runId of runIds) await settledMark({ context: openContext({ cwd: directory }) }, runId);
    assert.equal((await pushIt()).counts.done, runIds.length);
    const [first, twin] = makeTwin(server, experimentName, { runId: runIds[0]!, time: NOW - HOUR });
    server.model.setRunStage(first, "deleted");
    return { server, synced, twin, pushIt };
  }

  function parentOfChild({ server, synced }: Moved): string | undefined {
    const runs = activeRuns(server.model.view(), synced.experimentName);
    const tags = runs.map(([, item]) => item.tags as MadeRun["tags"]);
    return tags.find((own) => own["runstone.run_id"] === synced.runIds[1])?.["mlflow.parentRunId"];
  }

  async function assertFollowed(moved: Moved): Promise<void> {
    const { server, synced, twin, pushIt } = moved;
    assert.equal(parentOfChild(moved), twin);
    const { experimentName, runIds, store } = synced;
    await assertRemoteEquals(store, server.model.view(), { experimentName, runIds });
    const idle = await pushIt();
    assert.deepEqual([idle.counts.unchanged, idle.counts.done, idle.notes], [runIds.length, 0, []]);
  }

  for (const recheck of [false, true])
    test(`a push ${recheck ? "of everything anew" : "of nothing new"} sends the child after it`, async (t) => {
      const moved = await start(t);
      const report = await moved.pushIt({ recheck });
      assert.ok(!isPartial(report));
      assert.equal(report.counts.done + report.counts.unchanged, moved.synced.runIds.length);
      await assertFollowed(moved);
    });

  test("a push of the parent alone sends the child after it", async (t) => {
    const moved = await start(t);
    const runIds = [moved.synced.runIds[0]!];
    const report = await moved.pushIt({ runIds, recheck: true });
    assert.deepEqual(
      report.outcomes.map(({ runId }) => runId).sort(),
      [...moved.synced.runIds].slice(0, 2).sort(),
    );
    await assertFollowed(moved);
  });

  test("a child that changed here waits until somebody asks for it", async (t) => {
    const moved = await start(t);
    const [parent, child] = moved.synced.runIds as [string, string];
    const writer = await moved.synced.store.openRun(child);
    writer.setTags({ stage: "private" });
    await writer.end({ status: "FAILED", endTime: 1_700_000_000_002 });
    const report = await moved.pushIt({ runIds: [parent], recheck: true });
    assert.deepEqual(
      report.outcomes.map(({ runId }) => runId),
      [parent],
    );
    await moved.pushIt();
    await assertFollowed(moved);
  });

  test("a tag that the other pusher has set right stays when the child changes", async (t) => {
    const moved = await start(t);
    const { server, synced, twin, pushIt } = moved;
    const child = activeRuns(server.model.view(), synced.experimentName).find(
      ([, item]) => (item.tags as MadeRun["tags"])["runstone.run_id"] === synced.runIds[1],
    )!;
    const tags = [{ key: "mlflow.parentRunId", value: twin }];
    server.model.logBatch({ run_id: child[0], tags });
    const writer = await synced.store.openRun(synced.runIds[1]!);
    writer.setTags({ stage: "later" });
    await writer.end({ status: "FAILED", endTime: 1_700_000_000_002 });
    await pushIt({ runIds: [synced.runIds[1]!] });
    assert.equal(parentOfChild(moved), twin);
    // Only the child was asked for: the twin gets what the parent has here by a push of everything.
    await pushIt();
    await assertFollowed(moved);
  });

  test("a pull learns of it, and the push after it sends the child", async (t) => {
    const moved = await start(t);
    const { directory } = moved.synced;
    const report = await pullOnce({ directory, url: moved.server.url });
    assert.ok(!isPartial(report));
    await moved.pushIt();
    await assertFollowed(moved);
  });

  test("another parent that somebody chose there stays", async (t) => {
    const server = await startMlflowModel(t);
    const synced = await writeSyncStore(temporaryDirectory(t), "family");
    const push = (): Promise<SyncReport> =>
      pushOnce({ directory: synced.directory, url: server.url, push: { recheck: true } });
    await push();
    const runs = activeRuns(server.model.view(), synced.experimentName);
    const idThere = (runId: string): string =>
      runs.find(([, item]) => (item.tags as MadeRun["tags"])["runstone.run_id"] === runId)![0];
    const chosen = idThere(synced.runIds[2]!);
    const child = idThere(synced.runIds[1]!);
    server.model.logBatch({ run_id: child, tags: [{ key: "mlflow.parentRunId", value: chosen }] });
    await push();
    const tags = server.model.view().runs?.[child]?.tags as MadeRun["tags"];
    assert.equal(tags["mlflow.parentRunId"], chosen);
  });
});
