/** Artifacts that a run here lacks the bytes of come from the server, whose proxy sends whole files only. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { mustFindRun } from "../../core/index.js";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { RESUMED_FROM_BYTES, type RunDocument } from "../../core/transfer/index.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { fetchFromServer } from "../../sync/mlflow/fetch-artifacts.js";
import { openRemoteState } from "../../sync/state/index.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { contentOf } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pushOnce, REMOTE } from "./push-once.js";

const skip = await mlflowServerSkip("3");
describe("artifacts on demand from MLflow", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });

  test("small and large ones come back by their hashes", async (t) => {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const { experimentId } = await store.createExperiment({ name: "on demand" });
    const { info } = await store.createRun({ experimentId });
    const writer = await store.openRun(info.runId);
    const large = Buffer.alloc(RESUMED_FROM_BYTES + 1_234, "runstone");
    writer.logArtifactBytes("a/small.txt", Buffer.from("small"));
    writer.logArtifactBytes("large.bin", large);
    await writer.end({ status: "FINISHED" });
    await pushOnce({ directory, url: server.url });
    const context = openContext({ cwd: directory });
    const before = contentOf(context, info.runId);
    const location = mustFindRun(context, info.runId);
    for (const path of ["a", "large.bin"])
      rmSync(join(location.directory, "artifacts", path), { recursive: true });
    rmSync(join(directory, ".runstone/objects"), { recursive: true, force: true });
    const gone = (contentOf(context, info.runId) as RunDocument).artifacts;
    assert.deepEqual(
      gone.map(({ absent }) => absent),
      [true, true],
    );
    const state = openRemoteState(context, REMOTE);
    const http = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, url: server.url });
    try {
      const found = await fetchFromServer({ context, http, state }, location, {});
      assert.deepEqual([found.received.length, found.missing.length], [2, 0]);
    } finally {
      state.close();
      await http.destroy();
    }
    assert.deepEqual(contentOf(context, info.runId), before);
  });
});
