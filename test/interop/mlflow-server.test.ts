/** The servers that the tests of sync run against: they start, keep what they acknowledged, and give it back. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  type Backend,
  mlflowServerSkip,
  type ServerVersion,
  startMlflowServer,
} from "../helpers/mlflow-server.js";

const FULL = process.env.RUNSTONE_TIER === "full";
const FLAVOURS: readonly (readonly [ServerVersion, Backend])[] = [
  ["3", "sqlite"],
  ["2", "sqlite"],
  ...(FULL ? ([["3", "postgresql"]] as const) : []),
];

for (const [version, backend] of FLAVOURS) {
  const skip = await mlflowServerSkip(version, backend);
  describe(`MLflow ${version} on ${backend}`, { skip }, () => {
    test("keeps what it acknowledged when it is killed", async () => {
      const server = await startMlflowServer({ after }, { version, backend });
      const created = await post(`${server.url}/api/2.0/mlflow/runs/create`, { experiment_id: "0" });
      const { run } = (await created.json()) as { run: { info: { run_id: string; artifact_uri: string } } };
      const artifact = run.info.artifact_uri.replace("mlflow-artifacts:/", "");
      const put = await fetch(`${server.url}/api/2.0/mlflow-artifacts/artifacts/${artifact}/a.txt`, {
        method: "PUT",
        body: "bytes",
      });
      assert.equal(put.status, 200);
      await server.restart();
      const { runs = {} } = await server.read();
      assert.deepEqual(Object.keys(runs), [run.info.run_id]);
      const [read] = Object.values(runs);
      const sha256 = "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9";
      assert.deepEqual(read?.artifacts, { "a.txt": { size: 5, sha256 } });
    });
  });
}

function post(url: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}
