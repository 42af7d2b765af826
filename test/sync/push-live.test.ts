/** Runs that go on while they are pushed. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { SyncEvent } from "../../sync/index.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pushOnce } from "./push-once.js";

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
