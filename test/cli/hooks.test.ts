/** `runstone hooks`: what Git's own commands do once the hooks are there, and what they do to hooks of others. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { GIT_ENV } from "../helpers/git-repository.js";
import { type PlainRun, writePlainRun } from "../helpers/plain-store.js";
import { type GitProject, newGitProject } from "./git-project.js";
import { newDirectory } from "./program.js";

interface Project extends GitProject {
  readonly hooks: string;
  git(...args: string[]): SpawnSyncReturns<string>;
}

const idOf = (start: string): string => start.padEnd(32, "0");
const RUN = `mlruns/0/${idOf("aaaa")}`;

/** A repository with a commit and a workspace with one run of MLflow's own. */
function newProject(t: TestContext, more: readonly PlainRun[] = []): Project {
  const project = newGitProject(t, [{ id: "aaaa", metrics: { loss: [3, 1] }, params: { lr: "1" } }, ...more]);
  const git = (...args: string[]) =>
    spawnSync("git", args, { cwd: project.directory, env: GIT_ENV, encoding: "utf8" });
  return { ...project, git, hooks: join(project.directory, ".git/hooks") };
}

function committed({ git }: Project): readonly string[] {
  return git("show", "--format=", "--name-only", "HEAD").stdout.split("\n").filter(Boolean);
}

/** Names and texts of all hooks but Git's samples. */
function hooksIn(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory).filter((name) => !name.endsWith(".sample"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "latin1")]));
}

describe("hooks that are installed", () => {
  test("are there once, and gone when they are removed", (t) => {
    const { read, hooks } = newProject(t);
    const before = hooksIn(hooks);
    assert.match(read(["hooks", "install"]), /^pre-commit {5}installed$/m);
    const installed = hooksIn(hooks);
    assert.deepEqual(Object.keys(installed), [
      ...["post-checkout", "post-merge", "post-rewrite", "pre-commit", "pre-push"],
    ]);
    assert.match(read(["hooks", "install"]), /^pre-commit {5}there already$/m);
    assert.deepEqual(hooksIn(hooks), installed);
    assert.match(read(["hooks"]), /^pre-push {7}installed$/m);
    read(["hooks", "remove"]);
    assert.deepEqual(hooksIn(hooks), before);
    assert.match(read(["hooks"]), /^pre-push {7}-$/m);
  });

  test("go before a script that is there, which is put back as it was", (t) => {
    const { read, hooks, files, git } = newProject(t);
    const theirs = '#!/usr/bin/env bash\necho "theirs \xe9 $#" >> told.txt\nexec true\n';
    writeFileSync(join(hooks, "post-checkout"), Buffer.from(theirs, "latin1"), { mode: 0o751 });
    read(["hooks", "install"]);
    files.git("add", "-A");
    assert.equal(git("commit", "-qm", "runs").status, 0);
    assert.equal(git("checkout", "-q", "-b", "other").status, 0);
    assert.equal(readFileSync(join(files.root, "told.txt"), "latin1"), "theirs \xe9 3\n");
    read(["hooks", "remove"]);
    assert.equal(readFileSync(join(hooks, "post-checkout"), "latin1"), theirs);
    assert.equal(statSync(join(hooks, "post-checkout")).mode & 0o777, 0o751);
  });

  test("call a program that is no shell script, or a link, with its arguments and standard input", (t) => {
    const { read, hooks, files, git } = newProject(t);
    const program = `#!${process.execPath}\nrequire("fs").writeFileSync("told.json", JSON.stringify([process.argv.slice(2), require("fs").readFileSync(0, "utf8")]));\n`;
    files.write("tools/hook.cjs", program, 0o755);
    symlinkSync("../../tools/hook.cjs", join(hooks, "pre-push"));
    writeFileSync(join(hooks, "pre-commit"), program, { mode: 0o755 });
    const before = hooksIn(hooks);
    read(["hooks", "install"]);
    files.git("add", "-A");
    assert.equal(git("commit", "-qm", "runs").status, 0);
    assert.deepEqual(JSON.parse(readFileSync(join(files.root, "told.json"), "utf8")), [[], ""]);
    const bare = mkdtempSync(join(tmpdir(), "runstone-bare-"));
    t.after(() => rmSync(bare, { recursive: true }));
    files.git("init", "-q", "--bare", bare);
    assert.equal(git("push", "-q", bare, "main").status, 0);
    const [args, input] = JSON.parse(readFileSync(join(files.root, "told.json"), "utf8")) as [
      string[],
      string,
    ];
    assert.deepEqual(args, [bare, bare]);
    assert.match(input, /^refs\/heads\/main /);
    assert.equal(readFileSync(join(files.root, "tools/hook.cjs"), "utf8"), program);
    read(["hooks", "remove"]);
    assert.deepEqual(hooksIn(hooks), before);
  });

  test("leave a hook alone that Git does not run", (t) => {
    const { run, hooks } = newProject(t);
    writeFileSync(join(hooks, "pre-push"), "#!/bin/sh\nexit 1\n", { mode: 0o644 });
    const { status, stdout } = run(["hooks", "install"]);
    assert.equal(status, 11);
    assert.match(stdout, /^pre-push {7}left alone/m);
    assert.equal(readFileSync(join(hooks, "pre-push"), "utf8"), "#!/bin/sh\nexit 1\n");
  });

  test("leave a program alone whose other name is taken", (t) => {
    const { run, hooks } = newProject(t);
    writeFileSync(join(hooks, "pre-push"), "#!/usr/bin/env python3\n", { mode: 0o755 });
    writeFileSync(join(hooks, "pre-push.before-runstone"), "kept");
    const { status, stdout } = run(["hooks", "install"]);
    assert.equal(status, 11);
    assert.match(stdout, /^pre-push {7}left alone: it cannot be called/m);
    assert.equal(readFileSync(join(hooks, "pre-push"), "utf8"), "#!/usr/bin/env python3\n");
    assert.equal(readFileSync(join(hooks, "pre-push.before-runstone"), "utf8"), "kept");
  });

  test("are written where husky looks for them, without a path of this machine", (t) => {
    const { read, files, directory } = newProject(t);
    files.write(".husky/_/pre-commit", '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n', 0o755);
    files.write(".husky/pre-commit", "npm test\n");
    files.git("config", "core.hooksPath", ".husky/_");
    read(["hooks", "install"]);
    const text = readFileSync(join(directory, ".husky/pre-commit"), "utf8");
    assert.match(text, /^# runstone begin\n! command -v runstone .*\n# runstone end\nnpm test\n$/);
    assert.ok(!text.includes(directory) && !text.includes(process.execPath));
    read(["hooks", "remove"]);
    assert.equal(readFileSync(join(directory, ".husky/pre-commit"), "utf8"), "npm test\n");
    assert.deepEqual(readdirSync(join(directory, ".husky")).sort(), ["_", "pre-commit"]);
  });

  test("are refused where they would run in other repositories, too", (t) => {
    const { run, files } = newProject(t);
    const shared = newDirectory(t).directory;
    files.git("config", "core.hooksPath", shared);
    const { status, stderr } = run(["hooks", "install"]);
    assert.notEqual(status, 0);
    assert.match(stderr, /core\.hooksPath leads out of the repository/);
    assert.deepEqual(readdirSync(shared), []);
  });

  test("do nothing when the program is gone", (t) => {
    const { read, hooks, files, git } = newProject(t);
    read(["hooks", "install"]);
    for (const name of readdirSync(hooks)) {
      const path = join(hooks, name);
      const text = readFileSync(path, "utf8");
      if (text.includes("# runstone begin")) writeFileSync(path, text.replaceAll("runstone.js", "gone.js"));
    }
    files.git("add", "-A", "--force");
    const { status, stderr } = git("commit", "-qm", "runs");
    assert.deepEqual([status, stderr], [0, ""]);
  });
});

describe("a commit with the hooks", () => {
  test("takes the runs that it has files of whole and sealed", (t) => {
    const project = newProject(t);
    const { read, files, git, run } = project;
    read(["hooks", "install"]);
    files.git("add", `${RUN}/params/lr`);
    const { status, stderr } = git("commit", "-qm", "param");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /staged \d+ more files of sealed runs/);
    const paths = committed(project);
    for (const path of ["manifest.yaml", "meta.yaml", "metrics/loss", "params/lr"])
      assert.ok(paths.includes(`${RUN}/${path}`), path);
    assert.equal(run(["fsck"]).status, 0);
    assert.equal(git("status", "--porcelain", "--", RUN).stdout, "");
  });

  test("is stopped by a run that has not ended, and by a part of a run", (t) => {
    const { read, files, git } = newProject(t, [{ id: "bbbb", status: 1 }]);
    read(["hooks", "install"]);
    files.git("add", "--force", `mlruns/0/${idOf("bbbb")}`);
    const live = git("commit", "-qm", "live");
    assert.notEqual(live.status, 0);
    assert.match(live.stderr, new RegExp(`run ${idOf("bbbb")}: it has not ended`));
    files.git("reset", "-q");
    files.git("add", `${RUN}/params/lr`);
    const part = git("commit", "-qm", "part", "--", `${RUN}/params/lr`);
    assert.notEqual(part.status, 0);
    assert.match(part.stderr, /Commit runs whole: runstone commit/);
    assert.equal(git("commit", "-qm", "all the same", "--no-verify").status, 0);
  });

  test("is stopped by a secret, unless runstone commit was told that it is none", (t) => {
    const { read, files, git } = newProject(t);
    read(["hooks", "install"]);
    const secret = `ghp_${"a1B2c3D4e5F6".repeat(3)}`;
    files.write(`${RUN}/params/token`, secret);
    files.git("add", "-A");
    const { status, stderr } = git("commit", "-qm", "secret");
    assert.notEqual(status, 0);
    assert.match(stderr, /params\/token: looks like a secret/);
    assert.ok(!stderr.includes(secret));
    assert.match(read(["commit", "--allow", `${RUN}/params/token`]), /^Committed 1 run/);
  });

  test("of code alone costs nothing and says nothing", (t) => {
    const { read, files, git } = newProject(t);
    read(["hooks", "install"]);
    files.stage("train.py", "lr = 2\n");
    const { status, stdout, stderr } = git("commit", "-qm", "code");
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    assert.ok(!existsSync(join(files.root, RUN, "manifest.yaml")));
  });
});

test("a workspace that cannot be opened stops no commit of code", (t) => {
  const { read, files, git } = newProject(t);
  read(["hooks", "install"]);
  files.write(".runstone/config.yaml", "store: [\n");
  files.stage("train.py", "lr = 2\n");
  const { status, stderr } = git("commit", "-qm", "code");
  assert.equal(status, 0);
  assert.match(stderr, /^runstone: this commit was not checked: /m);
});

describe("after Git changed the work tree", () => {
  test("directories that it dropped are there again", (t) => {
    const { read, files, git } = newProject(t);
    mkdirSync(join(files.root, RUN, "artifacts"), { recursive: true });
    writePlainRun(join(files.root, "mlruns"), { id: "cccc" });
    read(["hooks", "install"]);
    files.git("checkout", "-q", "-b", "code");
    files.git("checkout", "-q", "main");
    read(["commit"]);
    assert.equal(git("checkout", "-q", "code").status, 0);
    // As in a new clone: Git leaves directories that were empty, and brings none.
    rmSync(join(files.root, "mlruns"), { recursive: true, force: true });
    const { status, stderr } = git("checkout", "-q", "main");
    assert.equal(status, 0);
    assert.match(stderr, /made \d+ empty directories of runs again/);
    for (const folder of ["metrics", "params", "artifacts"])
      assert.ok(existsSync(join(files.root, "mlruns/0", idOf("cccc"), folder)), folder);
    assert.equal(git("status", "--porcelain").stdout, "");
  });

  test("a merge is sealed anew, and a branch without runs is no error", (t) => {
    const { read, files, git } = newProject(t);
    read(["hooks", "install"]);
    read(["commit"]);
    git("checkout", "-q", "-b", "other");
    read(["tag", idOf("aaaa"), "team=red"]);
    read(["commit"]);
    git("checkout", "-q", "main");
    read(["tag", idOf("aaaa"), "stage=prod"]);
    read(["commit"]);
    const merged = git("merge", "-q", "--no-edit", "other");
    assert.equal(merged.status, 0, merged.stderr);
    assert.match(merged.stderr, /sealed anew after a merge/);
    assert.match(read(["fsck"]), /no damage/);
    files.git("checkout", "-q", "--orphan", "empty");
    files.git("rm", "-rqf", "--cached", ".");
    rmSync(join(files.root, "mlruns"), { recursive: true });
    assert.equal(git("commit", "-q", "--allow-empty", "-m", "none").status, 0);
  });
});

test("before a push one is told of runs that a remote does not have", (t) => {
  const { read, files, git, directory } = newProject(t);
  read(["hooks", "install"]);
  read(["remote", "add", "lab", join(directory, "..", `${directory.split("/").at(-1)}-lab`)]);
  t.after(() => rmSync(`${directory}-lab`, { recursive: true, force: true }));
  const bare = mkdtempSync(join(tmpdir(), "runstone-bare-"));
  t.after(() => rmSync(bare, { recursive: true }));
  files.git("init", "-q", "--bare", bare);
  const first = git("push", "-q", bare, "main");
  assert.equal(first.status, 0);
  assert.match(first.stderr, /1 run is not at lab as here: runstone push lab/);
  read(["push", "lab"]);
  assert.equal(git("push", "-q", bare, "main:again").stderr, "");
});

test("a file in the place of the hook that Git cannot start stays one", (t) => {
  const { run, hooks } = newProject(t);
  writeFileSync(join(hooks, "pre-commit"), "#!/bin/sh\nexit 0\n");
  chmodSync(join(hooks, "pre-commit"), 0o600);
  run(["hooks", "install"]);
  assert.equal(statSync(join(hooks, "pre-commit")).mode & 0o777, 0o600);
});
