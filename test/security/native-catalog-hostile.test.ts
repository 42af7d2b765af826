/** Whoever tells of experiments, models and logged models may be anybody: nothing is written outside, nothing wrong is kept. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { FileStore } from "../../core/index.js";
import {
  type Capability,
  type Item,
  serializeBytes,
  serializeItem,
  serializeRunEnd,
} from "../../protocol/index.js";
import { isRunstoneError, NO_FACTS } from "../../store-format/index.js";
import { isPartial } from "../../sync/index.js";
import { answerWith } from "../../sync/native/answer-peer.js";
import { answerAll, type Handler, type Reply } from "../../sync/native/answerer.js";
import { Asker } from "../../sync/native/asker.js";
import { openFarPeer } from "../../sync/native/far-peer.js";
import type { Peer } from "../../sync/native/peer.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import { connection } from "../helpers/connection.js";
import { all, peerOf } from "../helpers/native-peers.js";
import { syncWith } from "../helpers/native-sync.js";
import { treeOf } from "../helpers/new-store.js";
import { newWorkspace } from "../helpers/transfer-store.js";

const CAPABILITIES: readonly Capability[] = ["write", "catalog", "models"];
const HELLO = { versions: [1], program: "evil", capabilities: CAPABILITIES };
const MODEL_ID = `m-${"a".repeat(32)}`;
const WRONG_HASH = "0".repeat(64);

function everything(store: FileStore): Record<string, string> {
  return treeOf(dirname(store.context.workspace!));
}

/** With a model and a version, so that more can go wrong. */
async function storeWithModel(t: TestContext): Promise<FileStore> {
  const store = newWorkspace(t);
  await store.createRegisteredModel("wine");
  await store.createModelVersion({ name: "wine", source: "s3://cellar/wine" });
  return store;
}

type Spoiled = Readonly<Record<string, unknown>>;

function entry(kind: string, change: Spoiled = {}): Spoiled {
  const id = kind === "logged_model" ? MODEL_ID : kind === "model_version" ? "7" : "new";
  const origin = kind === "model_version" ? "7:1700000000000" : id;
  const facts =
    kind === "logged_model"
      ? { ...NO_FACTS, name: "net", experimentName: "Default", creationTime: 1, lastUpdatedTime: 1 }
      : NO_FACTS;
  const model = kind === "model_version" ? "wine" : "";
  const fields = kind === "experiment" ? { name: "new" } : {};
  return { kind, id, origin, model, fields, facts, ...change };
}

const CLIMBING = ["../evil", "/tmp/runstone-evil", "..", "a\u0000b", "..\\evil", ""] as const;

/** Works of `amend` that must leave nothing. */
function evilWorks(): Record<string, Spoiled> {
  const works: Record<string, Spoiled> = {};
  for (const name of CLIMBING) {
    const named = entry("registered_model", { id: name, origin: name });
    works[`the model ${JSON.stringify(name)}`] = { make: named };
    works[`a change of the model ${JSON.stringify(name)}`] = {
      change: named,
      fields: { description: "x" },
    };
    works[`a version of the model ${JSON.stringify(name)}`] = {
      make: entry("model_version", { model: name }),
    };
    works[`a tag ${JSON.stringify(name)} of a version`] = {
      make: entry("model_version", { fields: { [`tag:${name}`]: "x" } }),
    };
    works[`a tag ${JSON.stringify(name)} of a model`] = {
      change: entry("registered_model", { id: "wine" }),
      fields: { [`tag:${name}`]: "x" },
    };
    works[`an alias ${JSON.stringify(name)}`] = {
      change: entry("registered_model", { id: "wine" }),
      fields: { [`alias:${name}`]: "1:1" },
    };
    works[`a change of the experiment ${JSON.stringify(name)}`] = {
      change: entry("experiment", { id: name }),
      fields: { "tag:x": "y" },
    };
    works[`a change of the version ${JSON.stringify(name)}`] = {
      change: entry("model_version", { id: name }),
      fields: { description: "y" },
    };
    works[`a change of the logged model ${JSON.stringify(name)}`] = {
      change: entry("logged_model", { id: name }),
      fields: { "tag:x": "y" },
    };
  }
  return {
    ...works,
    "a version without number": { make: entry("model_version", { origin: "x:y" }) },
    "a version of a stage that is none": { make: entry("model_version", { fields: { stage: "Evil" } }) },
    "a version of a run that is none": {
      make: entry("model_version", { facts: { ...NO_FACTS, runId: "../x" } }),
    },
    "a logged model without its files": { make: entry("logged_model") },
    "an unknown kind": { make: entry("evil") },
    "fields that are no texts": { make: entry("registered_model", { fields: { description: 7 } }) },
  };
}

/** Bodies of `keep_model` that must leave nothing. */
function evilModels(): Record<string, readonly Uint8Array[]> {
  const body = (make: Spoiled, files: readonly unknown[] = [], ...bytes: Uint8Array[]): Uint8Array[] => [
    serializeItem({ make }),
    ...(files.length === 0 ? [] : [serializeItem({ files })]),
    ...bytes,
    serializeRunEnd(),
  ];
  const file = (path: string, size = 5, sha256 = WRONG_HASH): Spoiled => ({ path, size, sha256 });
  const bytes = serializeBytes({ artifact: 0, start: 0, data: Buffer.from("hello") });
  const model = (change: Spoiled): Spoiled => entry("logged_model", change);
  const found: Record<string, readonly Uint8Array[]> = {
    "other bytes than promised": body(model({}), [file("a")], bytes),
    "fewer bytes than promised": body(model({}), [file("a", 9)], bytes),
    "more bytes than promised": body(model({}), [file("a", 2)], bytes),
    "no bytes": body(model({}), [file("a")]),
    "a file twice": body(model({}), [file("a", 0), file("a", 0)]),
    "another kind of thing": body(entry("registered_model")),
    "no end": body(model({})).slice(0, -1),
    "a list that is too long": body(
      model({}),
      Array.from({ length: 1_001 }, (_, index) => file(`f${index}`)),
    ),
    "a point that is none": body(model({ fields: { "point:1 x 2 r\nloss": "" } })),
    "a point of a run that is a path": body(model({ fields: { "point:1 0.5 2 ../r\nloss": "" } })),
    "a metric that is a path": body(model({ fields: { [`point:1 0.5 2 ${"b".repeat(32)}\n../x`]: "" } })),
    "a status that is none": body(model({ fields: { status: "EVIL" } })),
    "a name that is none": body(model({ facts: { ...NO_FACTS, name: "", experimentName: "Default" } })),
    "no experiment": body(model({ facts: { ...NO_FACTS, name: "net" } })),
    "a source run that is a path": body(
      model({ facts: { ...NO_FACTS, name: "net", experimentName: "Default", runId: "../x" } }),
    ),
  };
  for (const name of CLIMBING) {
    const shown = JSON.stringify(name);
    found[`the id ${shown}`] = body(model({ id: name, origin: name }));
    found[`the id m-${shown}`] = body(model({ id: `m-${name}`, origin: `m-${name}` }));
    found[`the file ${shown}`] = body(model({}), [file(name)], bytes);
    found[`the param ${shown}`] = body(model({ fields: { [`param:${name}`]: "x" } }));
    found[`the tag ${shown}`] = body(model({ fields: { [`tag:${name}`]: "x" } }));
  }
  return found;
}

describe("a hostile asking side", () => {
  async function askerOf(t: TestContext, peer: Peer): Promise<Asker> {
    const [mine, theirs] = connection();
    const answering = answerAll(theirs, HELLO, answerWith(peer)).catch(() => undefined);
    const asker = await Asker.open(mine, HELLO);
    t.after(async () => {
      asker.close();
      await answering;
    });
    return asker;
  }

  async function refused(asker: Asker, method: string, body: readonly Uint8Array[]): Promise<void> {
    const ask = async (): Promise<Item[]> => all((await asker.ask(method, {}, [...body])).items);
    await assert.rejects(ask, (error) => isRunstoneError(error));
  }

  test("changes nothing with entries that are none", async (t) => {
    const store = await storeWithModel(t);
    const asker = await askerOf(t, peerOf(store.context));
    const before = everything(store);
    for (const [what, work] of Object.entries(evilWorks())) {
      await t.test(what, () => refused(asker, "amend", [serializeItem(work)]));
      assert.deepEqual(everything(store), before, what);
    }
  });

  test("changes nothing with logged models that are none", async (t) => {
    const store = await storeWithModel(t);
    const asker = await askerOf(t, peerOf(store.context));
    const before = everything(store);
    for (const [what, body] of Object.entries(evilModels())) {
      await t.test(what, () => refused(asker, "keep_model", body));
      assert.deepEqual(everything(store), before, what);
    }
  });

  test("cannot write where it may only read, nor read what is no file of a model", async (t) => {
    const store = await storeWithModel(t);
    const { modelId } = await store.createLoggedModel({ experimentId: "0", name: "net" });
    const before = everything(store);
    const asker = await askerOf(t, new StorePeer({ program: "far", open: () => store.context }));
    await refused(asker, "keep_model", [serializeItem({ make: entry("logged_model") }), serializeRunEnd()]);
    await refused(asker, "amend", [serializeItem({ make: entry("registered_model") })]);
    const wanted = (path: string): Uint8Array => serializeItem([[modelId, path, WRONG_HASH, 1, 0]]);
    for (const path of ["../meta.yaml", "/etc/passwd", "..\\meta.yaml"])
      await refused(asker, "bytes", [wanted(path)]);
    const items = await all((await asker.ask("bytes", {}, [wanted("meta.yaml")])).items);
    assert.deepEqual(
      items.map(({ head, data }) => [Object.keys(head as object), data.length]),
      [[["artifact", "error"], 0]],
    );
    assert.deepEqual(everything(store), before);
  });

  test("gets names that differ in case alone kept apart, or is told that they cannot be", async (t) => {
    const store = await storeWithModel(t);
    const asker = await askerOf(t, peerOf(store.context));
    const make = entry("registered_model", { id: "WINE", origin: "WINE" });
    try {
      await all((await asker.ask("amend", {}, [serializeItem({ make })])).items);
      assert.equal((await store.listRegisteredModels()).length, 2);
    } catch (error) {
      assert.ok(isRunstoneError(error));
      assert.equal((await store.listRegisteredModels()).length, 1);
    }
    assert.equal((await store.getRegisteredModel("wine")).name, "wine");
  });
});

describe("a hostile answering side", () => {
  async function evilPeer(t: TestContext, answers: Readonly<Record<string, () => Reply>>): Promise<Peer> {
    const [mine, theirs] = connection();
    const handler: Handler = async ({ method }) => {
      if (method === "heads") return { header: { exists: true, digest: null, same: false } };
      return answers[method]?.() ?? {};
    };
    const answering = answerAll(theirs, HELLO, handler).catch(() => undefined);
    const peer = await openFarPeer({ streams: mine, program: "near" });
    t.after(async () => {
      await peer.close();
      await answering;
    });
    return peer;
  }

  const told = (...entries: readonly Spoiled[]): Reply => ({ body: [serializeItem({ entries })] });

  async function pulls(t: TestContext, answers: Readonly<Record<string, () => Reply>>): Promise<FileStore> {
    const store = newWorkspace(t);
    const peer = await evilPeer(t, answers);
    const report = await syncWith(store.context, peer, { direction: "pull", withRegistry: true }).catch(
      (error: unknown) => {
        assert.ok(isRunstoneError(error));
        return null;
      },
    );
    assert.ok(report === null || isPartial(report));
    assert.equal((await store.listRegisteredModels()).length, 0);
    if ((await store.listExperiments("all")).some(({ experimentId }) => experimentId === "0"))
      assert.equal((await store.listLoggedModels("0")).length, 0);
    return store;
  }

  test("leaves no model of a name that climbs, and nothing beside the store", async (t) => {
    for (const name of CLIMBING) {
      const evil = entry("registered_model", { id: name, origin: name });
      const store = await pulls(t, { catalog: () => told(evil) });
      assert.deepEqual(
        Object.keys(everything(store)).filter((path) => !path.startsWith("w")),
        [],
      );
    }
  });

  test("leaves no logged model of other bytes than promised, nor of a name that climbs", async (t) => {
    const file = { path: "a", size: 5, sha256: WRONG_HASH };
    const models = (): Reply => told(entry("logged_model"));
    const hello = serializeBytes({ artifact: 0, start: 0, data: Buffer.from("hello") });
    await pulls(t, {
      models,
      files: () => ({ body: [serializeItem({ files: [file] })] }),
      bytes: () => ({ body: [hello] }),
    });
    await pulls(t, {
      models,
      files: () => ({ body: [serializeItem({ files: [{ ...file, path: "../x" }] })] }),
    });
    await pulls(t, { models: () => told(entry("logged_model", { id: "m-../x", origin: "m-../x" })) });
  });

  test("that never ends is stopped", async (t) => {
    const endless = (item: Uint8Array) => (): Reply => ({
      body: (function* () {
        for (;;) yield item;
      })(),
    });
    await pulls(t, { catalog: endless(serializeItem({ problem: "x" })) });
    await pulls(t, { models: endless(serializeItem({ problem: "x" })) });
    const files = Array.from({ length: 1_000 }, () => ({ path: "a", size: 1, sha256: WRONG_HASH }));
    const models = (): Reply => told(entry("logged_model"));
    await pulls(t, { models, files: endless(serializeItem({ files })) });
  });
});
