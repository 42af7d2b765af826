/** What a push leaves at a real MLflow server, read back with MLflow's own client. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { startFaultProxy } from "../helpers/fault-proxy.js";
import {
  type Backend,
  mlflowServerSkip,
  type ServerVersion,
  startMlflowServer,
} from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { assertRemoteEquals, writeSyncStore } from "../helpers/sync-store.js";
import { pushOnce } from "./push-once.js";

const ARTIFACT_NAMES = ["a b+c% 20.txt", "ü.txt", "– 日本語 😀.txt", "&=;.txt", "it's (1).txt"];

/** MLflow's check of paths takes it for a fragment. */
const REFUSED_NAME = "#1.txt";

const FULL = process.env.RUNSTONE_TIER === "full";
const FLAVOURS: readonly (readonly [ServerVersion, Backend])[] = [
  ["3", "sqlite"],
  ["2", "sqlite"],
  ...(FULL ? ([["3", "postgresql"]] as const) : []),
];

for (const [version, backend] of FLAVOURS) {
  const skip = await mlflowServerSkip(version, backend);
  describe(`push to MLflow ${version} on ${backend}`, { skip }, async () => {
    const server = await startMlflowServer({ after }, { version, backend });

    test("the server holds every run equal, and a second push sends nothing", async (t) => {
      const directory = temporaryDirectory(t);
      const { store, runIds, experimentName } = await writeSyncStore(directory, "first push: ü");
      const proxy = await startFaultProxy(t, server.url);
      const report = await pushOnce({ directory, url: proxy.url });
      assert.deepEqual(report.counts, {
        done: 3,
        unchanged: 0,
        skipped: 1,
        conflict: 0,
        failed: 0,
        running: 0,
      });
      const remote = await server.readExperiments(experimentName);
      await assertRemoteEquals(store, remote, { experimentName, runIds, models: version === "3" });
      const again = await pushOnce({ directory, url: proxy.url });
      assert.equal(again.requests, 1, "whether what came last is still there");
    });

    test("an artifact arrives whatever its name, or is named", async (t) => {
      const directory = temporaryDirectory(t);
      initWorkspace(directory);
      const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
      const { experimentId } = await store.createExperiment({ name: "names" });
      const { info } = await store.createRun({ experimentId });
      const writer = await store.openRun(info.runId);
      for (const name of [...ARTIFACT_NAMES, REFUSED_NAME]) writer.logArtifactBytes(name, Buffer.from(name));
      await writer.end({ status: "FINISHED" });
      const report = await pushOnce({ directory, url: server.url });
      const [outcome] = report.outcomes;
      assert.equal(outcome?.result, "done");
      assert.match(outcome.exceptions.join(), /The artifact '#1\.txt' is not there/);
      const place = `${outcome.remoteRunId}/artifacts/`;
      const files = readdirSync(server.artifactsPath, { recursive: true, encoding: "utf8" });
      const names = files.filter((path) => path.includes(place)).map((path) => path.split(place)[1]);
      assert.deepEqual(names.sort(), [...ARTIFACT_NAMES].sort());
    });
  });
}
