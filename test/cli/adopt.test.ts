/** `runstone adopt` as it is typed: which store is meant, what is printed, and what Git has afterwards. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readManifest } from "../../core/index.js";
import { runId, writeDamagedStore } from "../helpers/damaged-store.js";
import { fileTree } from "../helpers/file-tree.js";
import { TestRepository } from "../helpers/git-repository.js";
import { writePlainStore } from "../helpers/plain-store.js";
import { newDirectory, type Workspace } from "./program.js";

interface Project extends Workspace {
  readonly files: TestRepository;
}

function newProject(t: TestContext): Project {
  const workspace = newDirectory(t);
  const files = new TestRepository(workspace.directory);
  files.git("init", "-q", "-b", "main");
  files.git("config", "user.name", "Ada Example");
  files.git("config", "user.email", "ada@example.org");
  return { ...workspace, files };
}

interface Report {
  readonly store: string;
  readonly applied: boolean;
  readonly changes: readonly { readonly path: string; readonly what: string; readonly kept: boolean }[];
  readonly left_alone: readonly { readonly path: string; readonly reason: string }[];
  readonly failed: readonly unknown[];
  readonly kept_in: string | null;
}

const jsonOf = ({ read }: Project, ...args: readonly string[]): Report =>
  JSON.parse(read(["adopt", "--json", ...args])) as Report;

describe("adopt", () => {
  test("prints the plan, changes nothing without --apply, then does it once", (t) => {
    const project = newProject(t);
    writeDamagedStore(project.directory);
    const before = fileTree(project.directory);
    const plan = project.run(["adopt"]);
    assert.equal(plan.status, 0);
    assert.match(plan.stdout, /^plan {2}1\/a1\w+\/metrics\/\.gitkeep: taken out of the store \(.*\)$/m);
    assert.match(
      plan.stdout,
      /^left {2}1\/b1\w+\/params\/lr: two values: "0\.1" or "0\.2"\. Say which to keep/m,
    );
    assert.match(plan.stdout, /^\d+ changes planned, \d+ things? left to you\n$/m);
    assert.deepEqual(fileTree(project.directory), before);
    const done = project.run(["adopt", "--apply"]);
    assert.equal(
      done.stdout.replaceAll(/^changed/gm, "plan").replace(/ left to you\n$/, ""),
      plan.stdout.replace(" planned", "").replace(/ left to you\n$/, ""),
    );
    assert.match(done.stderr, /^What was there before is in \.runstone\/adopted\/\w+$/m);
    assert.match(project.read(["adopt", "--apply"]), /^nothing to change, \d+ things? left to you$/m);
    assert.equal(project.run(["runs", "--view", "all"]).status, 0);
  });

  test("takes the directory, the one around it, or --store", (t) => {
    const project = newProject(t);
    const root = writeDamagedStore(join(project.directory, "sub"));
    for (const args of [["sub"], ["sub/mlruns"], ["--store", "sub/mlruns"]])
      assert.ok(jsonOf(project, ...args).store.endsWith("/sub/mlruns"), args.join(" "));
    assert.equal(project.run(["adopt"]).status, 3);
    assert.equal(project.run(["adopt", "sub", "--store", "sub/mlruns"]).status, 2);
    assert.equal(project.run(["adopt", "nowhere"]).status, 3);
    const { applied, kept_in: keptIn, changes } = jsonOf(project, "sub", "--apply", "--take", "theirs");
    assert.equal(applied, true);
    assert.ok(keptIn?.includes("/sub/.runstone/adopted/"));
    for (const { path } of changes.filter(({ kept }) => kept))
      assert.ok(existsSync(join(keptIn ?? "", path)), path);
    assert.equal(readFileSync(join(root, "1", runId("b1"), "params", "lr"), "utf8"), "0.2");
  });

  test("a store inside a store is the inner one only when it is named", (t) => {
    const project = newProject(t);
    const root = writeDamagedStore(project.directory);
    writePlainStore(root, []);
    assert.equal(jsonOf(project, "mlruns").store, jsonOf(project).store);
    assert.ok(jsonOf(project, "mlruns/mlruns").store.endsWith("/mlruns/mlruns"));
    const inside = jsonOf(project).left_alone.find(({ path }) => path === "mlruns");
    assert.match(inside?.reason ?? "", /second store/);
  });
});

describe("in Git", () => {
  const LARGE = Buffer.alloc(3 << 20, "model");
  const id = runId("aaaa");
  const model = `mlruns/0/${id}/artifacts/model dir/model #1.bin`;

  function withLargeArtifact(t: TestContext): Project {
    const project = newProject(t);
    writePlainStore(project.directory, [
      { id: "aaaa", params: { lr: "0.1" }, artifacts: { "small.txt": "x" } },
      { id: "bbbb", status: 1 },
    ]);
    project.files.write(model, LARGE);
    project.files.write(`mlruns/0/${runId("bbbb")}/artifacts/model.bin`, LARGE);
    project.files.git("add", "mlruns");
    project.files.git("commit", "-q", "-m", "runs");
    return project;
  }

  test("large artifacts are named, and leave the index by pointer when that is asked for", (t) => {
    const project = withLargeArtifact(t);
    const named = jsonOf(project).left_alone.map(({ path, reason }) => `${path}: ${reason}`);
    assert.deepEqual(named, [
      `0/${id}: an artifact of 3.0 MiB in Git`,
      `0/${runId("bbbb")}: an artifact of 3.0 MiB in Git`,
    ]);
    const plan = jsonOf(project, "--untrack-large");
    assert.equal(project.files.git("diff", "--cached", "--name-only"), "");
    const done = jsonOf(project, "--untrack-large", "--apply");
    assert.deepEqual(done.changes, plan.changes);
    assert.deepEqual(done.left_alone, plan.left_alone);
    assert.match(done.left_alone[0]?.reason ?? "", /has not ended/);

    assert.equal(project.files.git("diff", "--cached", "--name-status"), `D\t${model}`);
    assert.deepEqual(readFileSync(join(project.directory, model)), LARGE);
    const line = readManifest(join(project.directory, "mlruns", "0", id))?.files.find(({ path }) =>
      path.endsWith("#1.bin"),
    );
    assert.equal(line?.size, LARGE.length);
    assert.deepEqual(jsonOf(project, "--untrack-large", "--apply").changes, []);
  });

  test("what left the index stays out: with git add, with runstone commit, and in a clone it is named", (t) => {
    const project = withLargeArtifact(t);
    project.read(["adopt", "--untrack-large", "--apply"]);
    assert.match(project.read(["commit", "-m", "Runs"]), /^Committed 1 run/);
    assert.equal(project.files.git("diff", "--cached", "--name-status"), `D\t${model}`);
    project.files.git("add", ".");
    project.files.git("commit", "-q", "-m", "without the model");
    assert.equal(project.files.git("ls-files", "--", model), "");
    project.files.git("clone", "-q", ".", "clone");
    const found = project.run(["--store", "clone/mlruns", "fsck", "--json"]);
    const paths = (JSON.parse(found.stdout) as { damages: { kind: string; path: string }[] }).damages
      .filter(({ kind }) => kind !== "run_lacks_a_required_directory")
      .map(({ path }) => path);
    assert.deepEqual(paths, [model.slice("mlruns/".length)]);
  });

  test("records that a rule keeps out of Git are named", (t) => {
    const project = newProject(t);
    project.files.write(".gitignore", "build\n*.log\n");
    writePlainStore(project.directory, [
      { id: "aaaa", params: { build: "release", lr: "1" }, artifacts: { "train.log": "x" } },
      { id: "bbbb", params: { lr: "1" } },
    ]);
    const { left_alone: left } = jsonOf(project);
    assert.deepEqual(
      left.map(({ path, reason }) => `${path}: ${reason}`),
      [`0/${id}: an ignore rule keeps a part of its record out of Git: params/build`],
    );
    writeFileSync(join(project.directory, ".gitignore"), "mlruns\n");
    assert.deepEqual(jsonOf(project).left_alone, []);
  });

  test("in a clone with converted line ends: points are mended, values are named, and Git converts no more", (t) => {
    const origin = newProject(t);
    writePlainStore(origin.directory, [
      { id: "aaaa", params: { prompt: "one\ntwo\n", lr: "0.1" }, metrics: { loss: [2, 1] } },
    ]);
    origin.files.git("add", "mlruns");
    origin.files.git("commit", "-q", "-m", "runs");
    origin.files.git("-c", "core.autocrlf=true", "clone", "-q", "-c", "core.autocrlf=true", ".", "clone");
    const clone = newProject(t);
    cpSync(join(origin.directory, "clone"), clone.directory, { recursive: true, preserveTimestamps: true });
    const run = join(clone.directory, "mlruns", "0", id);
    assert.match(readFileSync(join(run, "meta.yaml"), "latin1"), /\r\n/);
    const { changes, left_alone: left } = jsonOf(clone, "--apply");
    const text = (name: string): string => readFileSync(join(run, name), "latin1");
    assert.doesNotMatch(text("meta.yaml") + text("metrics/loss"), /\r/);
    assert.ok(changes.some(({ path }) => path === `0/${id}/metrics/loss`));
    assert.deepEqual(
      left.map(({ path, reason }) => `${path}: ${reason}`),
      [`0/${id}: values have CR LF here and LF in Git: params/prompt`],
    );
    rmSync(join(run, "params", "prompt"));
    clone.files.git("checkout", "--", `mlruns/0/${id}/params/prompt`);
    assert.equal(text("params/prompt"), "one\ntwo\n");
    assert.deepEqual(jsonOf(clone, "--apply").left_alone, []);
  });

  test("without Git", (t) => {
    const workspace = newDirectory(t);
    writeDamagedStore(workspace.directory);
    assert.equal(workspace.run(["adopt", "--apply"]).status, 0);
    assert.match(
      readFileSync(join(workspace.directory, "mlruns", "1", "meta.yaml"), "utf8"),
      /^artifact_location: file:\/\/\/.*\/mlruns\/1$/m,
    );
    assert.equal(workspace.run(["adopt", "--untrack-large"]).status, 3);
  });
});
