/** Rules of SPEC.md, section 5.20, with the Git of this system. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { initWorkspace, openFileStore } from "../../core/index.js";
import { temporaryDirectory } from "../helpers/new-store.js";

const hasGit = spawnSync("git", ["--version"]).status === 0;
const skip = hasGit ? false : "no git";
const IDENTITY = ["-c", "user.name=ana", "-c", "user.email=ana@example.org", "-c", "core.autocrlf=true"];

/** A Git work tree that is a workspace, with one run of one point, and a way to call Git there. */
async function scene(t: TestContext) {
  const workspace = temporaryDirectory(t);
  const env = { ...process.env, GIT_CONFIG_GLOBAL: join(workspace, "none"), GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: readonly string[]) =>
    execFileSync("git", [...IDENTITY, ...args], { cwd: workspace, env, encoding: "utf8", stdio: "pipe" });
  git("init", "-q", "-b", "main");
  initWorkspace(workspace);
  const store = openFileStore({ cwd: workspace });
  const { experimentId } = await store.createExperiment({ name: "git" });
  const { info } = await store.createRun({ experimentId, params: { prompt: "one\r\ntwo\n" } });
  const writer = await store.openRun(info.runId);
  writer.logMetrics([{ key: "loss", timestamp: 1, value: 0.5, step: 1 }]);
  return { git, writer, run: join(workspace, "mlruns", experimentId, info.runId) };
}

describe("Git", { skip }, () => {
  test("R-git-1: a live run is not committed, a sealed one is, but for its large artifacts", async (t) => {
    const { git, writer, run } = await scene(t);
    git("add", "-A");
    assert.doesNotMatch(git("ls-files"), /loss/);
    const names = ["large [1] #!.bin", " lead", "tail ", "a\\b*.bin"];
    for (const name of names) writeFileSync(join(run, "artifacts", name), Buffer.alloc(1_048_577));
    mkdirSync(join(run, "artifacts/x"));
    for (const name of ["large 1 #!.bin", "x/large [1] #!.bin"])
      writeFileSync(join(run, "artifacts", name), "");
    await writer.end({ status: "FINISHED" });
    git("add", "-A");
    const artifacts = git("ls-files", "-z", "--", run).split("\0");
    const committed = artifacts.filter((path) => path.includes("/artifacts/"));
    assert.deepEqual(
      committed.map((path) => path.split("/artifacts/")[1]),
      ["large 1 #!.bin", "x/large [1] #!.bin"],
    );
  });

  test("R-git-3: values keep their bytes through Git, points of both sides of a merge are kept", async (t) => {
    const { git, writer, run } = await scene(t);
    await writer.end({ status: "FINISHED" });
    const loss = join(run, "metrics/loss");
    const commit = (message: string) => {
      git("add", "-A");
      git("commit", "-qm", message);
    };
    commit("base");
    git("checkout", "-qb", "side");
    appendFileSync(loss, "2 0.25 2\n");
    commit("side");
    git("checkout", "-q", "main");
    appendFileSync(loss, "3 0.125 3\n");
    commit("main");
    git("merge", "-q", "-m", "both", "side");
    const lines = readFileSync(loss, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    assert.deepEqual(lines.sort(), ["1 0.5 1", "2 0.25 2", "3 0.125 3"]);
    git("rm", "-rq", "--cached", ".");
    git("reset", "-q", "--hard");
    assert.equal(readFileSync(join(run, "params/prompt"), "utf8"), "one\r\ntwo\n");
  });
});
