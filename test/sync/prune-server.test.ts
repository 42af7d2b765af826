/** Artifacts are freed only where the server gives their bytes back, and come back with `fetch`. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { newDirectory } from "../cli/program.js";
import { type MlflowServer, mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";

const skip = await mlflowServerSkip("3");

describe("prune and fetch with MLflow 3", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });

  test("what the server gives back is freed, and comes back by its hash", (t) => {
    const { run, read, artifacts, forgetObjects } = pushed(t, server);
    const before = filesBelow(artifacts);
    assert.ok(before.length >= 3);
    assert.match(read(["prune", "--synced", "--dry-run"]), /^Would free \d+ artifacts of /);
    assert.ok(existsSync(join(artifacts, "plots/a.txt")));
    assert.match(read(["prune", "--synced"]), /^Freed \d+ artifacts of /);
    assert.deepEqual(filesBelow(artifacts), []);
    forgetObjects();
    assert.match(read(["push"]), /^Nothing is new/);
    assert.match(read(["verify"]), /^1 run equal/);
    assert.match(read(["verify", "--fix"]), /^1 run equal/);
    assert.match(read(["prune", "--synced"]), /^Nothing to free/);
    const id = read(["runs", "--ids"]);
    assert.match(read(["fetch", id, "--only", "plots/*.txt"]), /^1 artifact of /);
    assert.deepEqual(filesBelow(artifacts), ["plots/a.txt"]);
    assert.match(read(["fetch", id]), /^\d+ artifacts of /);
    assert.deepEqual(filesBelow(artifacts), before);
    assert.equal(readFileSync(join(artifacts, "plots/a.txt"), "utf8"), "a");
    assert.equal(run(["fsck"]).status, 0);
  });

  test("other bytes of the same size, and what is missing there, stay here", (t) => {
    const { run, read, artifacts, there, forgetObjects } = pushed(t, server);
    writeFileSync(there("plots/a.txt"), "b");
    writeFileSync(there("model.bin"), Buffer.alloc(1_048_577, 1));
    const pruned = run(["prune", "--synced"]);
    assert.equal(pruned.status, 11);
    assert.match(pruned.stderr, /'plots\/a.txt' has other bytes there/);
    assert.match(pruned.stderr, /'model.bin' has other bytes there/);
    assert.deepEqual(filesBelow(artifacts), ["model.bin", "plots/a.txt"]);
    // With sizes only, one who asks for it is believed: but for what is cheap to read back.
    assert.equal(run(["prune", "--synced", "--trust-size"]).status, 11);
    assert.deepEqual(filesBelow(artifacts), ["plots/a.txt"]);
    forgetObjects();
    const back = run(["fetch", read(["runs", "--ids"])]);
    assert.notEqual(back.status, 0);
    assert.match(back.stderr, /model\.bin/);
    assert.ok(!existsSync(join(artifacts, "model.bin")));
  });

  test("a run that is deleted there keeps its artifacts here", async (t) => {
    const { run, artifacts, remoteId } = pushed(t, server);
    const before = filesBelow(artifacts);
    await post(server, "runs/delete", { run_id: remoteId() });
    const pruned = run(["prune", "--synced"]);
    assert.match(pruned.stderr, /the run is deleted there/);
    assert.deepEqual(filesBelow(artifacts), before);
  });
});

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

let count = 0;

function pushed(t: TestContext, server: MlflowServer) {
  const workspace = newDirectory(t);
  const { run, read, directory } = workspace;
  count += 1;
  run(["init"]);
  mkdirSync(join(directory, "plots"));
  writeFileSync(join(directory, "plots/a.txt"), "a");
  writeFileSync(join(directory, "plots/b.bin"), "bb");
  writeFileSync(join(directory, "model.bin"), Buffer.alloc(1_048_577));
  const id = read(["start", "-e", `prune ${count}`]);
  read(["log", "artifact", "plots", "--run", id]);
  read(["log", "artifact", "model.bin", "--run", id]);
  read(["end", id]);
  read(["remote", "add", "lab", server.url]);
  read(["push"]);
  const remoteId = (): string => {
    const lines = run(["verify", "--json"]).stdout.trim().split("\n");
    const last = JSON.parse(lines.at(-1) ?? "") as { runs: readonly { remote_run_id: string }[] };
    return last.runs[0]!.remote_run_id;
  };
  const there = (path: string): string => {
    const found = filesBelow(server.artifactsPath).find((file) =>
      file.endsWith(`${remoteId()}/artifacts/${path}`),
    );
    return join(server.artifactsPath, found ?? "");
  };
  /** Young ones are kept for a while: then nothing would be asked of the server. */
  const forgetObjects = (): void =>
    rmSync(join(directory, ".runstone/objects"), { recursive: true, force: true });
  const store = join(directory, "mlruns");
  const file = filesBelow(store).find((file) => file.includes("/artifacts/"))!;
  return {
    ...workspace,
    artifacts: join(store, file.slice(0, file.indexOf("/artifacts/") + 10)),
    there,
    remoteId,
    forgetObjects,
  };
}

async function post(server: MlflowServer, path: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.text());
}
