/** The clock of who pushes jumps, between pushes and within one: nothing is lost, doubled or stuck. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { readRemoteState } from "../../sync/state/index.js";
import { faultAt, noFault, startFaultProxy } from "../helpers/fault-proxy.js";
import { type MlflowModelServer, startMlflowModel } from "../helpers/mlflow-model-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { activeRuns, assertRemoteEquals, type SyncStore, writeSyncStore } from "../helpers/sync-store.js";
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
      const view = server.model.view();
      const made = activeRuns(view, experimentName).map(([, item]) => item as unknown as MadeRun);
      const run = made.find(({ tags: own }) => own["runstone.run_id"] === runIds[2])!;
      const tags = { ...run.tags, "runstone.pushed_time": String(then) };
      const { experiment_id, run_name, user_id, start_time } = run;
      const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
      server.model.createRun({ experiment_id, run_name, user_id, start_time, tags: list });
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
