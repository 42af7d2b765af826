/** Changes on both sides of a run that was pushed: who changed it wins, what both changed differently is kept apart. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, describe, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import type { RunDocument } from "../../core/transfer/index.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { readRemoteState } from "../../sync/state/index.js";
import { startFaultProxy } from "../helpers/fault-proxy.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { contentOf } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce, REMOTE } from "./push-once.js";

const skip = await mlflowServerSkip("3");
describe("runs that change on both sides", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });

  async function call(path: string, body: object): Promise<Record<string, Record<string, unknown>>> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Record<string, Record<string, unknown>>;
  }

  async function pushedRun(directory: string, name: string) {
    initWorkspace(directory);
    const store = createFileStore({ cwd: directory, path: `${directory}/mlruns` });
    const { experimentId } = await store.createExperiment({ name });
    const { info } = await store.createRun({ experimentId, tags: { team: "a", kept: "k" } });
    const writer = await store.openRun(info.runId);
    writer.logMetrics([{ key: "loss", value: 1, timestamp: 1, step: 0 }]);
    await writer.end({ status: "FINISHED", endTime: 2 });
    const report = await pushOnce({ directory, url: server.url });
    const remoteId = report.outcomes[0]?.remoteRunId ?? "";
    const names = { experimentNames: new Set([name]) };
    return { store, runId: info.runId, remoteId, names };
  }

  test("points, params, tags and artifacts of the server come, those here stay", async (t) => {
    const directory = temporaryDirectory(t);
    const { store, runId, remoteId, names } = await pushedRun(directory, "both sides");
    await pullOnce({ directory, url: server.url, pull: names });
    await call("runs/log-batch", {
      run_id: remoteId,
      metrics: [{ key: "loss", value: 0.5, timestamp: 5, step: 1 }],
      params: [{ key: "theirs", value: "1" }],
      tags: [{ key: "team", value: "b" }],
    });
    await call("runs/delete-tag", { run_id: remoteId, key: "kept" });
    await store.setTags(runId, { mine: "yes" });
    const report = await pullOnce({ directory, url: server.url, pull: names });
    assert.deepEqual([report.counts.done, report.counts.conflict, report.counts.failed], [1, 0, 0]);
    const run = await store.getRun(runId);
    assert.equal(run.tags["team"], "b");
    assert.equal(run.tags["mine"], "yes");
    assert.equal(run.tags["kept"], undefined);
    assert.equal(run.params["theirs"], "1");
    assert.equal(run.metrics["loss"]?.value, 0.5);
    const pushed = await pushOnce({ directory, url: server.url });
    assert.equal(pushed.counts.done, 1);
    const proxy = await startFaultProxy(t, server.url);
    const empty = temporaryDirectory(t);
    initWorkspace(empty);
    await pullOnce({ directory: empty, url: proxy.url, pull: names });
    const contents = [directory, empty].map((cwd) => contentOf(openContext({ cwd }), runId));
    assert.deepEqual(contents[1], contents[0]);
  });

  test("a tag that both changed differently stays as it is on both sides, also after pushes", async (t) => {
    const directory = temporaryDirectory(t);
    const { store, runId, remoteId, names } = await pushedRun(directory, "conflicts");
    await pullOnce({ directory, url: server.url, pull: names });
    await call("runs/set-tag", { run_id: remoteId, key: "team", value: "theirs" });
    await store.setTags(runId, { team: "mine", other: "o" });
    const report = await pullOnce({ directory, url: server.url, pull: names });
    assert.deepEqual(report.outcomes[0]?.conflicts, [
      { field: "tag", key: "team", base: "a", mine: "mine", theirs: "theirs" },
    ]);
    for (let times = 0; times < 2; times += 1) {
      const pushed = await pushOnce({ directory, url: server.url });
      assert.equal(pushed.counts.conflict, 1);
      const state = readRemoteState(openContext({ cwd: directory }), REMOTE);
      assert.equal(state.conflicts(runId).length, 1);
      state.close();
      const answer = await fetch(`${server.url}/api/2.0/mlflow/runs/get?run_id=${remoteId}`);
      const { run } = (await answer.json()) as {
        run: { data: { tags: readonly { key: string; value: string }[] } };
      };
      const tags = new Map(run.data.tags.map(({ key, value }) => [key, value]));
      assert.deepEqual([tags.get("team"), tags.get("other")], ["theirs", "o"]);
    }
    assert.equal((await store.getRun(runId)).tags["team"], "mine");
  });

  test("what others did to a run comes with the next pull, also after pushes of changes here", async (t) => {
    const changes: Readonly<Record<string, (run_id: string) => Promise<unknown>>> = {
      "a tag": (run_id) => call("runs/set-tag", { run_id, key: "theirs", value: "1" }),
      "a deleted tag": (run_id) => call("runs/delete-tag", { run_id, key: "kept" }),
      "a param": (run_id) => call("runs/log-parameter", { run_id, key: "theirs", value: "1" }),
      "a metric": (run_id) => call("runs/log-metric", { run_id, key: "theirs", value: 3, timestamp: 4 }),
      "a point": (run_id) =>
        call("runs/log-metric", { run_id, key: "loss", value: 3, timestamp: 4, step: 1 }),
      "its name": (run_id) => call("runs/update", { run_id, run_name: "their name" }),
    };
    for (const [name, change] of Object.entries(changes)) {
      const directory = temporaryDirectory(t);
      const { store, runId, remoteId, names } = await pushedRun(directory, `changed there: ${name}`);
      const untouched = await pullOnce({ directory, url: server.url, pull: names });
      assert.deepEqual([untouched.counts.unchanged, untouched.outcomes.length], [1, 0], name);
      await change(remoteId);
      await store.setTags(runId, { mine: "yes" });
      const pushed = await pushOnce({ directory, url: server.url });
      assert.deepEqual([pushed.counts.done, pushed.counts.failed], [1, 0], name);
      const pulled = await pullOnce({ directory, url: server.url, pull: names });
      assert.deepEqual([pulled.counts.done, pulled.counts.unchanged], [1, 0], name);
      assert.equal((await store.getRun(runId)).tags["mine"], "yes", name);
      const again = await pullOnce({ directory, url: server.url, pull: names });
      assert.deepEqual([again.counts.unchanged, again.outcomes.length], [1, 0], name);
    }
  });

  test("after a push of changes here, a pull reads nothing", async (t) => {
    const directory = temporaryDirectory(t);
    const { store, runId, names } = await pushedRun(directory, "changed here alone");
    await store.setTags(runId, { mine: "yes" });
    await pushOnce({ directory, url: server.url });
    const pulled = await pullOnce({ directory, url: server.url, pull: names });
    assert.deepEqual([pulled.counts.unchanged, pulled.outcomes.length], [1, 0]);
    assert.ok(pulled.requests <= 3, `experiments, the runs seen last, and runs: ${pulled.requests} requests`);
  });

  test("an artifact that both replaced differently is written over on neither side", async (t) => {
    const directory = temporaryDirectory(t);
    const { store, runId, remoteId, names } = await pushedRun(directory, "artifacts in conflict");
    const artifact = async (): Promise<string> => {
      const answer = await fetch(`${server.url}/get-artifact?run_id=${remoteId}&path=a.txt`);
      return answer.text();
    };
    const put = async (text: string): Promise<void> => {
      const root = `${server.url}/api/2.0/mlflow-artifacts/artifacts`;
      const answer = await fetch(`${server.url}/api/2.0/mlflow/runs/get?run_id=${remoteId}`);
      const { run } = (await answer.json()) as { run: { info: { artifact_uri: string } } };
      const place = run.info.artifact_uri.replace("mlflow-artifacts:/", "");
      const done = await fetch(`${root}/${place}/a.txt`, { method: "PUT", body: text });
      assert.equal(done.status, 200);
    };
    const write = async (text: string): Promise<void> => {
      const writer = await store.openRun(runId);
      writer.logArtifactBytes("a.txt", Buffer.from(text));
      await writer.end({ status: "FINISHED", endTime: 2 });
    };
    await write("both");
    await pushOnce({ directory, url: server.url });
    assert.equal(await artifact(), "both");
    // Only here: it is sent.
    await write("ours 1");
    await pushOnce({ directory, url: server.url });
    assert.equal(await artifact(), "ours 1");
    // Both: it stays as it is on both, whoever looks first, and however often.
    await put("theirs");
    await write("ours 2");
    for (let times = 0; times < 2; times += 1) {
      const pushed = await pushOnce({ directory, url: server.url });
      assert.deepEqual(
        pushed.outcomes[0]?.conflicts.map(({ field, key }) => [field, key]),
        [["artifact", "a.txt"]],
      );
      const pulled = await pullOnce({
        directory,
        url: server.url,
        pull: { ...names, recheck: true },
      });
      assert.equal(pulled.counts.conflict, 1);
      assert.equal(await artifact(), "theirs");
    }
    const [here] = (contentOf(openContext({ cwd: directory }), runId) as RunDocument).artifacts;
    assert.equal(here?.sha256, createHash("sha256").update("ours 2").digest("hex"));
  });

  test("a running run is looked at until it has ended", async (t) => {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const made = await call("experiments/create", { name: "running there" });
    const experiment_id = String(made["experiment_id"]);
    const created = await call("runs/create", { experiment_id, start_time: 5, run_name: "live" });
    const { run_id } = created["run"]!["info"] as { readonly run_id: string };
    const names = { experimentNames: new Set(["running there"]) };
    await pullOnce({ directory, url: server.url, pull: names });
    const store = createFileStore({ cwd: directory, path: `${directory}/mlruns` });
    assert.equal((await store.getRun(run_id)).info.status, "RUNNING");
    await call("runs/log-metric", { run_id, key: "m", value: 1, timestamp: 1, step: 0 });
    await call("runs/update", { run_id, status: "FINISHED", end_time: 9 });
    const report = await pullOnce({ directory, url: server.url, pull: names });
    assert.equal(report.counts.done, 1);
    const run = await store.getRun(run_id);
    assert.deepEqual([run.info.status, run.info.endTime, run.metrics["m"]?.value], ["FINISHED", 9, 1]);
    const pushed = await pushOnce({ directory, url: server.url });
    assert.deepEqual([pushed.counts.done, pushed.counts.failed, pushed.requests <= 1], [0, 0, true]);
  });
});
