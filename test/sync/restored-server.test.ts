/** A server that was put back to a backup, or replaced by an empty one: the next push or sync notices, and puts back what it lacks. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createFileStore } from "../../core/store/open-store.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { isPartial } from "../../sync/engine/report.js";
import { type MlflowModelServer, startMlflowModel } from "../helpers/mlflow-model-server.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { activeRuns, assertRemoteEquals, type SyncStore, writeSyncStore } from "../helpers/sync-store.js";
import type { JudgedServer } from "./fault-cases.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";

const PUSH_CHILD = fileURLToPath(new URL("./push-child.js", import.meta.url));
/** Of so many places one is taken in the quick tier. */
const STEP = process.env.RUNSTONE_TIER === "full" ? 1 : 13;
const NOTICED = /the server .*(lacks|has less).*put back to an older state, or replaced/;

/** A later day in the workspace: another run, more of one that is there, another tag. */
async function goOn(synced: SyncStore): Promise<SyncStore> {
  const { directory, runIds } = synced;
  const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
  const plain = runIds.at(-1)!;
  const { info } = await store.getRun(plain);
  const next = await store.createRun({ experimentId: info.experimentId, runName: "next", startTime: 7 });
  const writer = await store.openRun(next.info.runId);
  writer.logParams({ lr: "0.3" });
  writer.logArtifactBytes("a.bin", Buffer.from("bytes"));
  await writer.end({ status: "FINISHED", endTime: 8 });
  const more = await store.openRun(plain);
  more.logMetrics([{ key: "loss", value: 1, timestamp: 1_700_000_009_000, step: 9 }]);
  more.setTags({ stage: "prod" });
  await more.end({ status: "KILLED", endTime: 1_700_000_000_003 });
  return { ...synced, store, runIds: [...runIds, next.info.runId] };
}

async function assertWhole(synced: SyncStore, server: JudgedServer, report: SyncReport): Promise<void> {
  assert.ok(!isPartial(report), JSON.stringify(report.outcomes.map(({ error, reason }) => [error, reason])));
  const { experimentName, runIds, store } = synced;
  await assertRemoteEquals(store, await server.readExperiments(experimentName), { experimentName, runIds });
  const idle = await pushOnce({ directory: synced.directory, url: server.url });
  assert.deepEqual([idle.counts.unchanged, idle.counts.done, idle.notes], [runIds.length, 0, []]);
}

async function assertPutBack(synced: SyncStore, server: JudgedServer): Promise<void> {
  const report = await pushOnce({ directory: synced.directory, url: server.url });
  assert.match(report.notes.join("\n"), NOTICED);
  await assertWhole(synced, server, report);
}

async function pushed(t: TestContext, server: { readonly url: string }, name = "lab"): Promise<SyncStore> {
  const synced = await writeSyncStore(temporaryDirectory(t), name);
  assert.ok(!isPartial(await pushOnce({ directory: synced.directory, url: server.url })));
  return synced;
}

function pullIt(
  { directory, experimentName }: SyncStore,
  { url }: { readonly url: string },
): Promise<SyncReport> {
  return pullOnce({ directory, url, pull: { experimentNames: new Set([experimentName]) } });
}

async function tagsHere({ store, runIds }: SyncStore): Promise<Readonly<Record<string, string>>> {
  return (await store.getRun(runIds.at(-2)!)).tags;
}

describe("a model of a server that is restored", () => {
  const start = (t: TestContext): Promise<MlflowModelServer> => startMlflowModel(t);

  test("from a backup of the day before", async (t) => {
    const server = await start(t);
    const before = await pushed(t, server);
    const backup = server.model.backUp();
    const synced = await goOn(before);
    assert.ok(!isPartial(await pushOnce({ directory: synced.directory, url: server.url })));
    server.model.restore(backup);
    await assertPutBack(synced, server);
  });

  test("an experiment that is older there is a conflict, and nothing of it is taken for news", async (t) => {
    const server = await start(t);
    const before = await pushed(t, server);
    const { experimentName } = before;
    const { experimentId } = (await before.store.getExperimentByName(experimentName))!;
    const backup = server.model.backUp();
    const synced = await goOn(before);
    await synced.store.setExperimentTags(experimentId, { phase: "late" });
    await pushOnce({ directory: synced.directory, url: server.url });
    server.model.restore(backup);
    await pullIt(synced, server);
    assert.equal((await synced.store.getExperiment(experimentId)).tags["phase"], "late");
    const report = await pushOnce({ directory: synced.directory, url: server.url });
    assert.deepEqual([report.catalog.experiment.changed, report.catalogConflicts], [1, []]);
  });

  test("by an empty one", async (t) => {
    const server = await start(t);
    const synced = await pushed(t, server);
    server.model.restore(null);
    await assertPutBack(synced, server);
  });

  test("by one that gave the experiment's id to another", async (t) => {
    const server = await start(t);
    const synced = await pushed(t, server);
    server.model.restore(null);
    server.model.createExperiment({ name: "of somebody else" });
    await assertPutBack(synced, server);
    assert.deepEqual(activeRuns(server.model.view(), "of somebody else"), []);
  });

  test("a pull takes nothing older for news, and the push after it puts it back", async (t) => {
    const server = await start(t);
    const before = await pushed(t, server);
    const backup = server.model.backUp();
    const synced = await goOn(before);
    await pushOnce({ directory: synced.directory, url: server.url });
    await pullIt(synced, server);
    server.model.restore(backup);
    const pulled = await pullIt(synced, server);
    assert.match(pulled.notes.join("\n"), NOTICED);
    assert.equal((await tagsHere(synced)).stage, "prod", "the tag here stays");
    await assertWhole(synced, server, await pushOnce({ directory: synced.directory, url: server.url }));
  });

  /** Of the first run the server is left with another tag, name and end than both had. */
  async function ambiguous(t: TestContext, server: MlflowModelServer): Promise<SyncStore> {
    const synced = await pushed(t, server);
    const [tagged] = synced.runIds as [string];
    const writer = await synced.store.openRun(tagged);
    writer.setTags({ team: "vision" });
    await writer.end({ status: "FAILED", endTime: 1_700_000_061_235 });
    await synced.store.updateRun(tagged, { runName: "renamed" });
    const backup = server.model.backUp();
    const later = await goOn(synced);
    await pushOnce({ directory: later.directory, url: server.url });
    server.model.restore(backup);
    return later;
  }

  function assertInConflict({ outcomes }: SyncReport, hint = ""): void {
    const found = outcomes.flatMap(({ conflicts }) => conflicts);
    assert.deepEqual(
      found.map(({ field, key, mine, theirs }) => ({ field, key, mine, theirs })),
      [
        { field: "tag", key: "team", mine: "vision", theirs: "nlp" },
        { field: "name", key: null, mine: "renamed", theirs: "all: #1" },
        { field: "status", key: null, mine: "FAILED", theirs: "FINISHED" },
      ],
      hint,
    );
  }

  for (const first of ["push", "pull"] as const)
    test(`a tag that may be older or somebody's change is a conflict (${first})`, async (t) => {
      const server = await start(t);
      const later = await ambiguous(t, server);
      const [tagged] = later.runIds as [string];
      const { directory } = later;
      const report =
        first === "pull" ? await pullIt(later, server) : await pushOnce({ directory, url: server.url });
      assert.match(report.notes.join("\n"), NOTICED);
      assertInConflict(report);
      const next = await pushOnce({ directory, url: server.url });
      assert.equal(next.counts.conflict, 1, "until it is resolved");
      assert.equal((await later.store.getRun(tagged)).tags.team, "vision");
    });

  test("R-remote-5: a push that is killed while it notices leaves the next one as careful", async (t) => {
    const server = await start(t);
    const later = await ambiguous(t, server);
    const { directory, experimentName, runIds } = later;
    const backup = server.model.backUp();
    const state = join(directory, ".runstone", "remotes", "lab");
    const copy = join(temporaryDirectory(t), "state");
    cpSync(state, copy, { recursive: true });
    let isWhole = false;
    for (let at = 0; !isWhole; at += STEP) {
      const child = spawn(process.execPath, [PUSH_CHILD, JSON.stringify({ directory, url: server.url, at })]);
      await once(child, "close");
      isWhole = child.signalCode === null;
      const next = await pushOnce({ directory, url: server.url });
      assertInConflict(next, `killed at ${at}`);
      const there = activeRuns(server.model.view(), experimentName);
      assert.equal(there.length, runIds.length, "what was gone is there again, once");
      rmSync(state, { recursive: true });
      cpSync(copy, state, { recursive: true });
      server.model.restore(backup);
    }
  });

  test("what somebody changes there is no sign of it", async (t) => {
    const server = await start(t);
    const synced = await pushed(t, server);
    const [[id]] = activeRuns(server.model.view(), synced.experimentName) as unknown as [[string]];
    server.model.logBatch({ run_id: id, tags: [{ key: "team", value: "theirs" }] });
    const report = await pushOnce({ directory: synced.directory, url: server.url });
    assert.deepEqual([report.notes, report.counts.unchanged], [[], synced.runIds.length]);
    const pulled = await pullIt(synced, server);
    assert.deepEqual([pulled.notes, pulled.counts.conflict, pulled.counts.done], [[], 0, 1]);
  });
});

const skip = await mlflowServerSkip("3");

describe("MLflow 3 that is restored from copies of its database and its artifacts", { skip }, () => {
  test("loses nothing", async (t) => {
    const server = await startMlflowServer(t, { version: "3" });
    const before = await pushed(t, server, "restored");
    const copies = temporaryDirectory(t);
    const database = server.database.replace("sqlite:///", "");
    const places = [
      [database, join(copies, "mlflow.db")],
      [server.artifactsPath, join(copies, "artifacts")],
    ] as const;
    await server.stop();
    for (const [from, to] of places) cpSync(from, to, { recursive: true });
    await server.start();
    const synced = await goOn(before);
    assert.ok(!isPartial(await pushOnce({ directory: synced.directory, url: server.url })));
    await server.stop();
    for (const [from, to] of places) {
      rmSync(from, { recursive: true });
      cpSync(to, from, { recursive: true });
    }
    await server.start();
    await assertPutBack(synced, server);
  });
});
