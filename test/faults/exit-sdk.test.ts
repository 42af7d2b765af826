import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openFileStore } from "../../core/index.js";

const CHILD = fileURLToPath(new URL("../helpers/exit-child.js", import.meta.url));

test("durability fast: points that the disk refuses while the process exits are told, for each run, and each run ends", async (t) => {
  const workspace = mkdtempSync(join(tmpdir(), "runstone-exit-"));
  t.after(() => rmSync(workspace, { recursive: true, force: true }));
  mkdirSync(join(workspace, ".runstone"));
  writeFileSync(join(workspace, ".runstone", "config.yaml"), "format: 1\ndurability: fast\n");
  const { status, stderr } = spawnSync(process.execPath, [CHILD, workspace], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const told = stderr.split("\n").filter((line) => line.includes("[DISK_FULL] RunstoneWarning"));
  assert.equal(told.length, 2, stderr);
  for await (const { info, metrics } of openFileStore({ cwd: workspace }).listRuns()) {
    assert.equal(info.status, "FINISHED");
    assert.deepEqual(Object.keys(metrics), []);
  }
});
