/** `runstone commit`: what of the runs gets into Git, and what must not. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type PlainRun, writePlainRun, writePlainStore } from "../helpers/plain-store.js";
import { type GitProject, newGitProject } from "./git-project.js";
import { newDirectory } from "./program.js";

interface Project extends GitProject {
  /** Paths that the last commit changed. */
  committed(): readonly string[];
}

const idOf = (start: string): string => start.padEnd(32, "0");
const WHO = { GIT_AUTHOR_NAME: "Ada", GIT_AUTHOR_EMAIL: "a@example.org", GIT_COMMITTER_NAME: "Ada" } as const;

/** A workspace with one commit of code and two runs of MLflow's own. */
function newProject(t: TestContext, more: readonly PlainRun[] = []): Project {
  const project = newGitProject(t, [
    { id: "aaaa", name: "first", metrics: { loss: [3, 1] }, params: { lr: "0.1" } },
    { id: "bbbb", name: "second", metrics: { loss: [3, 2] }, artifacts: { "out.txt": "text" } },
    ...more,
  ]);
  const committed = (): readonly string[] =>
    project.files.git("show", "--format=", "--name-only", "HEAD").split("\n").filter(Boolean);
  return { ...project, committed };
}

describe("a commit of runs", () => {
  test("seals and commits what ended; the index of the user stays as it is", (t) => {
    const project = newProject(t, [{ id: "cccc", status: 1 }]);
    project.files.stage("train.py", "lr = 2\n");
    const { stdout } = project.run(["commit"], { env: WHO });
    assert.match(stdout, /^Committed 2 runs in \d+ files as [0-9a-f]{7}: 2 runs of Default$/m);
    const paths = project.committed();
    for (const path of [
      "mlruns/0/meta.yaml",
      `mlruns/0/${idOf("aaaa")}/manifest.yaml`,
      `mlruns/0/${idOf("aaaa")}/params/lr`,
      `mlruns/0/${idOf("bbbb")}/artifacts/out.txt`,
      "mlruns/.gitattributes",
      ".runstone/config.yaml",
    ])
      assert.ok(paths.includes(path), path);
    assert.deepEqual(
      paths.filter(
        (path) => path.includes("cccc") || path === "train.py" || path.includes(".runstone/index"),
      ),
      [],
    );
    assert.equal(project.files.git("diff", "--cached", "--name-only"), "train.py");
    const message = project.files.git("log", "-1", "--format=%B");
    assert.match(
      message,
      /^2 runs of Default\n\n- first \(aaaa0000\): loss=1\n- second \(bbbb0000\): loss=2\n/,
    );
    assert.equal(
      project.files.git("log", "-1", "--format=%(trailers:key=Runstone-Run,valueonly,separator=%x2C)"),
      `${idOf("aaaa")},${idOf("bbbb")}`,
    );
    assert.match(project.read(["commit"], { env: WHO }), /^Nothing to commit/);
    assert.equal(project.run(["fsck"]).status, 0);
  });

  test("chosen runs, in one's own words, together with what is staged; then another one amended", (t) => {
    const project = newProject(t);
    project.files.stage("train.py", "lr = 2\n");
    project.read(["commit", "second", "-m", "Better", "--with-staged"], { env: WHO });
    const paths = project.committed();
    assert.ok(paths.includes("train.py"));
    assert.deepEqual(
      paths.filter((path) => path.includes("aaaa")),
      [],
    );
    project.read(["commit", "first", "--amend"], { env: WHO });
    assert.equal(
      project.files.git("log", "-1", "--format=%B"),
      `Better\n\nRunstone-Run: ${idOf("bbbb")}\nRunstone-Run: ${idOf("aaaa")}`,
    );
    assert.equal(project.files.git("rev-list", "--count", "HEAD"), "2");
  });

  test("records that an ignore rule names go in; artifacts follow the rules", (t) => {
    const project = newProject(t);
    project.files.write(".gitignore", "build\n*.log\n");
    writePlainRun(project.root, {
      id: "dddd",
      params: { build: "release" },
      tags: { "a.log": "yes" },
      artifacts: { "train.log": "lines", "kept.txt": "x" },
    });
    project.read(["commit", "dddd"], { env: WHO });
    const below = project.committed().filter((path) => path.includes(idOf("dddd")));
    const names = below.map((path) => path.slice(`mlruns/0/${idOf("dddd")}/`.length));
    assert.ok(
      names.includes("params/build") && names.includes("tags/a.log") && names.includes("artifacts/kept.txt"),
    );
    assert.equal(names.includes("artifacts/train.log"), false);
  });

  test("a dry run changes nothing", (t) => {
    const project = newProject(t);
    assert.match(
      project.read(["commit", "--dry-run"]),
      /^Would commit 2 runs in \d+ files:\n {2}2 runs of Default/,
    );
    assert.equal(existsSync(join(project.root, "0", idOf("aaaa"), "manifest.yaml")), false);
    assert.equal(project.files.git("rev-list", "--count", "HEAD"), "1");
  });

  test("the user's hooks decide", (t) => {
    const project = newProject(t);
    project.files.write(".git/hooks/pre-commit", "#!/bin/sh\necho no runs today >&2; exit 1\n", 0o755);
    const { status, stderr } = project.run(["commit"], { env: WHO });
    assert.equal(status, 1);
    assert.match(stderr, /no runs today/);
    assert.equal(project.files.git("rev-list", "--count", "HEAD"), "1");
  });
});

describe("what must not be committed", () => {
  const token = ["ghp", "0123456789abcdefghijABCDEFGHIJ012345"].join("_");

  test("secrets and large files are listed and nothing is committed; --allow lets one through", (t) => {
    const project = newProject(t, [
      { id: "dddd", tags: { note: `use ${token}` }, artifacts: { ".env": "A=b\n" } },
      { id: "eeee", params: { url: "x" } },
    ]);
    const { status, stderr } = project.run(["commit"], { env: WHO });
    assert.equal(status, 4);
    assert.match(stderr, /2 files must not be: .*\.env \(its name.*tags\/note \(looks like a secret/);
    assert.doesNotMatch(stderr, new RegExp(token));
    assert.equal(project.files.git("rev-list", "--count", "HEAD"), "1");
    assert.equal(project.files.git("diff", "--cached", "--name-only"), "");
    const tag = `mlruns/0/${idOf("dddd")}/tags/note`;
    const env = `mlruns/0/${idOf("dddd")}/artifacts/.env`;
    project.read(["commit", "--allow", tag, "--allow", env], { env: WHO });
    assert.ok(project.committed().includes(tag));
  });

  test("an artifact that Git must not hold stays out by the seal's .gitignore", (t) => {
    const project = newProject(t, [{ id: "dddd", artifacts: { "big.bin": "x".repeat(1_100_000) } }]);
    project.read(["commit", "dddd"], { env: WHO });
    const below = project.committed().filter((path) => path.includes(idOf("dddd")));
    assert.equal(
      below.some((path) => path.endsWith("big.bin")),
      false,
    );
    assert.ok(below.some((path) => path.endsWith(".gitignore")));
    const manifest = readFileSync(join(project.root, "0", idOf("dddd"), "manifest.yaml"), "utf8");
    assert.match(manifest, /big\.bin/);
  });

  test("runs that go on, and stores elsewhere", (t) => {
    const project = newProject(t, [{ id: "cccc", name: "going", status: 1 }]);
    const going = project.run(["commit", "going"], { env: WHO });
    assert.match(going.stderr, /cccc000 \(going\) was left out: it has not ended/);
    const other = newDirectory(t);
    writePlainStore(other.directory, [{ id: "aaaa" }]);
    const outside = project.run(["commit", "--store", join(other.directory, "mlruns")], { env: WHO });
    assert.equal(outside.status, 4);
    assert.match(outside.stderr, /is not in the work tree/);
  });

  test("what is being built is no run yet", (t) => {
    const project = newProject(t);
    const site = join(project.root, ".runstone-new.trash", "x");
    mkdirSync(site, { recursive: true });
    writeFileSync(join(site, "meta.yaml"), "half");
    project.read(["commit"], { env: WHO });
    assert.deepEqual(
      project.committed().filter((path) => path.includes("trash")),
      [],
    );
  });
});
