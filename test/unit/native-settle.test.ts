/** A look at a native remote, and what settles conflicts with it that cannot be merged. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { RemoteLook } from "../../sync/engine/remote-look.js";
import { lookAtPeer } from "../../sync/native/look-at-peer.js";
import type { Peer } from "../../sync/native/peer.js";
import { type PeerSettling, settleWithPeer } from "../../sync/native/settle-with-peer.js";
import { openRemoteState, readRemoteState } from "../../sync/state/index.js";
import { CONNECTIONS, directoryPeer, peerOf } from "../helpers/native-peers.js";
import { syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, mustFind, newWorkspace } from "../helpers/transfer-store.js";

type Store = ReturnType<typeof newWorkspace>;

async function look({ context }: Store, remote: Peer): Promise<RemoteLook> {
  const state = readRemoteState(context, "lab");
  try {
    const options = { experiments: { map: new Map<string, string>(), prefix: "" }, withArtifacts: true };
    return await lookAtPeer({ context, state, local: peerOf(context), remote }, options);
  } finally {
    state.close();
  }
}

function changesOf({ runs }: RemoteLook): Record<string, string> {
  return Object.fromEntries(runs.map(({ runId, change }) => [runId, change]));
}

async function settle({ context }: Store, remote: Peer, settling: Omit<PeerSettling, "conflicts">) {
  const state = openRemoteState(context, "lab", { address: "test" });
  try {
    const conflicts = state.conflicts(settling.runId);
    await settleWithPeer({ context, local: peerOf(context), remote, state }, { ...settling, conflicts });
  } finally {
    state.close();
  }
}

for (const [how, connect] of Object.entries(CONNECTIONS))
  describe(`a native remote ${how}`, () => {
    test("a look tells what is new, changed and gone there, in few requests", async (t) => {
      const [a, b] = [newWorkspace(t), newWorkspace(t)];
      const path = join(temporaryDirectory(t), "lab");
      const connected = () => connect(t, directoryPeer(path));
      const [kept, changed, deleted] = [await makeRun(a), await makeRun(a), await makeRun(a)];
      assert.deepEqual(changesOf(await look(a, await connected())), {});
      await syncWith(a.context, await connected(), { direction: "both" });
      assert.deepEqual((await look(a, await connected())).runs, []);
      await syncWith(b.context, await connected(), { direction: "both" });
      await b.setTags(changed.runId, { stage: "prod" });
      await b.deleteRun(deleted.runId);
      const added = await makeRun(b);
      await syncWith(b.context, await connected(), { direction: "both", includeDeleted: true });
      // Of what changed here only, the remote knows nothing.
      await a.setTags(kept.runId, { stage: "dev" });
      const seen = await look(a, await connected());
      assert.deepEqual(changesOf(seen), {
        [changed.runId]: "changed",
        [deleted.runId]: "gone",
        [added.runId]: "new",
      });
      assert.ok(seen.requests <= 2, `${seen.requests} requests`);
    });

    for (const take of ["ours", "theirs"] as const)
      test(`an artifact and a param that both set: ${take}`, async (t) => {
        const [a, b] = [newWorkspace(t), newWorkspace(t)];
        const path = join(temporaryDirectory(t), "lab");
        const connected = () => connect(t, directoryPeer(path));
        const sync = async (store: Store) =>
          syncWith(store.context, await connected(), { direction: "both" });
        const { runId } = await makeRun(a, { artifacts: { "a.txt": "before" } });
        await sync(a);
        await sync(b);
        for (const [store, text] of [
          [a, "ours"],
          [b, "theirs"],
        ] as const) {
          const writer = await store.openRun(runId);
          writer.logArtifactBytes("a.txt", Buffer.from(text));
          writer.logParams({ seed: text });
          await writer.end({ status: "FINISHED", endTime: 9 });
        }
        await sync(b);
        assert.equal((await sync(a)).counts.conflict, 1);
        await settle(a, await connected(), { runId, take });
        await sync(a);
        // A third store that has the other value of the param meets the same conflict.
        if ((await sync(b)).counts.conflict > 0)
          await settle(b, await connected(), { runId, take: "theirs" });
        for (const store of [b, a]) {
          const { counts } = await sync(store);
          assert.equal(counts.conflict + counts.failed, 0);
        }
        const other = take === "ours" ? "theirs" : "ours";
        const tag = (await a.getRun(runId)).tags["runstone.conflict.param.seed"]!;
        assert.deepEqual(JSON.parse(tag), { origin: "ours", remote: "theirs" });
        for (const store of [a, b]) {
          assert.equal((await store.getRun(runId)).params["seed"], take);
          const { directory } = mustFind(store, runId);
          const files = (await store.artifacts.list({ runId })).map((entry) => entry.path);
          const beside = files.find((file) => file.startsWith("a.txt.conflict-"))!;
          assert.equal(readFileSync(join(directory, "artifacts/a.txt"), "utf8"), take);
          assert.equal(readFileSync(join(directory, "artifacts", beside), "utf8"), other);
        }
      });
  });
