/** Runs that are kept together: none is answered before it is durable, one that fails fails alone. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type Interceptor, intercept, type Operation } from "../../core/fs/index.js";
import { findRun } from "../../core/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import type { OfferToKeep, Peer } from "../../sync/native/peer.js";
import { all, directoryPeer, peerOf } from "../helpers/native-peers.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

type TestContext = Parameters<typeof newWorkspace>[0];

const RUNS = 20;

async function twoStores(t: TestContext): Promise<{ from: Peer; ids: string[]; path: string; to: Peer }> {
  const store = newWorkspace(t);
  const ids: string[] = [];
  for (let n = 0; n < RUNS; n += 1)
    ids.push((await makeRun(store, { params: { n: `${n}` }, metrics: points("loss", 0, 3) })).runId);
  const path = join(temporaryDirectory(t), "lab");
  return { from: peerOf(store.context), ids, path, to: directoryPeer(path) };
}

async function* offered(from: Peer, runIds: readonly string[]): AsyncGenerator<OfferToKeep> {
  for await (const about of from.offers(runIds, { artifacts: true })) {
    if (about.error !== undefined) throw about.error;
    yield { ...about, base: null, baseArtifacts: {}, bringsBytes: false };
  }
}

async function intercepted<Value>(interceptor: Interceptor, work: () => Promise<Value>): Promise<Value> {
  intercept(interceptor);
  try {
    return await work();
  } finally {
    intercept(undefined);
  }
}

test("no run is answered before its directory's new entry is durable, and some share that fsync", async (t) => {
  const { from, ids, path, to } = await twoStores(t);
  const visible = new Set<string>();
  const durable = new Set<string>();
  let syncs = 0;
  const after = ({ name, path: of, to: target = "" }: Operation): undefined => {
    const isRun = ids.some((id) => target.endsWith(`/${id}`));
    if (name === "rename" && isRun) visible.add(target);
    if (name !== "fsyncdir") return;
    const entered = [...visible].filter((run) => dirname(run) === of && !durable.has(run));
    for (const run of entered) durable.add(run);
    if (entered.length > 0) syncs += 1;
  };
  await intercepted({ after }, async () => {
    for await (const { runId, error } of to.keep(offered(from, ids))) {
      assert.equal(error, undefined);
      assert.ok(
        [...durable].some((run) => run.endsWith(`/${runId}`)),
        `${runId} was answered too early`,
      );
    }
  });
  assert.equal(durable.size, RUNS);
  assert.ok(syncs < RUNS, `${syncs} fsyncs of the experiment`);
  assert.ok(openDirectory(path) !== null);
});

test("a run whose file does not reach the disk fails alone, and nothing of it is seen", async (t) => {
  const { from, ids, path, to } = await twoStores(t);
  const bad = ids[3]!;
  const before = ({ name, path: of }: Operation): undefined => {
    if (name === "fsync" && of.includes(`/${bad}/params/`))
      throw Object.assign(new Error("no"), { code: "EIO" });
  };
  const kept = await intercepted({ before }, () => all(to.keep(offered(from, ids))));
  assert.deepEqual(
    kept.map(({ runId, error }) => [runId, error?.code]),
    ids.map((runId) => [runId, runId === bad ? "IO_ERROR" : undefined]),
  );
  const there = openDirectory(path)!;
  for (const id of ids) assert.equal(findRun(there, id) !== null, id !== bad);
  const again = await all(to.keep(offered(from, [bad])));
  assert.deepEqual(again, [{ ...again[0], runId: bad, outcome: "created" }]);
});

test("the same run twice is made once, and who waits for each answer gets it", async (t) => {
  const { from, ids, to } = await twoStores(t);
  const [first] = ids as [string];
  const twice = await all(to.keep(offered(from, [first, first])));
  assert.deepEqual(
    twice.map((about) => about.error ?? about.outcome),
    ["created", "same"],
  );
  let answered = (): void => undefined;
  async function* oneByOne(): AsyncGenerator<OfferToKeep> {
    for (const id of ids.slice(1, 4)) {
      const answer = new Promise<void>((resolve) => {
        answered = resolve;
      });
      yield* offered(from, [id]);
      await answer;
    }
  }
  let count = 0;
  for await (const { error } of to.keep(oneByOne())) {
    assert.equal(error, undefined);
    count += 1;
    answered();
  }
  assert.equal(count, 3);
});
