/** Snapshots of repositories in every state that users have them in. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type PreparedSnapshot, type Snapshot, takeSnapshot } from "../../core/git/snapshot/index.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

const POSIX = { skip: process.platform === "win32" };

function repository(t: TestContext): TestRepository {
  const made = TestRepository.create();
  t.after(() => made.remove());
  return made;
}

function take(
  { root }: TestRepository,
  more: Partial<Parameters<typeof takeSnapshot>[0]> = {},
): Promise<PreparedSnapshot> {
  return takeSnapshot({ cwd: root, env: GIT_ENV, runId: "run1", ...more });
}

async function taken(...args: Parameters<typeof take>): Promise<Snapshot> {
  const { snapshot, missing } = await take(...args);
  assert.deepEqual(missing, []);
  return snapshot ?? assert.fail("no snapshot");
}

function content(at: TestRepository, commit: string, path: string): string {
  return execFileSync("git", ["cat-file", "blob", `${commit}:${path}`], {
    ...{ cwd: at.root, env: { ...GIT_ENV } },
  }).toString("latin1");
}

/** As `git ls-tree` has it: mode, type and id of a path. */
function entry(at: TestRepository, commit: string, path: string): string {
  return at.git("ls-tree", commit, "--", path).split("\t")[0] ?? "";
}

function countObjects(at: TestRepository): number {
  return Number(/^count: (\d+)/m.exec(at.git("count-objects", "-v"))?.[1]);
}

test("a clean work tree is HEAD's commit, without an object", async (t) => {
  const at = repository(t);
  const head = at.commit("a.txt", "a\n");
  const before = countObjects(at);
  assert.equal((await taken(at)).commit, head);
  assert.equal(countObjects(at), before);
  assert.equal(at.git("rev-parse", "refs/runstone/runs/run1"), head);
});

test("the parent is HEAD, author and committer are the user, and HEAD's files stay", async (t) => {
  const at = repository(t);
  at.commit("dir/kept.txt", "kept\n");
  const head = at.commit("a.txt", "a\n");
  at.write("a.txt", "b\n");
  const { commit } = await taken(at);
  const facts = at.git("log", "-1", "--format=%P|%an <%ae>|%cn <%ce>|%s", commit);
  const ada = "Ada Example <ada@example.org>";
  assert.equal(facts, `${head}|${ada}|${ada}|runstone: code of a run`);
  assert.equal(content(at, commit, "a.txt"), "b\n");
  assert.equal(content(at, commit, "dir/kept.txt"), "kept\n");
});

test("a change that was taken back is HEAD again", async (t) => {
  const at = repository(t);
  const head = at.commit("a.txt", "a\n");
  at.stage("a.txt", "staged\n");
  at.write("a.txt", "a\n");
  assert.equal((await taken(at)).commit, head);
});

test("two runs at once, linked work trees and a detached HEAD", async (t) => {
  const at = repository(t);
  const head = at.commit("a.txt", "a\n");
  at.git("worktree", "add", "-q", "--detach", join(at.root, ".git", "linked"), head);
  const linked = new TestRepository(join(at.root, ".git", "linked"));
  at.write("a.txt", "main\n");
  linked.write("a.txt", "linked\n");
  const [one, two, three] = await Promise.all([
    taken(at, { runId: "one" }),
    taken(at, { runId: "two" }),
    taken(linked, { runId: "three" }),
  ]);
  assert.equal(content(at, one.commit, "a.txt"), "main\n");
  assert.equal(at.git("rev-parse", `${two.commit}^{tree}`), at.git("rev-parse", `${one.commit}^{tree}`));
  assert.equal(content(at, three.commit, "a.txt"), "linked\n");
  assert.equal(
    at.git("for-each-ref", "--format=%(refname:lstrip=3)", "refs/runstone/runs"),
    "one\nthree\ntwo",
  );
});

test("in the middle of a merge with conflicts the files are as they lie there", async (t) => {
  const at = repository(t);
  at.commit("a.txt", "base\n");
  at.git("checkout", "-q", "-b", "other");
  at.commit("a.txt", "theirs\n");
  at.git("checkout", "-q", "main");
  at.commit("a.txt", "ours\n");
  at.tryGit("merge", "other");
  const status = at.git("status", "--porcelain");
  const { commit } = await taken(at);
  assert.equal(content(at, commit, "a.txt"), readFileSync(join(at.root, "a.txt"), "latin1"));
  assert.match(content(at, commit, "a.txt"), /^<<<<<<< /);
  assert.equal(at.git("status", "--porcelain"), status);
});

test("in the middle of a rebase, and in a shallow clone", async (t) => {
  const at = repository(t);
  at.commit("a.txt", "1\n");
  at.commit("a.txt", "2\n");
  at.git("branch", "side", "HEAD~1");
  at.git("checkout", "-q", "side");
  at.commit("a.txt", "3\n");
  at.tryGit("rebase", "main");
  assert.match(content(at, (await taken(at)).commit, "a.txt"), /=======/);
  const shallow = new TestRepository(join(at.root, ".git", "shallow"));
  at.git("clone", "-q", "--depth", "1", `file://${at.root}`, shallow.root);
  shallow.write("a.txt", "changed\n");
  assert.equal(content(shallow, (await taken(shallow)).commit, "a.txt"), "changed\n");
});

test("a partial clone fetches nothing", async (t) => {
  const at = repository(t);
  at.commit("dir/a.txt", "old\n");
  at.commit("dir/a.txt", "a\n");
  at.commit("b.txt", "b\n");
  at.git("config", "uploadpack.allowFilter", "true");
  const partial = new TestRepository(join(at.root, ".git", "partial"));
  at.git("clone", "-q", "--filter=blob:none", `file://${at.root}`, partial.root);
  rmSync(join(at.root, "dir"), { recursive: true });
  const missing = (): string =>
    partial
      .git("rev-list", "--objects", "--missing=print", "main")
      .split("\n")
      .filter((line) => line.startsWith("?"))
      .join(" ");
  const before = missing();
  assert.notEqual(before, "");
  partial.write("dir/a.txt", "token = 'x'\n");
  partial.write("new/c.txt", "new\n");
  const { commit } = await taken(partial);
  assert.equal(content(partial, commit, "dir/a.txt"), "token = 'x'\n");
  assert.equal(missing(), before);
});

test("a sparse checkout keeps what is not checked out", async (t) => {
  const at = repository(t);
  at.commit("in/a.txt", "a\n");
  at.commit("out/b.txt", "b\n");
  at.git("sparse-checkout", "set", "in");
  assert.equal(existsSync(join(at.root, "out/b.txt")), false);
  at.write("in/a.txt", "changed\n");
  const { commit } = await taken(at);
  assert.equal(content(at, commit, "out/b.txt"), "b\n");
  assert.equal(content(at, commit, "in/a.txt"), "changed\n");
});

test("what is staged and not checked out comes from the index", async (t) => {
  const at = repository(t);
  at.commit("a.txt", "a\n");
  at.stage("b.txt", "staged only\n");
  at.git("update-index", "--skip-worktree", "b.txt");
  rmSync(join(at.root, "b.txt"));
  assert.equal(content(at, (await taken(at)).commit, "b.txt"), "staged only\n");
});

test("split index, untracked cache and fsmonitor do not matter", POSIX, async (t) => {
  const at = repository(t);
  at.commit("a.txt", "a\n");
  at.git("update-index", "--split-index", "--untracked-cache");
  const mark = join(at.root, ".git", "asked");
  const monitor = join(at.root, ".git", "monitor.sh");
  writeFileSync(monitor, `#!/bin/sh\ntouch ${mark}\nprintf 'token\\0/\\0'\n`, { mode: 0o755 });
  at.git("config", "core.fsmonitor", monitor);
  at.write("a.txt", "changed\n");
  at.write("b.txt", "new\n");
  const { commit } = await taken(at);
  assert.equal(content(at, commit, "a.txt") + content(at, commit, "b.txt"), "changed\nnew\n");
  assert.equal(existsSync(mark), false);
});

test("line endings are converted as git add does, and come back", async (t) => {
  const at = repository(t);
  at.write(".gitattributes", "*.txt text=auto\n*.sh text eol=lf\n*.bin -text\nmixed.md text\n");
  at.commit("committed-crlf.txt", "old\n");
  at.git("config", "core.autocrlf", "true");
  // This one is in the index with its carriage returns: text=auto leaves it so.
  writeFileSync(join(at.root, ".git", "info", "attributes"), "* -text\n");
  at.commit("kept.txt", "one\r\n");
  rmSync(join(at.root, ".git", "info", "attributes"));
  const files: Readonly<Record<string, string>> = {
    ...{ "a.txt": "a\r\nb\r\n", "b.sh": "a\r\n", "c.bin": "a\r\n", "mixed.md": "a\r\nb\n\r\r\n" },
    ...{ "d.py": "x\r\n", "lone.txt": "a\rb\r\n", "nul.txt": "\0\r\n", "kept.txt": "one\r\ntwo\r\n" },
    ...{ "committed-crlf.txt": "old\r\nnew\r\n", "dir/empty.txt": "" },
  };
  for (const [path, text] of Object.entries(files)) at.write(path, Buffer.from(text, "latin1"));
  const { commit } = await taken(at);
  at.git("add", "-A");
  assert.equal(at.git("rev-parse", `${commit}^{tree}`), at.git("write-tree"));
  const left = execFileSync("find", [join(at.root, ".git/objects"), "-name", "tmp_*"]).toString();
  assert.equal(left, "");
});

test("modes, links, names of bytes, file modes that the file system does not keep", POSIX, async (t) => {
  const at = repository(t);
  at.commit("run.sh", "x\n");
  at.git("update-index", "--chmod=+x", "run.sh");
  at.git("commit", "-q", "-m", "executable");
  at.git("config", "core.fileMode", "false");
  chmodSync(join(at.root, "run.sh"), 0o644);
  at.write("run.sh", "y\n");
  at.write("new.sh", "z\n");
  chmodSync(join(at.root, "new.sh"), 0o755);
  symlinkSync("/etc/passwd", join(at.root, "out"));
  const name = Buffer.concat([Buffer.from(`${at.root}/`), Buffer.from([0x66, 0xff, 0xfe])]);
  writeFileSync(name, "bytes\n");
  const { commit } = await taken(at);
  assert.match(entry(at, commit, "run.sh"), /^100755 /);
  assert.match(entry(at, commit, "new.sh"), /^100644 /);
  assert.match(entry(at, commit, "out"), /^120000 /);
  assert.equal(content(at, commit, "out"), "/etc/passwd");
  at.git("add", "-A");
  assert.equal(at.git("rev-parse", `${commit}^{tree}`), at.git("write-tree"));
});

test("stores and .runstone stay out, those of workspaces further down too", async (t) => {
  const at = repository(t);
  at.commit("a.txt", "a\n");
  at.write("mlruns/0/meta.yaml", "x\n");
  at.write(".runstone/config.yaml", "format: 1\n");
  at.write("below/.runstone/config.yaml", "format: 1\nstore: data/runs\n");
  at.write("below/data/runs/0/meta.yaml", "x\n");
  at.write("below/train.py", "print(1)\n");
  const { commit } = await taken(at, { storePath: join(at.root, "mlruns") });
  assert.equal(at.git("ls-tree", "-r", "--name-only", commit), "a.txt\nbelow/train.py");
});

test("a submodule is the commit checked out; its own changes are listed", async (t) => {
  const at = repository(t);
  const inner = repository(t);
  inner.commit("x.txt", "1\n");
  at.git("submodule", "add", "-q", inner.root, "sub");
  at.git("commit", "-q", "-m", "sub");
  const sub = new TestRepository(join(at.root, "sub"));
  sub.git("config", "user.name", "A");
  sub.git("config", "user.email", "a@b.c");
  const commit = sub.commit("x.txt", "2\n");
  const clean = await taken(at, { runId: "clean" });
  assert.equal(entry(at, clean.commit, "sub"), `160000 commit ${commit}`);
  assert.deepEqual([clean.submodules, clean.complete], [[{ path: "sub", commit }], true]);
  sub.write("x.txt", "3\n");
  const dirty = await taken(at, { runId: "dirty" });
  assert.deepEqual([dirty.complete, dirty.leftOut], [false, [{ path: "sub", reason: "submodule" }]]);
});

test("a repository inside that is no submodule stays out", async (t) => {
  const at = repository(t);
  at.commit("a.txt", "a\n");
  at.git("init", "-q", "inner");
  at.write("inner/x.txt", "x\n");
  new TestRepository(join(at.root, "inner")).git(
    "-c",
    "user.name=a",
    "-c",
    "user.email=b",
    "commit",
    "-q",
    "--allow-empty",
    "-m",
    "x",
  );
  const { leftOut, complete } = await taken(at);
  assert.deepEqual([leftOut, complete], [[{ path: "inner/", reason: "repository" }], false]);
});

test("files of Git LFS are pointers, computed without its filter", POSIX, async (t) => {
  const at = repository(t);
  at.commit(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
  const mark = join(at.root, ".git", "started");
  at.git("config", "filter.lfs.clean", `touch ${mark}; cat`);
  at.git("config", "filter.lfs.process", `touch ${mark}`);
  at.git("config", "filter.lfs.required", "true");
  at.write("model.bin", "weights\n");
  const snapshot = await taken(at);
  const [file] = snapshot.lfs;
  assert.equal(file?.oid, createHash("sha256").update("weights\n").digest("hex"));
  assert.equal(
    content(at, snapshot.commit, "model.bin"),
    `version https://git-lfs.github.com/spec/v1\noid sha256:${file?.oid}\nsize 8\n`,
  );
  assert.deepEqual(snapshot.leftOut, [{ path: "model.bin", reason: "lfs", size: 8 }]);
  assert.equal(existsSync(mark), false);
  const { oid: sha = "" } = file ?? {};
  at.write(`.git/lfs/objects/${sha.slice(0, 2)}/${sha.slice(2, 4)}/${sha}`, "weights\n");
  assert.equal((await taken(at, { runId: "again" })).complete, true);
});

test("other filters: what they might hide stays out, notebooks go in as they ran", POSIX, async (t) => {
  const at = repository(t);
  at.commit(".gitattributes", "*.key.txt filter=git-crypt\n*.ipynb filter=nbstripout\n*.x filter=nowhere\n");
  for (const filter of ["git-crypt", "nbstripout"]) at.git("config", `filter.${filter}.clean`, "false");
  at.write("a.key.txt", "plain\n");
  at.write("n.ipynb", '{"cells": []}\r\n');
  at.write("b.x", "kept\n");
  const { commit, leftOut } = await taken(at);
  assert.deepEqual(leftOut, [{ path: "a.key.txt", reason: "filter", size: 6, rule: "git-crypt" }]);
  assert.equal(at.git("ls-tree", "-r", "--name-only", commit), ".gitattributes\nb.x\nn.ipynb");
});

test("what is over a limit stays out and is listed, and tracked files keep HEAD's version", async (t) => {
  const at = repository(t);
  at.commit("large.txt", "small\n");
  at.write("large.txt", "x".repeat(200));
  for (const name of ["n1", "n2", "n3"]) at.write(`new/${name}`, "y\n");
  const few = await taken(at, { limits: { maxFileBytes: 100, maxFiles: 2 } });
  assert.equal(content(at, few.commit, "large.txt"), "small\n");
  assert.deepEqual(few.leftOut, [
    { path: "large.txt", reason: "size", size: 200 },
    { path: "new/n3", reason: "count", size: 2 },
  ]);
  const little = await taken(at, { runId: "little", limits: { maxBytes: 203 } });
  assert.deepEqual(
    little.leftOut.map(({ path, reason }) => [path, reason]),
    [
      ["new/n2", "total"],
      ["new/n3", "total"],
    ],
  );
});

test("a run that is resumed moves its ref, and the earlier snapshot keeps one", async (t) => {
  const { keepSnapshotOfRun } = await import("../../core/git/snapshot/index.js");
  const at = repository(t);
  at.commit("a.txt", "1\n");
  const first = await taken(at);
  at.write("a.txt", "2\n");
  const second = await taken(at, { runId: "other" });
  const kept = { cwd: at.root, env: GIT_ENV, runId: "run1", commit: second.commit };
  assert.match((await keepSnapshotOfRun(kept))?.reason ?? "", /run1/, "not over another commit");
  assert.equal(at.git("rev-parse", "refs/runstone/runs/run1"), first.commit);
  assert.equal(await keepSnapshotOfRun({ ...kept, resumed: true }), null);
  assert.equal(at.git("rev-parse", "refs/runstone/runs/run1"), second.commit);
  assert.equal(at.git("rev-parse", `refs/runstone/attempts/run1/${first.commit}`), first.commit);
});

test("no repository, no Git, no room for objects: told, not thrown", POSIX, async (t) => {
  const at = repository(t);
  at.commit("a.txt", "a\n");
  at.write("a.txt", "b\n");
  const none = await take(at, { env: { ...GIT_ENV, PATH: "/nonexistent" } });
  assert.deepEqual([none.snapshot, none.missing[0]?.part], [null, "git.snapshot"]);
  const outside = await take(at, { cwd: "/" });
  assert.equal(outside.snapshot, null);
  mkdirSync(join(at.root, ".git", "moved"));
  rmSync(join(at.root, ".git", "objects"), { recursive: true });
  assert.equal((await take(at)).snapshot, null);
});

test("objects grow as with git add and commit of the same files", async (t) => {
  const made = [repository(t), repository(t)];
  const size = (at: TestRepository): number =>
    Number(
      execFileSync("du", ["-sb", join(at.root, ".git", "objects")])
        .toString()
        .split("\t")[0],
    );
  const growth: number[] = [];
  for (const [i, at] of made.entries()) {
    for (let n = 0; n < 40; n += 1) at.write(`d${n % 4}/f${n}.py`, `print(${n})\n`.repeat(200));
    at.git("add", "-A");
    at.git("commit", "-q", "-m", "first");
    const before = size(at);
    for (let n = 0; n < 20; n += 1)
      at.write(
        `d${n % 4}/f${n}.py`,
        Array.from({ length: 400 }, (_, line) => `x${line * n} = ${line}\n`).join(""),
      );
    if (i === 0) await taken(at);
    else {
      at.git("add", "-A");
      at.git("commit", "-q", "-m", "runstone: code of a run");
    }
    growth.push(size(at) - before);
  }
  const [ours = 0, gits = 0] = growth;
  assert.ok(ours <= gits * 1.1 && ours >= gits * 0.9, `${ours} and ${gits} bytes`);
  assert.equal(spawnSync("git", ["fsck", "--strict"], { cwd: made[0]?.root }).status, 0);
});
