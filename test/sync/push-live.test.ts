/** Runs that go on while they are pushed, and servers that do not take everything. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import {
  isPartial,
  openRemoteState,
  readRemoteState,
  type SyncEvent,
  type SyncReport,
  verify,
} from "../../sync/index.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { EAGER, pushOnce, REMOTE } from "./push-once.js";

const skip = await mlflowServerSkip("3");

describe("a run that goes on while it is pushed", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });

  test("is synced as it was when it was read; the next push brings the rest, and nothing twice", async (t) => {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const { experimentId } = await store.createExperiment({ name: "live" });
    const { info } = await store.createRun({ experimentId });
    const writer = await store.openRun(info.runId);
    const log = (step: number): void =>
      writer.logMetrics([{ key: "loss", step, timestamp: 1_700_000_000_000, value: step }]);
    for (let step = 0; step < 10; step += 1) log(step);
    writer.logArtifactBytes("out.txt", Buffer.from("one"));
    let logged = false;
    const onEvent = (event: SyncEvent): void => {
      if (event.type !== "moved" || logged) return;
      logged = true;
      log(10);
      writeFileSync(join(directory, "mlruns", experimentId, info.runId, "artifacts", "out.txt"), "another");
    };
    const first = await pushOnce({ directory, url: server.url, push: { onEvent } });
    assert.equal(first.outcomes[0]?.result, "done");
    assert.match(
      first.outcomes[0].exceptions.join(),
      /artifact 'out\.txt' is not there: .*(changed|no longer)/,
    );
    const second = await pushOnce({ directory, url: server.url });
    assert.deepEqual([second.outcomes[0]?.result, second.moved.artifacts], ["done", 1]);
    assert.ok(first.moved.points + second.moved.points === 11);
    await writer.end({ status: "FINISHED" });
    const last = await pushOnce({ directory, url: server.url });
    assert.deepEqual([last.outcomes[0]?.result, last.moved.points, last.moved.artifacts], ["done", 0, 0]);
  });
});

describe("a server that keeps artifacts where only it can reach them", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3", artifacts: "none" });

  test("gets all but the artifacts, which is said, and never taken for there", async (t) => {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const { experimentId } = await store.createExperiment({ name: "apart" });
    const { info } = await store.createRun({ experimentId });
    const writer = await store.openRun(info.runId);
    writer.logParams({ lr: "0.1" });
    writer.logArtifactBytes("out.txt", Buffer.from("one"));
    await writer.end({ status: "FINISHED" });
    const report = await pushOnce({ directory, url: server.url });
    assert.deepEqual([report.outcomes[0]?.result, report.outcomes[0]?.incomplete], ["done", true]);
    assert.match(
      report.outcomes[0]!.exceptions.join(),
      /^Artifacts are not there: the server keeps artifacts in/,
    );
    assert.equal((await pushOnce({ directory, url: server.url })).counts.done, 0);
    const verified = await verifyOnce(directory, server.url);
    assert.equal(isPartial(verified), true);
    const state = readRemoteState(store.context, REMOTE);
    assert.deepEqual({ ...state.run(info.runId)?.artifacts }, {});
    state.close();
  });
});

async function verifyOnce(directory: string, url: string): Promise<SyncReport> {
  const context = openContext({ cwd: directory });
  const state = openRemoteState(context, REMOTE);
  const http = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, url });
  try {
    return await verify(
      { context, http, state },
      {
        ...{ withArtifacts: true, includeDeleted: false, hash: "small", commitReceipts: false },
        experiments: { map: new Map(), prefix: "" },
      },
    );
  } finally {
    await http.destroy();
    state.close();
  }
}
