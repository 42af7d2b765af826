/** What a sync tells its user that it did not do: to a peer that knows no catalog, and of traces. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { type FileStore, findExperiment } from "../../core/index.js";
import type { Capability } from "../../protocol/index.js";
import { isPartial } from "../../sync/index.js";
import { openDirectory, openOrMakeDirectory } from "../../sync/native/open-directory.js";
import type { Peer } from "../../sync/native/peer.js";
import { peerOverPipe } from "../../sync/native/peer-over-pipe.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { foreseeCatalogWith, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace } from "../helpers/transfer-store.js";
import { pullOnce } from "../sync/pull-once.js";
import { pushOnce } from "../sync/push-once.js";

/** A release that says it can these things only, over a pipe. */
async function olderPeer(t: TestContext, path: string, capabilities: readonly Capability[]): Promise<Peer> {
  class Older extends StorePeer {
    override readonly capabilities = capabilities;
  }
  const place = {
    ...{ program: "runstone 0.0.9", open: () => openDirectory(path), make: () => openOrMakeDirectory(path) },
  };
  const { peer, close } = await peerOverPipe(new Older(place));
  t.after(close);
  return peer;
}

describe("a peer of an older release", () => {
  test("that knows no catalog takes runs, and its user is told once", async (t) => {
    const path = join(temporaryDirectory(t), "lab");
    const store = newWorkspace(t);
    await store.createExperiment({ name: "empty" });
    await store.createRegisteredModel("net");
    await makeRun(store);
    const options = { direction: "both", withRegistry: true } as const;
    const none = await foreseeCatalogWith(store.context, await olderPeer(t, path, ["write"]), options);
    assert.deepEqual(
      Object.values(none).map(({ made, changed }) => made + changed),
      [0, 0, 0, 0],
    );
    const report = await syncWith(store.context, await olderPeer(t, path, ["write"]), options);
    assert.deepEqual(report.notes, [
      "the other side (runstone 0.0.9) is too old to tell of experiments and models: only runs were synced",
    ]);
    assert.deepEqual([report.counts.done, isPartial(report)], [1, false]);
    const newer = await syncWith(
      store.context,
      await olderPeer(t, path, ["write", "catalog", "models"]),
      options,
    );
    assert.deepEqual([newer.notes, newer.catalog.registered_model.made], [[], 1]);
    assert.equal(newer.catalog.experiment.made, 1);
  });

  test("that knows no logged models takes the rest of the catalog", async (t) => {
    const path = join(temporaryDirectory(t), "lab");
    const store = newWorkspace(t);
    await store.createRegisteredModel("net");
    const { experimentId } = await store.createExperiment({ name: "wine" });
    await store.createLoggedModel({ experimentId, name: "net" });
    const peer = await olderPeer(t, path, ["write", "catalog"]);
    const report = await syncWith(store.context, peer, { direction: "push", withRegistry: true });
    assert.deepEqual(report.notes, ["the other side (runstone 0.0.9) is too old to take logged models"]);
    assert.deepEqual([report.catalog.registered_model.made, report.catalog.logged_model.made], [1, 0]);
  });
});

describe("traces", async () => {
  const { url } = await startMlflowModel({ after });

  /** As MLflow's file store writes them. */
  function writeTraces(store: FileStore, count: number): void {
    const { directory } = findExperiment(store.context, "0")!;
    for (let at = 0; at < count; at += 1) {
      const trace = join(directory, "traces", `tr-${String(at).padStart(32, "0")}`);
      mkdirSync(trace, { recursive: true });
      writeFileSync(join(trace, "trace_info.yaml"), "trace_id: x\n");
    }
  }

  test("stay here, and each push says how many; a pull and a store without any say nothing", async (t) => {
    const store = newWorkspace(t);
    await makeRun(store);
    const directory = store.context.workspace!;
    const lab = join(temporaryDirectory(t), "lab");
    const native = async (direction: "push" | "pull" | "both"): Promise<readonly string[]> => {
      const peer = await olderPeer(t, lab, ["write", "catalog", "models"]);
      return (await syncWith(store.context, peer, { direction })).notes;
    };
    const push = async (): Promise<readonly string[]> => (await pushOnce({ directory, url })).notes;
    assert.deepEqual([await native("push"), await push()], [[], []]);
    writeTraces(store, 1);
    assert.deepEqual(
      [await native("push"), await push()],
      [["1 trace is not carried"], ["1 trace is not carried"]],
    );
    writeTraces(store, 3);
    assert.deepEqual(
      [await native("both"), await push()],
      [["3 traces are not carried"], ["3 traces are not carried"]],
    );
    assert.deepEqual([await native("pull"), (await pullOnce({ directory, url })).notes], [[], []]);
  });
});
