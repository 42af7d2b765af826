/** `runstone run` and `start` keep their code, and `runstone snapshots` shares and frees it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { TestRepository } from "../helpers/git-repository.js";
import { Workspace } from "./runstone.js";

interface Place {
  readonly workspace: Workspace;
  readonly at: TestRepository;
}

function place(t: TestContext): Place {
  const workspace = new Workspace(t);
  const at = new TestRepository(workspace.path);
  at.git("init", "-q", "-b", "main");
  at.git("config", "user.name", "Ada");
  at.git("config", "user.email", "ada@example.org");
  ok(workspace, "init");
  at.write(".gitignore", "spools\n");
  at.write("train.py", "print(1)\n");
  at.git("add", "-A");
  at.git("commit", "-q", "-m", "first");
  return { workspace, at };
}

function ok(workspace: Workspace, ...args: readonly string[]): string {
  const { code, stdout, stderr } = workspace.runstone(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

function refsOf(at: TestRepository): readonly string[] {
  const text = at.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/runstone");
  return text === "" ? [] : text.split("\n");
}

test("run and start keep the code; --no-snapshot and the config do not", (t) => {
  const { workspace, at } = place(t);
  at.write("train.py", "print(2)\n");
  at.write("new.txt", "new\n");
  ok(workspace, "run", "--", "true");
  const [ref = "", commit = ""] = refsOf(at)[0]?.split(" ") ?? [];
  const run = workspace.run();
  assert.ok(run.endsWith(ref.slice("refs/runstone/runs/".length)));
  const tag = (name: string): string => readFileSync(join(run, "tags", name), "utf8");
  assert.equal(tag("runstone.git.snapshot"), commit);
  assert.equal(tag("runstone.git.snapshot_complete"), "true");
  const json = JSON.parse(readFileSync(join(run, "artifacts/runstone/git.json"), "utf8"));
  assert.deepEqual([json.snapshot.commit, json.snapshot.leftOut], [commit, []]);
  assert.equal(at.git("show", `${commit}:train.py`), "print(2)");
  assert.equal(at.git("show", `${commit}:new.txt`), "new");
  ok(workspace, "start");
  assert.equal(refsOf(at).length, 2);
  ok(workspace, "run", "--no-snapshot", "--", "true");
  ok(workspace, "run", "--no-capture", "snapshot", "--", "true");
  ok(workspace, "config", "set", "capture.snapshot", "false");
  ok(workspace, "run", "--", "true");
  assert.equal(refsOf(at).length, 2);
});

test("limits of the config are heeded, and what is left out is listed", (t) => {
  const { workspace, at } = place(t);
  ok(workspace, "config", "set", "capture.snapshot_max_file_bytes", "100");
  at.write("large.txt", "x".repeat(101));
  ok(workspace, "run", "--", "true");
  const run = workspace.run();
  assert.equal(readFileSync(join(run, "tags/runstone.git.snapshot_complete"), "utf8"), "false");
  const json = JSON.parse(readFileSync(join(run, "artifacts/runstone/git.json"), "utf8"));
  assert.deepEqual(json.snapshot.leftOut, [{ path: "large.txt", reason: "size", size: 101 }]);
});

test("push sends what is new, fetch brings what belongs to runs here, prune removes what is gone", (t) => {
  const { workspace, at } = place(t);
  const bare = join(at.root, "..", `${at.root.split("/").at(-1)}-bare`);
  const remote = new TestRepository(bare);
  t.after(() => remote.remove());
  at.git("init", "-q", "--bare", bare);
  at.git("remote", "add", "origin", bare);
  for (const text of ["2", "3"]) {
    at.write("train.py", `print(${text})\n`);
    ok(workspace, "run", "--", "true");
  }
  const refs = refsOf(at);
  assert.equal(refs.length, 2);
  const names = refs.map((line) => line.split(" ")[0]?.split("/").at(-1) ?? "");
  assert.match(ok(workspace, "snapshots", "push", "origin", names[0] ?? ""), /^1 snapshot sent to origin\n$/);
  assert.match(ok(workspace, "snapshots", "push"), /^1 snapshot sent to origin, 1 known already\n$/);
  assert.deepEqual(refsOf(remote), refs);

  // Another's snapshot under the same name is left as it is, on both sides.
  const [ref = "", commit = ""] = refs[0]?.split(" ") ?? [];
  const foreign = at.git("rev-parse", "HEAD");
  at.git("push", "-q", "origin", `+${foreign}:${ref}`);
  const refused = workspace.runstone(["snapshots", "push"]);
  assert.equal(refused.code, 11, refused.stderr);
  assert.match(refused.stderr, /has another snapshot there/);
  assert.equal(remote.git("rev-parse", ref), foreign);
  at.git("update-ref", "-d", ref);
  at.git("update-ref", "-d", refs[1]?.split(" ")[0] ?? "");
  const fetched = workspace.runstone(["snapshots", "fetch"]);
  assert.equal(fetched.code, 11, "what the run does not name is not taken for its code");
  assert.deepEqual(refsOf(at), refs.slice(1));
  at.git("push", "-q", "origin", `+${commit}:${ref}`);
  ok(workspace, "snapshots", "fetch");
  assert.deepEqual(refsOf(at), refs);

  // Runs of nobody here: brought only with --all, and pruned.
  at.git("push", "-q", "origin", `${foreign}:refs/runstone/runs/${"0".repeat(32)}`);
  ok(workspace, "snapshots", "fetch");
  assert.deepEqual(refsOf(at), refs);
  ok(workspace, "snapshots", "fetch", "--all");
  assert.equal(refsOf(at).length, 3);
  const listed = JSON.parse(ok(workspace, "snapshots", "--json"));
  assert.equal(listed.filter(({ note }: { note: string }) => note === "the run is not here").length, 1);
  const dry = ok(workspace, "snapshots", "prune", "--dry-run");
  assert.match(
    dry,
    /^refs\/runstone\/runs\/0{32}\n1 snapshot of runs that are gone would be removed, 2 kept\n$/,
  );
  assert.equal(refsOf(at).length, 3);
  ok(workspace, "snapshots", "prune");
  assert.deepEqual(refsOf(at), refs);
});

test("a remote that looks like an option is none", (t) => {
  const { workspace, at } = place(t);
  at.git("config", "remote.--upload-pack=touch x/.url", "x");
  const { code } = workspace.runstone(["snapshots", "push", "--", "--upload-pack=touch x/"]);
  assert.notEqual(code, 0);
});
