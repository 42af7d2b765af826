/** What the workspace's config switches off, `runstone run` leaves out. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Workspace } from "./runstone.js";

const PARTS = ["git", "patch", "snapshot", "environment", "packages", "system_metrics", "console"];

test("a run records no part that the config switches off", (t) => {
  const workspace = new Workspace(t);
  workspace.write("train.sh", "echo seen; sleep 1.2\n");
  assert.equal(workspace.runstone(["init"]).code, 0);
  for (const part of PARTS) {
    const set = workspace.runstone(["config", "set", `capture.${part}`, "false"]);
    assert.equal(set.code, 0, set.stderr);
  }
  const done = workspace.runstone(["run", "--system-metrics-interval", "0.5", "--", "sh", "train.sh"]);
  assert.equal(done.stdout, "seen\n", "the output goes to the terminal itself");
  const run = workspace.run();
  assert.equal(existsSync(join(run, "artifacts", "runstone")), false, "no file of a capture, no log");
  assert.deepEqual(readdirSync(join(run, "metrics")), []);
  assert.deepEqual(readdirSync(join(run, "tags")).sort(), [
    "mlflow.runName",
    "mlflow.source.name",
    "mlflow.source.type",
    "runstone.command",
  ]);
});

test("--system-metrics measures although the config says no", (t) => {
  const workspace = new Workspace(t);
  workspace.runstone(["init"]);
  workspace.runstone(["config", "set", "capture.system_metrics", "false"]);
  workspace.runScript("sleep 1.2", ["--system-metrics", "--system-metrics-interval", "0.5"]);
  assert.notDeepEqual(readdirSync(join(workspace.run(), "metrics")), []);
});
