/** The other side of the native protocol may be anybody: nothing is written outside, nothing wrong is kept, nothing is endless. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { FileStore } from "../../core/index.js";
import {
  type Item,
  serializeBytes,
  serializeItem,
  serializeRun,
  serializeRunEnd,
  type WireDocument,
} from "../../protocol/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { answerWith } from "../../sync/native/answer-peer.js";
import { answerAll, type Handler } from "../../sync/native/answerer.js";
import { Asker } from "../../sync/native/asker.js";
import { openFarPeer } from "../../sync/native/far-peer.js";
import type { Peer } from "../../sync/native/peer.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import { connection } from "../helpers/connection.js";
import { all, peerOf } from "../helpers/native-peers.js";
import { syncWith } from "../helpers/native-sync.js";
import { treeOf } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

const HELLO = { versions: [1], program: "evil", capabilities: ["write"] as const };

async function documentOf(store: FileStore): Promise<WireDocument> {
  const { runId } = await makeRun(store, { artifacts: { "a.txt": "hello" }, metrics: points("m", 0, 3) });
  const [about] = await all(peerOf(store.context).offers([runId], { artifacts: true }));
  assert.ok(about?.error === undefined);
  return about!.run.document;
}

/** Documents that must not be kept, by what is wrong with them. */
function spoiled(document: WireDocument): Record<string, unknown> {
  const withArtifact = (path: string): unknown => ({
    ...document,
    artifacts: [{ ...document.artifacts[0]!, path }],
  });
  const withInfo = (change: object): unknown => ({ ...document, info: { ...document.info, ...change } });
  return {
    "an artifact above the run": withArtifact("../../../evil"),
    "an absolute artifact": withArtifact("/tmp/runstone-evil"),
    "an artifact with a NUL": withArtifact("a\u0000b"),
    "an artifact behind backslashes": withArtifact("..\\..\\evil"),
    "a run id that is a path": withInfo({ runId: "../evil" }),
    "a run id that is a reserved directory": withInfo({ runId: "tags" }),
    "a param that is a path": { ...document, params: { "../../evil": "x" } },
    "a tag that is a path": { ...document, tags: { "/etc/evil": "x" } },
    "a metric that is a path": { ...document, series: [{ ...document.series[0]!, key: "../evil" }] },
    "another digest than its content": { ...document, recordDigest: "0".repeat(64) },
    "an unknown status": withInfo({ status: "EVIL" }),
    "a size that is none": { ...document, artifacts: [{ ...document.artifacts[0]!, size: -1 }] },
    "no document": "evil",
    "an experiment without a name": { ...document, experimentName: "" },
  };
}

/** What lies beside and in the workspace, but for what the store itself leaves behind. */
function everything(store: FileStore): Record<string, string> {
  return treeOf(dirname(store.context.workspace!));
}

describe("a hostile asking side", () => {
  test("puts nothing anywhere that is not a run", async (t) => {
    const document = await documentOf(newWorkspace(t));
    for (const [what, evil] of Object.entries(spoiled(document))) {
      const store = newWorkspace(t);
      const before = everything(store);
      const [mine, theirs] = connection();
      const answering = answerAll(theirs, HELLO, answerWith(peerOf(store.context))).catch(() => undefined);
      const asker = await Asker.open(mine, HELLO);
      const body = [
        serializeItem({ run: evil }),
        serializeBytes({ artifact: 0, start: 0, data: Buffer.from("hello") }),
        serializeRunEnd(),
      ];
      let items: Item[] = [];
      try {
        items = await all((await asker.ask("keep", {}, body)).items);
      } catch (error) {
        assert.ok(isRunstoneError(error), what);
      }
      assert.ok(
        items.every(({ head }) => (head as { error?: unknown }).error !== undefined),
        `${what} was kept`,
      );
      asker.close();
      await answering;
      assert.deepEqual(everything(store), before, what);
    }
  });

  test("cannot write where it may only read, nor read anything that is no artifact of a run", async (t) => {
    const store = newWorkspace(t);
    const document = await documentOf(store);
    const [mine, theirs] = connection();
    const readOnly = new StorePeer({ program: "far", open: () => store.context });
    const answering = answerAll(theirs, HELLO, answerWith(readOnly));
    const asker = await Asker.open(mine, HELLO);
    await assert.rejects(
      async () => all((await asker.ask("keep", {}, [serializeRun(document), serializeRunEnd()])).items),
      (error) => isRunstoneError(error, "PERMISSION_DENIED"),
    );
    const { runId } = document.info;
    for (const path of ["../meta.yaml", "../../../../../etc/passwd", "/etc/passwd", "..\\meta.yaml"])
      await assert.rejects(
        async () =>
          all((await asker.ask("bytes", {}, [serializeItem([[runId, path, "0".repeat(64), 1, 0]])])).items),
        (error) => isRunstoneError(error, "REMOTE_FAILED"),
        path,
      );
    asker.close();
    await answering;
  });
});

describe("a hostile answering side", () => {
  /** A peer that answers as `handler` says. */
  async function evilPeer(t: TestContext, handler: Handler): Promise<Peer> {
    const [mine, theirs] = connection();
    const answering = answerAll(theirs, HELLO, handler).catch(() => undefined);
    const peer = await openFarPeer({ streams: mine, program: "near" });
    t.after(async () => {
      await peer.close();
      await answering;
    });
    return peer;
  }

  const head = (runId: string): Uint8Array => serializeItem([[runId, "0", "m"]]);
  const offering = (id: string, items: Iterable<Uint8Array>, document?: WireDocument): Handler => {
    return async ({ method }) => {
      if (method === "heads")
        return { header: { exists: true, digest: null, same: false }, body: [head(id)] };
      if (method === "check") {
        const { runName, status, endTime, lifecycleStage } = document!.info;
        const rest = { experimentId: "0", experimentName: "Default", absent: 0, mark: "m" };
        const { recordDigest } = document!;
        return {
          body: [
            serializeItem({ runId: id, recordDigest, runName, status, endTime, lifecycleStage, ...rest }),
          ],
        };
      }
      return { body: items };
    };
  };

  test("puts nothing anywhere that is not a run", async (t) => {
    const document = await documentOf(newWorkspace(t));
    for (const [what, evil] of Object.entries(spoiled(document))) {
      const store = newWorkspace(t);
      const outside = readdirSync(dirname(store.context.workspace!));
      const { runId } = document.info;
      const items = [
        serializeItem({ run: evil }),
        serializeItem({ artifact: 0, start: 0 }, Buffer.from("hello")),
        serializeRunEnd(),
      ];
      const peer = await evilPeer(t, offering(runId, items, document));
      const report = await syncWith(store.context, peer, { direction: "pull" }).catch((error: unknown) => {
        assert.ok(isRunstoneError(error), what);
        return null;
      });
      assert.ok(report === null || report.counts.done === 0, `${what} was kept`);
      assert.deepEqual(readdirSync(dirname(store.context.workspace!)), outside, what);
      const names = readdirSync(store.context.root).filter((name) => !name.startsWith("."));
      assert.deepEqual(names, ["0"], what);
      assert.deepEqual(readdirSync(join(store.context.root, "0")), ["meta.yaml"], what);
    }
  });

  test("with other bytes than the run names leaves none of them", async (t) => {
    const document = await documentOf(newWorkspace(t));
    const store = newWorkspace(t);
    const { runId } = document.info;
    const wrong: Handler = async ({ method }) => {
      if (method === "bytes")
        return { body: [serializeBytes({ artifact: 0, start: 0, data: Buffer.from("HELLO") })] };
      return offering(
        runId,
        [serializeRun({ ...document, series: [] }), serializeRunEnd()],
        document,
      )({ method } as never);
    };
    const report = await syncWith(store.context, await evilPeer(t, wrong), { direction: "pull" });
    assert.equal(report.counts.failed, 1);
    assert.equal(report.outcomes[0]?.error?.code, "DAMAGED");
    const sha = createHash("sha256").update("HELLO").digest("hex");
    assert.ok(!JSON.stringify(everything(store)).includes(sha.slice(2)));
    assert.ok(!JSON.stringify(everything(store)).includes("HELLO"));
  });

  test("that never ends is stopped", async (t) => {
    const document = await documentOf(newWorkspace(t));
    const { runId } = document.info;
    const endless = (function* () {
      yield serializeRun(document);
      const record = Buffer.alloc(24 * 40_000);
      for (;;) yield serializeItem({ points: "m" }, record);
    })();
    const store = newWorkspace(t);
    const report = await syncWith(store.context, await evilPeer(t, offering(runId, endless, document)), {
      direction: "pull",
    });
    assert.equal(report.counts.failed, 1);
    assert.match(String(report.outcomes[0]?.error?.message), /points without end|more points/);
    const twice: Handler = async () => ({
      header: { exists: true, digest: null, same: false },
      body: (function* () {
        for (;;) yield head(runId);
      })(),
    });
    await assert.rejects((await evilPeer(t, twice)).heads(null), /two heads of the run/);
  });
});
