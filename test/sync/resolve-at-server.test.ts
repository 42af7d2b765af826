/** Conflicts with a server are settled by either side or a value; then push, pull and verify agree and find nothing to do. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { ArtifactHashes } from "../../core/transfer/index.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { type ConflictTaking, resolveAtServer } from "../../sync/mlflow/settle-conflicts.js";
import { type Conflict, openRemoteState } from "../../sync/state/index.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { EAGER, pushOnce, REMOTE } from "./push-once.js";
import { verifyOnce } from "./verify-once.js";

const HOW = {
  ...{ jobs: 1, withArtifacts: true, includeDeleted: false, commitReceipts: false },
  hash: "small",
  experiments: { map: new Map<string, string>(), prefix: "", restore: false },
} as const;

const skip = await mlflowServerSkip("3");

describe("conflicts with a model of the server", async () => {
  const { url } = await startMlflowModel({ after });
  suite(url, {
    takings: ["ours", "theirs"],
    finders: ["push", "pull", "sync"],
    seldom: (name, work) => void test(name, work),
  });
});

// Each request of a real server takes its time: one of each kind.
describe("conflicts with MLflow 3", { skip }, async () => {
  const { url } = await startMlflowServer({ after }, { version: "3" });
  suite(url, { takings: ["theirs"], finders: ["push"], seldom: () => undefined });
});

interface Range {
  /** Of conflicts that either side settles. */
  readonly takings: readonly ("ours" | "theirs")[];
  /** What finds a conflict. */
  readonly finders: readonly ("push" | "pull" | "sync")[];
  /** For what says nothing of the server. */
  readonly seldom: (name: string, work: (t: TestContext) => Promise<void>) => void;
}

function suite(url: string, { takings, finders, seldom }: Range): void {
  async function newLab(t: TestContext) {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const { experimentId } = await store.createExperiment({ name: t.name });
    const { info } = await store.createRun({ experimentId, runName: "before", startTime: 1 });
    const { runId } = info;
    const write = async (path: string, text: string): Promise<void> => {
      const writer = await store.openRun(runId);
      writer.logArtifactBytes(path, Buffer.from(text));
      await writer.end({ status: "FINISHED", endTime: 2 });
    };
    await store.setTags(runId, { stage: "before" });
    await store.setTags(runId, { gone: "before" });
    await write("out/a.txt", "before");
    const { outcomes } = await pushOnce({ directory, url });
    const remoteId = outcomes[0]!.remoteRunId!;
    const there = async (): Promise<RunThere> => (await ask(url, `runs/get?run_id=${remoteId}`)) as RunThere;
    const artifactUrl = async (path: string): Promise<string> => {
      const place = (await there()).run.info.artifact_uri.replace("mlflow-artifacts:/", "");
      return `${url}/api/2.0/mlflow-artifacts/artifacts/${place}/${path}`;
    };
    const conflicts = (): readonly Conflict[] => {
      const state = openRemoteState(openContext({ cwd: directory }), REMOTE);
      try {
        return state.conflicts(runId);
      } finally {
        state.close();
      }
    };
    return {
      ...{ directory, store, runId, write, conflicts },
      there: async () => {
        const { info, data } = (await there()).run;
        return { ...info, tags: mapOf(data.tags), params: mapOf(data.params ?? []) };
      },
      setThere: (values: Record<string, Pairs>) =>
        ask(url, "runs/log-batch", { run_id: remoteId, ...values }),
      updateThere: (fields: Record<string, unknown>) =>
        ask(url, "runs/update", { run_id: remoteId, ...fields }),
      fileThere: async (path: string): Promise<string> =>
        (await fetch(await artifactUrl(path), ALONE)).text(),
      putThere: async (path: string, body: string): Promise<void> => {
        const answer = await fetch(await artifactUrl(path), { ...ALONE, method: "PUT", body });
        assert.equal(answer.status, 200);
      },
      fileHere: (path: string): string =>
        readFileSync(join(directory, "mlruns", experimentId, runId, "artifacts", path), "utf8"),
      /** Of this test's run only: the server is there for all tests. */
      pull: (): Promise<SyncReport> =>
        pullOnce({ directory, url, pull: { experimentNames: new Set([t.name]) } }),
      resolve: (take: ConflictTaking, ...keys: readonly (string | null)[]): Promise<SyncReport> =>
        resolveOnce({ directory, runId, take, keys }),
      /** Every way of looking at it finds nothing to do, and no difference. */
      async assertSettled(): Promise<void> {
        assert.deepEqual(conflicts(), []);
        for (let times = 0; times < 2; times += 1) {
          const pulled = await pullOnce({ directory, url, pull: { runIds: [runId] } });
          const pushed = await pushOnce({ directory, url });
          const names = { experimentNames: new Set([t.name]) };
          const whole = await pullOnce({ directory, url, pull: { ...names, recheck: true } });
          const verified = await verifyOnce({ directory, url });
          assert.deepEqual([pulled.counts.unchanged, pushed.counts.unchanged], [1, 1]);
          assert.equal(whole.counts.conflict + whole.counts.failed + whole.counts.done, 0);
          assert.equal(verified.counts.done, 1, verified.outcomes[0]?.error?.message);
          assert.deepEqual(conflicts(), []);
        }
      },
    };
  }

  async function resolveOnce(asked: {
    readonly directory: string;
    readonly runId: string;
    readonly take: ConflictTaking;
    readonly keys: readonly (string | null)[];
  }): Promise<SyncReport> {
    const context = openContext({ cwd: asked.directory });
    const http = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, url });
    const state = openRemoteState(context, REMOTE);
    try {
      const { runId, take, keys } = asked;
      const all = state.conflicts(runId);
      const conflicts = keys.length === 0 ? all : all.filter(({ key }) => keys.includes(key));
      const settling = { runId, take, conflicts };
      return await resolveAtServer({ context, http, state }, settling, { push: HOW, pull: HOW });
    } finally {
      state.close();
      await http.destroy();
    }
  }

  for (const how of finders)
    for (const take of takings)
      test(`tags and the name, found by a ${how}: ${take}`, async (t) => {
        const lab = await newLab(t);
        const { directory, store, runId } = lab;
        await store.setTags(runId, { stage: "ours" });
        await store.deleteTag(runId, "gone");
        await store.updateRun(runId, { runName: "ours" });
        await lab.setThere({ tags: [{ key: "stage", value: "theirs" }] });
        await lab.setThere({ tags: [{ key: "gone", value: "theirs" }] });
        await lab.updateThere({ run_name: "theirs" });
        if (how !== "push") await lab.pull();
        if (how !== "pull") await pushOnce({ directory, url });
        assert.deepEqual(
          lab
            .conflicts()
            .map(({ field, key }) => [field, key])
            .sort(),
          [
            ["name", null],
            ["tag", "gone"],
            ["tag", "stage"],
          ],
        );
        const report = await lab.resolve(take);
        assert.equal(report.counts.conflict + report.counts.failed, 0);
        const here = await store.getRun(runId);
        const there = await lab.there();
        const left = take === "ours" ? undefined : "theirs";
        assert.deepEqual([here.tags["stage"], there.tags["stage"]], [take, take]);
        assert.deepEqual([here.tags["gone"], there.tags["gone"]], [left, left]);
        assert.deepEqual([here.info.runName, there.run_name], [take, take]);
        await lab.assertSettled();
      });

  test("another value goes to both", async (t) => {
    const lab = await newLab(t);
    const { directory, store, runId } = lab;
    await store.setTags(runId, { stage: "ours" });
    await lab.setThere({ tags: [{ key: "stage", value: "theirs" }] });
    await pushOnce({ directory, url });
    await lab.resolve({ value: "final" });
    assert.equal((await store.getRun(runId)).tags["stage"], "final");
    assert.equal((await lab.there()).tags["stage"], "final");
    await lab.assertSettled();
  });

  for (const take of takings)
    test(`how the run went: ${take}`, async (t) => {
      const lab = await newLab(t);
      const { store, runId } = lab;
      await store.updateRun(runId, { status: "FAILED", endTime: 5 });
      await lab.updateThere({ status: "KILLED", end_time: 6 });
      await lab.pull();
      assert.deepEqual(
        lab.conflicts().map(({ field }) => field),
        ["status"],
      );
      await lab.resolve(take);
      const { info } = await store.getRun(runId);
      const expected = take === "ours" ? ["FAILED", 5] : ["KILLED", 6];
      assert.deepEqual([info.status, info.endTime], expected);
      assert.deepEqual([(await lab.there()).status, Number((await lab.there()).end_time)], expected);
      await lab.assertSettled();
    });

  test("what changed there again stays a conflict, and is written over on neither side", async (t) => {
    const lab = await newLab(t);
    const { directory, store, runId } = lab;
    await store.setTags(runId, { stage: "ours" });
    await lab.setThere({ tags: [{ key: "stage", value: "theirs" }] });
    await pushOnce({ directory, url });
    await lab.setThere({ tags: [{ key: "stage", value: "theirs again" }] });
    const report = await lab.resolve("ours");
    assert.equal(report.counts.conflict, 1);
    assert.equal((await store.getRun(runId)).tags["stage"], "ours");
    assert.equal((await lab.there()).tags["stage"], "theirs again");
    await lab.resolve("theirs");
    assert.equal((await store.getRun(runId)).tags["stage"], "theirs again");
    await lab.assertSettled();
  });

  for (const take of takings)
    test(`an artifact that both replaced: ${take} at its path, the other beside it, on both sides`, async (t) => {
      const lab = await newLab(t);
      const { directory } = lab;
      const path = "out/a.txt";
      await lab.putThere(path, "theirs");
      await lab.write(path, "ours!!");
      await pushOnce({ directory, url });
      assert.equal(await lab.fileThere(path), "theirs");
      const report = await lab.resolve(take);
      assert.equal(report.counts.conflict + report.counts.failed, 0);
      const [winner, loser] = take === "ours" ? ["ours!!", "theirs"] : ["theirs", "ours!!"];
      const hash = createHash("sha256").update(loser).digest("hex").slice(0, 8);
      const beside = `${path}.conflict-${hash}`;
      assert.deepEqual([lab.fileHere(path), await lab.fileThere(path)], [winner, winner]);
      assert.deepEqual([lab.fileHere(beside), await lab.fileThere(beside)], [loser, loser]);
      await lab.assertSettled();
    });

  for (const take of takings)
    test(`an artifact that only they replaced, when all is looked at again: ${take}`, async (t) => {
      const lab = await newLab(t);
      const { directory } = lab;
      const path = "out/a.txt";
      await lab.putThere(path, "theirs");
      for (const push of [{ recheck: true }, {}, { recheck: true, hash: "all" as const }]) {
        const { counts } = await pushOnce({ directory, url, push });
        assert.deepEqual([counts.conflict, counts.failed], [1, 0]);
        assert.deepEqual([lab.fileHere(path), await lab.fileThere(path)], ["before", "theirs"]);
      }
      await lab.resolve(take);
      const winner = take === "ours" ? "before" : "theirs";
      assert.deepEqual([lab.fileHere(path), await lab.fileThere(path)], [winner, winner]);
      await lab.assertSettled();
    });

  seldom("a push that goes on sends each artifact once, and over none that somebody replaced", async (t) => {
    const lab = await newLab(t);
    const { directory, store, runId } = lab;
    const live = { watermarks: new Map(), hashes: new ArtifactHashes(), sizes: new Map() };
    const round = () => pushOnce({ directory, url, push: { live } });
    const writer = await store.openRun(runId);
    await store.updateRun(runId, { status: "RUNNING" });
    writer.logArtifactBytes("log.txt", Buffer.from("one"));
    writer.logArtifactBytes("other.txt", Buffer.from("one"));
    assert.equal((await round()).moved.artifacts, 2);
    assert.equal((await round()).moved.artifacts, 0);
    writer.logArtifactBytes("log.txt", Buffer.from("one, two"));
    assert.equal((await round()).moved.artifacts, 1);
    await lab.putThere("other.txt", "theirs");
    await lab.putThere("new.txt", "theirs");
    for (const path of ["other.txt", "new.txt"]) writer.logArtifactBytes(path, Buffer.from("two"));
    const { moved, outcomes } = await round();
    assert.deepEqual([moved.artifacts, outcomes[0]?.result], [0, "running"]);
    await writer.end({ status: "FINISHED", endTime: 2 });
    assert.equal((await round()).counts.conflict, 1);
    assert.deepEqual(
      lab.conflicts().map(({ key }) => key),
      ["new.txt", "other.txt"],
    );
    for (const path of ["other.txt", "new.txt"]) assert.equal(await lab.fileThere(path), "theirs");
    assert.equal(await lab.fileThere("log.txt"), "one, two");
    await lab.resolve("ours");
    await lab.assertSettled();
  });

  seldom("an artifact that changed there again is not taken for the one that was chosen", async (t) => {
    const lab = await newLab(t);
    const { directory } = lab;
    await lab.putThere("out/a.txt", "theirs");
    await lab.write("out/a.txt", "ours!!");
    await pushOnce({ directory, url });
    await lab.putThere("out/a.txt", "newest");
    await assert.rejects(lab.resolve("theirs"), { code: "INVALID_STATE" });
    assert.deepEqual([lab.fileHere("out/a.txt"), await lab.fileThere("out/a.txt")], ["ours!!", "newest"]);
  });

  describe("params, which a server never changes", () => {
    async function inConflict(t: TestContext) {
      const lab = await newLab(t);
      const writer = await lab.store.openRun(lab.runId);
      writer.logParams({ lr: "0.1" });
      await writer.end({ status: "FINISHED", endTime: 2 });
      await lab.setThere({ params: [{ key: "lr", value: "0.2" }] });
      for (let times = 0; times < 2; times += 1) {
        const pushed = await pushOnce({ directory: lab.directory, url });
        assert.equal(pushed.counts.conflict, 1);
      }
      return lab;
    }

    seldom("ours is refused, and nothing is changed", async (t) => {
      const lab = await inConflict(t);
      for (const take of ["ours", { value: "0.3" }] as const)
        await assert.rejects(lab.resolve(take), { code: "UNSUPPORTED" });
      const { params, tags } = await lab.store.getRun(lab.runId);
      assert.deepEqual([params["lr"], (await lab.there()).params["lr"]], ["0.1", "0.2"]);
      assert.deepEqual(
        Object.keys(tags).filter((key) => key.startsWith("runstone.conflict")),
        [],
      );
    });

    test("accepted: both stay, both values are known on both sides, and nothing fails any more", async (t) => {
      const lab = await inConflict(t);
      const report = await lab.resolve("accept");
      assert.equal(report.counts.conflict + report.counts.failed, 0);
      const { params, tags } = await lab.store.getRun(lab.runId);
      assert.deepEqual([params["lr"], (await lab.there()).params["lr"]], ["0.1", "0.2"]);
      const both = { origin: "0.1", remote: "0.2" };
      assert.deepEqual(JSON.parse(tags["runstone.conflict.param.lr"]!), both);
      assert.deepEqual(JSON.parse((await lab.there()).tags["runstone.conflict.param.lr"]!), both);
      await lab.assertSettled();
      const { outcomes } = await verifyOnce({ directory: lab.directory, url });
      assert.match(outcomes[0]!.exceptions.join(), /The param 'lr' has another value there/);
    });

    test("theirs: it is so here, too, and the run keeps what it had as a tag", async (t) => {
      const lab = await inConflict(t);
      await lab.resolve("theirs");
      const { params, tags } = await lab.store.getRun(lab.runId);
      assert.deepEqual([params["lr"], (await lab.there()).params["lr"]], ["0.2", "0.2"]);
      assert.deepEqual(JSON.parse(tags["runstone.conflict.param.lr"]!), { origin: "0.1", remote: "0.2" });
      await lab.assertSettled();
    });
  });
}

/** The server closes connections that nobody used for a while. */
const ALONE = { headers: { connection: "close" } };

async function ask(url: string, endpoint: string, body?: object): Promise<unknown> {
  const sent = { method: "POST", body: JSON.stringify(body) };
  const headers = { connection: "close", "content-type": "application/json" };
  const path = `${url}/api/2.0/mlflow/${endpoint}`;
  const answer = await fetch(path, { headers, ...(body === undefined ? {} : sent) });
  assert.equal(answer.status, 200, endpoint);
  return answer.json();
}

interface RunThere {
  readonly run: {
    readonly info: {
      readonly artifact_uri: string;
      readonly run_name: string;
      readonly status: string;
      readonly end_time: number | string;
    };
    readonly data: { readonly tags: Pairs; readonly params?: Pairs };
  };
}

type Pairs = readonly { readonly key: string; readonly value: string }[];

function mapOf(pairs: Pairs): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}
