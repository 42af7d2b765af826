/** `runstone remote test` against real MLflow servers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newDirectory } from "../cli/program.js";
import { mlflowServerSkip, type ServerVersion, startMlflowServer } from "../helpers/mlflow-server.js";

for (const version of ["3", "2"] as const satisfies readonly ServerVersion[]) {
  const skip = await mlflowServerSkip(version);
  describe(`MLflow ${version}`, { skip }, () => {
    test("is reachable, tells its version, and gets nothing made", async (t) => {
      const server = await startMlflowServer(t, { version });
      const { read } = newDirectory(t);
      read(["init"]);
      read(["remote", "add", "lab", server.url]);
      const before = await server.read();
      const found = read(["remote", "test"]);
      assert.match(found, /^ok {2}reachable: /m);
      assert.match(found, new RegExp(`^ok {2}version: MLflow ${version}\\.\\d+`, "m"));
      assert.match(found, /^ok {2}credentials: none, and none are asked for$/m);
      assert.deepEqual(await server.read(), before);
    });
  });
}
