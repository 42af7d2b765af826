import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { captureArtifacts, captureBefore, captureDuring, captureTags } from "../../core/capture/index.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

test("a dirty repository: tags in MLflow's names, files, and no secret anywhere", async () => {
  const repository = TestRepository.create();
  const commit = repository.commit("train.py", "x = 1\n");
  repository.git("remote", "add", "origin", "https://me:canary@host.example/r.git");
  repository.write("train.py", "x = 2\npassword = 'canary'\n");
  const argv = ["python3", "train.py", "--api-key", "canary", "--name", "it's"];
  const env = { ...GIT_ENV, SLURM_JOB_ID: "42", HF_TOKEN: "canary" };
  const options = { cwd: repository.root, env, argv };
  const capture = await captureDuring(await captureBefore(options), options);
  const tags = captureTags(capture);
  const artifacts = captureArtifacts(capture);
  repository.remove();

  const expected = {
    "mlflow.source.name": "train.py",
    "mlflow.source.type": "LOCAL",
    "mlflow.source.git.commit": commit,
    "mlflow.source.git.branch": "main",
    "mlflow.source.git.repoURL": "https://host.example/r.git",
    "mlflow.source.git.dirty": "true",
    "runstone.git.author": "Ada Example",
    "runstone.git.email": "ada@example.org",
    "runstone.cwd": repository.root,
    "runstone.command": "python3 train.py --api-key '[redacted:named_value]' --name 'it'\\''s'",
    "runstone.slurm.job_id": "42",
    "runstone.capture.redacted": "named_value: 1",
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(tags[key], value, key);
  assert.ok(tags["mlflow.user"] && tags["runstone.host"]);
  const paths = artifacts.map(({ path }) => path);
  for (const path of ["environment.json", "git.json", "git.patch"])
    assert.ok(paths.includes(`runstone/${path}`));
  for (const { path, text } of artifacts) if (path.endsWith(".json")) JSON.parse(text);
  assert.ok(!JSON.stringify([tags, artifacts, capture]).includes("canary"));
});

test("outside Git, with nothing on PATH: what is missing is a tag", async () => {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), "runstone-plain-")));
  const options = { cwd, env: { PATH: "" }, argv: ["python3", "-m", "train"] };
  const tags = captureTags(await captureDuring(await captureBefore(options), options));
  rmSync(cwd, { recursive: true });
  assert.equal(tags["mlflow.source.name"], "train");
  assert.equal(tags["mlflow.source.git.commit"], undefined);
  assert.equal(
    tags["runstone.capture.missing"],
    "git: not in a Git work tree; packages: the Python interpreter was not found on PATH",
  );
});

test("parts that are switched off leave nothing", async () => {
  const parts = { git: false, patch: false, environment: false, command: false, packages: false, gpu: false };
  const options = { cwd: process.cwd(), env: GIT_ENV, argv: ["x"], parts };
  const capture = await captureDuring(await captureBefore(options), options);
  assert.deepEqual({ ...captureTags(capture) }, {});
  assert.deepEqual(captureArtifacts(capture), []);
});

test("a Node command that runs in this Node has its version", async () => {
  const options = { cwd: tmpdir(), env: { PATH: join(process.execPath, "..") }, argv: ["node", "x.js"] };
  const tags = captureTags(await captureBefore(options));
  assert.equal(tags["runstone.node"], process.versions.node);
  assert.equal(tags["mlflow.source.name"], "x.js");
});
