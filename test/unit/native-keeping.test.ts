/** Runs that go from one store to another arrive whole, in this process and over a pipe. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { findRun } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { readRunDocument } from "../../core/transfer/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import type { OfferToKeep, Peer } from "../../sync/native/peer.js";
import { all, CONNECTIONS, directoryPeer, peerOf } from "../helpers/native-peers.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

async function* offered(from: Peer, runIds: readonly string[]): AsyncGenerator<OfferToKeep> {
  for await (const about of from.offers(runIds, { artifacts: true })) {
    if (about.error !== undefined) throw about.error;
    yield { ...about, base: null, baseArtifacts: {}, bringsBytes: false };
  }
}

/** What a run is wherever it lies. */
function contentOf(context: StoreContext, runId: string): object {
  const location = findRun(context, runId);
  assert.ok(location !== null, `${runId} is not there`);
  const { document, damages } = readRunDocument(context, location);
  assert.deepEqual(damages, []);
  const { artifactUri: _uri, experimentId: _id, ...info } = document.info;
  return { ...document, info };
}

/** Bytes of the n-th run's artifacts. */
function sizeOf(n: number): number {
  return `text ${n}`.length + n * 1000 + 20_000;
}

for (const [how, connect] of Object.entries(CONNECTIONS))
  describe(`keeping ${how}`, () => {
    test("runs of several experiments go to a directory and back", async (t) => {
      const store = newWorkspace(t);
      const { experimentId } = await store.createExperiment({ name: "mnist", tags: { team: "a" } });
      const ids: string[] = [];
      for (let n = 0; n < 40; n += 1) {
        const { runId } = await makeRun(store, {
          ...(n % 2 === 0 ? {} : { experimentId }),
          params: { n: String(n) },
          metrics: [...points("loss", 0, n * 10), ...points("acc/top1", 0, n)],
          artifacts: {
            "a.txt": `text ${n}`,
            "deep/b.bin": "x".repeat(n * 1000),
            empty: "",
            same: "y".repeat(20_000),
          },
        });
        ids.push(runId);
      }
      const path = join(temporaryDirectory(t), "lab");
      const remote = await connect(t, directoryPeer(path));
      assert.equal((await remote.heads(null)).exists, false);
      const kept = await all(remote.keep(offered(peerOf(store.context), ids)));
      assert.deepEqual(
        kept,
        ids.map((runId, n) => ({
          ...{ runId, outcome: "created", conflicts: [] },
          moved: { params: 1, tags: 1, points: n * 11, artifacts: 4, bytes: sizeOf(n) },
        })),
      );
      const there = openDirectory(path);
      assert.ok(there !== null);
      for (const runId of ids) assert.deepEqual(contentOf(there, runId), contentOf(store.context, runId));

      const clone = newWorkspace(t);
      await all(peerOf(clone.context).keep(offered(remote, ids)));
      for (const runId of ids)
        assert.deepEqual(contentOf(clone.context, runId), contentOf(store.context, runId));
      const cloned = await clone.getExperimentByName("mnist");
      assert.equal(cloned?.tags["team"], "a");
    });
  });
