/** Runs that an older release pushed, which kept no odd points beside them: `verify --fix` makes that good. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { parseOddPoints } from "../../sync/mlflow/odd-points.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";
import { verifyOnce } from "./verify-once.js";

const START = 1_700_000_000_000;
const VALUES = [Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, -0, 2];

describe("runs that an older release pushed", async () => {
  const { url, model } = await startMlflowModel({ after });

  function newStore(t: TestContext) {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    return { directory, store: createFileStore({ cwd: directory, path: join(directory, "mlruns") }) };
  }

  interface Answer {
    readonly run: { readonly data: { readonly tags: readonly { key: string; value: string }[] } };
  }

  const oddTags = (remoteId: string): readonly { readonly key: string; readonly value: string }[] =>
    (model.getRun(remoteId) as unknown as Answer).run.data.tags.filter(({ key }) =>
      key.startsWith("runstone.odd_points."),
    );

  test("have their infinities beside them after verify --fix, and come back as they were", async (t) => {
    const { directory, store } = newStore(t);
    const { experimentId } = await store.createExperiment({ name: t.name });
    const { runId } = (await store.createRun({ experimentId, startTime: START })).info;
    const writer = await store.openRun(runId);
    writer.logMetrics(VALUES.map((value, step) => ({ key: "loss", value, timestamp: START + step, step })));
    await writer.end({ status: "FINISHED", endTime: START + 9 });
    const remoteId = (await pushOnce({ directory, url })).outcomes[0]!.remoteRunId!;
    for (const { key } of oddTags(remoteId)) model.deleteTag({ run_id: remoteId, key });
    assert.equal((await pushOnce({ directory, url })).counts.unchanged, 1);
    const [found] = (await verifyOnce({ directory, url })).outcomes;
    assert.match(String(found?.error?.message), /tag 'runstone\.odd_points\.0' is missing/);
    const fixed = await pushOnce({ directory, url, push: { runIds: [runId], recheck: true } });
    assert.deepEqual([fixed.counts.done, fixed.moved.tags, fixed.moved.points], [1, 1, 0]);
    const { value } = oddTags(remoteId)[0]!;
    assert.equal(parseOddPoints({ "runstone.odd_points.0": value }).points.get("loss")?.length, 3);
    assert.equal((await verifyOnce({ directory, url })).counts.done, 1);
    assert.equal((await pushOnce({ directory, url })).counts.unchanged, 1);
    const other = newStore(t);
    await pullOnce({ directory: other.directory, url, pull: { experimentNames: new Set([t.name]) } });
    const back: number[] = [];
    for await (const point of other.store.getMetricHistory(runId, "loss")) back.push(point.value);
    assert.deepEqual(back, VALUES);
  });
});
