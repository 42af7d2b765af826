/** A remote that is the store itself is refused by whatever way it is named: what it "has" is what would be freed here. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { treeOf } from "../helpers/new-store.js";
import { type Ended, newDirectory } from "./program.js";
import { newSshEnvironment } from "./ssh-stand-in.js";

function newLab(t: TestContext) {
  const top = newDirectory(t);
  const env = newSshEnvironment(top.directory);
  const workspace = join(top.directory, "a");
  assert.equal(top.run(["init", "a"], { env }).status, 0);
  const run = (...args: readonly string[]): Ended => top.run(["-C", workspace, ...args], { env });
  const made = run("run", "--name", "first", "--", "sh", "-c", "echo hi > o; echo '::runstone artifact o'");
  assert.equal(made.status, 0, made.stderr);
  const { run_id: runId } = JSON.parse(run("runs", "--json").stdout)[0];
  const artifact = join(workspace, "mlruns/0", runId, "artifacts/o");
  return { top: top.directory, workspace, run, artifact };
}

function isRefused({ status, stdout, stderr }: Ended): void {
  assert.equal(status, 2, stdout + stderr);
  assert.match(stderr, /is this store itself, or lies in it/);
}

test("no spelling of this store is added as a remote", (t) => {
  const { top, workspace, run } = newLab(t);
  symlinkSync(workspace, join(top, "link"));
  mkdirSync(join(top, "other"));
  symlinkSync(join(workspace, "mlruns"), join(top, "other/mlruns"));
  const ways = [
    ".",
    "mlruns",
    "../a",
    "../link",
    "../link/mlruns",
    "../other",
    `file://${workspace}`,
    "mlruns/new",
    ".runstone/x",
  ];
  for (const way of ways) isRefused(run("remote", "add", "self", way));
  assert.equal(run("remote", "add", "lab", join(top, "lab")).status, 0);
  isRefused(run("remote", "set", "lab", "--url", workspace));
  const mounted = join(top, "mounted");
  mkdirSync(mounted);
  if (spawnSync("mount", ["--bind", workspace, mounted]).status !== 0) return;
  try {
    isRefused(run("remote", "add", "self", mounted));
  } finally {
    spawnSync("umount", ["-l", mounted]);
  }
});

test("a config that names this store, and ssh to it, are refused by every command; nothing is freed", (t) => {
  const { top, workspace, run, artifact } = newLab(t);
  const before = treeOf(join(workspace, "mlruns"));
  for (const [name, url] of [
    ["self", join(top, "away")],
    ["far", `ssh://node17${encodeURI(workspace)}`],
  ] as const) {
    assert.equal(run("remote", "add", name, url).status, 0);
    // As if the address had become this store after it was confirmed.
    if (name === "self") symlinkSync(workspace, join(top, "away"));
    for (const command of [
      ["push"],
      ["pull"],
      ["sync"],
      ["verify"],
      ["fetch", "first"],
      ["prune", "--synced"],
    ])
      isRefused(run(...command, name));
  }
  assert.deepEqual(treeOf(join(workspace, "mlruns")), before);
  assert.ok(existsSync(artifact));
});

test("an artifact whose only bytes are those at the remote is not pruned, and fsck tells whose receipt names one", (t) => {
  const { top, run, artifact } = newLab(t);
  assert.equal(run("remote", "add", "lab", join(top, "lab")).status, 0);
  assert.equal(run("push").status, 0);
  const there = artifact.replace(join(top, "a"), join(top, "lab"));
  rmSync(there);
  linkSync(artifact, there);
  const linked = run("prune", "--synced");
  assert.equal(linked.status, 11, linked.stdout + linked.stderr);
  assert.match(linked.stderr, /\(first\).*very file/);
  assert.equal(readFileSync(artifact, "utf8"), "hi\n");
  rmSync(there);
  writeFileSync(there, "hi\n");
  assert.equal(run("prune", "--synced").status, 0);
  assert.match(run("fsck").stdout, /note .*the receipt of lab says so/);
  assert.equal(run("remote", "remove", "lab", "--forget-state").status, 0);
  assert.match(run("fsck").stdout, /no receipt here says where/);
});

test("a remote where nothing can be made is an error at once", { skip: !existsSync("/proc/self") }, (t) => {
  const { run } = newLab(t);
  assert.equal(run("remote", "add", "ro", "/proc/no-such/a/b/c").status, 0);
  const pushed = run("push", "ro");
  assert.ok([6, 7].includes(pushed.status ?? -1), `${pushed.status} ${pushed.stdout}${pushed.stderr}`);
});
