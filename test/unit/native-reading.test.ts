/** What a peer tells of its store arrives as it is, in this process and over a pipe. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { FileStore } from "../../core/index.js";
import { type ArtifactBytes, listRunHeads, readRunDocument, readSeries } from "../../core/transfer/index.js";
import type { WireDocument } from "../../protocol/index.js";
import { isRunstoneError, type Metric } from "../../store-format/index.js";
import { all, CONNECTIONS, peerOf } from "../helpers/native-peers.js";
import { makeRun, mustFind, newWorkspace, points, settledMark } from "../helpers/transfer-store.js";

const ALL = { artifacts: true };

const LINKED: Metric[] = [
  { key: "loss", value: 1, timestamp: 5, step: 0, dataset: { name: "d", digest: "1" } },
  { key: "loss", value: 2, timestamp: 6, step: 1 },
  { key: "loss", value: Number.NaN, timestamp: 7, step: -3 },
  { key: "loss", value: -0, timestamp: 8, step: -(2n ** 62n) },
  { key: "loss", value: Number.POSITIVE_INFINITY, timestamp: 9, step: 2n ** 63n - 1n },
];

for (const [how, connect] of Object.entries(CONNECTIONS))
  describe(`reading ${how}`, () => {
    test("heads are those of the store; the same digest brings none", async (t) => {
      const store = newWorkspace(t);
      for (let n = 0; n < 3; n += 1) {
        const { runId } = await makeRun(store, { metrics: points("loss", 0, n) });
        await settledMark(store, runId);
      }
      const peer = await connect(t, peerOf(store.context));
      const { exists, heads, digest } = await peer.heads(null);
      assert.equal(exists, true);
      const expected = [...listRunHeads(store.context)];
      assert.deepEqual(
        heads,
        expected.map(({ runId, experimentId, mark }) => ({ runId, experimentId, mark })),
      );
      assert.deepEqual(await peer.heads(digest), { exists, digest, heads: null });
      await store.setTags(expected[0]!.runId, { team: "b" });
      assert.notEqual((await peer.heads(digest)).heads, null);
    });

    test("documents, checks and points are those of the run", async (t) => {
      const store = newWorkspace(t);
      const metrics = [...points("acc", 0, 90_000), ...LINKED];
      const { runId } = await makeRun(store, {
        runName: "first",
        params: { lr: "0.1", "opt/name": "adam", __proto__: "x" },
        tags: { note: "ü\u0000\n" },
        metrics,
        artifacts: { "a/b.txt": "hello", empty: "" },
      });
      const other = await makeRun(store);
      const peer = await connect(t, peerOf(store.context));
      const { document } = readRunDocument(store.context, mustFind(store, runId));
      const [run, gone, second] = await all(peer.offers([runId, "ab".repeat(16), other.runId], ALL));
      assert.ok(run?.error === undefined && second?.error === undefined);
      assert.deepEqual(withoutPlace(run!.run.document), withoutPlace(document));
      assert.ok(isRunstoneError(gone?.error, "RESOURCE_DOES_NOT_EXIST"));
      const [check] = await all(peer.check([runId]));
      assert.ok(check?.error === undefined);
      assert.equal(check?.recordDigest, document.recordDigest);
      const found: Metric[] = [];
      for await (const about of peer.offers([runId, other.runId], ALL)) {
        assert.ok(about.error === undefined);
        if (about.runId !== runId) continue;
        for (const key of ["acc", "loss"])
          for await (const some of about.run.points(key)) for (const one of some) found.push({ ...one, key });
      }
      assert.deepEqual(found, [...seriesOf(store, runId, "acc"), ...seriesOf(store, runId, "loss")]);
      assert.equal(found.length, metrics.length);
    });

    test("runs whose points nobody reads do not stop the next ones", async (t) => {
      const store = newWorkspace(t);
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1)
        ids.push((await makeRun(store, { metrics: points("x", 0, 2_000) })).runId);
      const peer = await connect(t, peerOf(store.context));
      assert.deepEqual(
        (await all(peer.offers(ids, ALL))).map(({ runId }) => runId),
        ids,
      );
    });

    test("bytes of artifacts come from any byte on; what is not there is named", async (t) => {
      const store = newWorkspace(t);
      const text = "0123456789".repeat(200_000);
      const location = await makeRun(store, { artifacts: { big: text, empty: "" } });
      const { runId } = location;
      const { document } = readRunDocument(store.context, location);
      const peer = await connect(t, peerOf(store.context));
      const [big, empty] = document.artifacts;
      const from = 1_234_567;
      assert.ok(
        (await bytesOf(peer.artifact(runId, big!, from), from)).equals(Buffer.from(text.slice(from))),
      );
      assert.equal((await bytesOf(peer.artifact(runId, empty!, 0), 0)).length, 0);
      const gone = { ...big!, path: "gone", sha256: "0".repeat(64) };
      await assert.rejects(bytesOf(peer.artifact(runId, gone, 0), 0), (error) =>
        isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST"),
      );
    });
  });

async function bytesOf(source: Promise<ArtifactBytes | null>, start: number): Promise<Buffer> {
  const bytes = await source;
  assert.ok(bytes !== null);
  if ("file" in bytes) return readFileSync(bytes.file).subarray(start);
  const blocks: Buffer[] = [];
  for await (const block of bytes) blocks.push(Buffer.from(block));
  return Buffer.concat(blocks);
}

function withoutPlace({ info, ...document }: WireDocument): object {
  return { ...document, info: { ...info, artifactUri: "" } };
}

function seriesOf(store: FileStore, runId: string, key: string): Metric[] {
  const found: Metric[] = [];
  for (const chunk of readSeries(mustFind(store, runId), key).chunks)
    for (const one of chunk.points) found.push({ key, ...one });
  return found;
}
