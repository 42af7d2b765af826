/** The commands push, status and verify with a real MLflow server, as people use them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { BINARY, newDirectory, type Workspace } from "../cli/program.js";
import { type MlflowServer, mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";

const skip = await mlflowServerSkip("3");

describe("push, status and verify with MLflow 3", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });

  test("what is new goes, once; the second time nothing is new", (t) => {
    const { run, read } = workspaceWithRuns(t, server, 2);
    assert.match(read(["status"]), /^lab +0 +2 +0 +0 +0 +-$/m);
    assert.match(
      read(["push", "--dry-run"]),
      /Would push 2 runs to lab: 2 params, 6 points, 6 artifacts of .*$/,
    );
    assert.match(read(["push"]), /^2 runs pushed to lab \(2 params, 6 points, 6 artifacts of .*\) in /);
    assert.match(read(["push"]), /^Nothing is new for lab, 2 unchanged/);
    assert.match(read(["push", "--dry-run"]), /^Nothing to push to lab$/);
    assert.match(read(["status"]), /^lab +2 +0 +0 +0 +0 +/m);
    const verified = run(["verify", "--json"]);
    assert.equal(verified.status, 0, verified.stderr);
    const report = lastLine(verified.stdout);
    assert.deepEqual(
      [report["event"], report["complete"], (report["counts"] as { done: number }).done],
      ["report", true, 2],
    );
  });

  test("--dry-run counts what is known where the server does not answer, and says so", (t) => {
    const { run, read } = workspaceWithRuns(t, server, 1);
    read(["remote", "add", "away", "http://127.0.0.1:9"]);
    const { status, stdout, stderr } = run(["push", "away", "--dry-run"]);
    assert.equal(status, 0);
    assert.match(stdout, /Would push 1 run to away: 1 param, 3 points, 3 artifacts of .*$/m);
    assert.match(stderr, /; what was known of away before is counted$/m);
  });

  test("where nobody answers, the runs that failed for it are told in one line", (t) => {
    const { run, read } = workspaceWithRuns(t, server, 3);
    read(["remote", "add", "away", "http://127.0.0.1:9"]);
    const { status, stderr } = run(["push", "away"]);
    assert.equal(status, 10);
    assert.equal(stderr.match(/failed: .*nobody listens there/g)?.length, 1, stderr);
    assert.match(stderr, /^runstone: [0-9a-f]{8} .*, [0-9a-f]{8} .*, [0-9a-f]{8} .* failed: /m);
  });

  test("a run that goes on costs its new points only", (t) => {
    const { run, read, directory } = workspaceWithRuns(t, server, 1);
    read(["push"]);
    const id = read(["runs", "--ids"]);
    read(["log", "metric", "loss=0.1", "--step", "9", "--run", id]);
    assert.match(read(["push", "--dry-run"]), /Would push 1 run to lab: 0 params, 1 point, 0 artifacts/);
    const { moved } = lastLine(run(["push", "--json"]).stdout) as unknown as { moved: { points: number } };
    assert.equal(moved.points, 1);
    assert.equal(readdirSync(join(directory, ".runstone/remotes/lab/receipts")).length, 1);
  });

  test("verify names what is missing there, exit code 11; --fix sends it", (t) => {
    const { run, read } = workspaceWithRuns(t, server, 1);
    read(["push"]);
    const { runs } = lastLine(run(["verify", "--json"]).stdout) as {
      runs?: readonly { remote_run_id: string }[];
    };
    const there = artifactThere(server, runs![0]!.remote_run_id);
    rmSync(there);
    const broken = run(["verify"]);
    assert.equal(broken.status, 11);
    assert.match(broken.stderr, /artifact 'out.txt' is missing/);
    assert.match(read(["verify", "--fix"]), /^1 run equal at lab/);
    assert.equal(readFileSync(there, "utf8"), "hello");
    writeFileSync(there, "other");
    assert.match(run(["verify"]).stderr, /artifact 'out.txt' has other bytes/);
    for (const args of [["verify", "--fix"], ["push"]]) {
      const told = run(args);
      assert.deepEqual([told.status, readFileSync(there, "utf8")], [11, "other"]);
      assert.match(told.stderr, /artifact 'out.txt' is \w{64} here and \w{64} there/);
    }
    read(["resolve", read(["runs", "--ids"]), "--ours"]);
    assert.equal(readFileSync(there, "utf8"), "hello");
    assert.match(read(["verify", "--hash"]), /^1 run equal at lab/);
  });

  test("what the server refuses is told alike by all: push, a second one, --dry-run, status, verify, --fix", (t) => {
    const { run, read, directory } = workspaceWithRuns(t, server, 1);
    writeFileSync(join(directory, "#1.txt"), "one");
    read(["log", "artifact", "#1.txt", "--run", read(["runs", "--ids"])]);
    const pushed = run(["push"]);
    assert.equal(pushed.status, 11);
    assert.match(pushed.stdout, /^1 run pushed to lab \(.*\), 1 with exceptions in /);
    assert.match(
      pushed.stderr,
      /^runstone: \w+ \(r0\): The artifact '#1\.txt' is not there: .*Invalid path\.$/m,
    );
    const again = run(["push"]);
    assert.equal(again.status, 11);
    assert.match(again.stdout, /^Nothing is new for lab, 1 unchanged, 1 with exceptions in /);
    assert.match(again.stderr, /^runstone: 1 run is synced with exceptions: /);
    const dry = run(["push", "--dry-run"]);
    assert.deepEqual([dry.status, dry.stdout], [11, "Nothing to push to lab, 1 with exceptions\n"]);
    assert.match(read(["status"]), /^lab +1 +0 +0 +0 +0 (?:.*\n)*? {2}with exceptions {2}\w{8} {2}r0$/m);
    for (const args of [["verify"], ["verify", "--fix"], ["verify", "--hash"]]) {
      const verified = run(args);
      assert.equal(verified.status, 11);
      assert.match(verified.stdout, /^1 run equal at lab.*, 1 with exceptions in /);
      assert.match(verified.stderr, /: The artifact '#1\.txt' is not there: /);
    }
    assert.equal(run(["push", "--no-artifacts"]).status, 0);
    assert.equal((lastLine(run(["push", "--json"]).stdout)["excepted"] as readonly string[]).length, 1);
  });

  test("a tag that both sides changed is a conflict that is named; the rest of the run goes on", async (t) => {
    const { run, read } = workspaceWithRuns(t, server, 1);
    const id = read(["runs", "--ids"]);
    read(["tag", id, "team=a"]);
    read(["push"]);
    const remoteId = remoteRunId(run(["verify", "--json"]).stdout);
    await post(server, "runs/set-tag", { run_id: remoteId, key: "team", value: "theirs" });
    read(["tag", id, "team=mine", "other=new"]);
    const pushed = run(["push"]);
    assert.equal(pushed.status, 11);
    assert.match(pushed.stderr, /tag 'team' is mine here and theirs there/);
    assert.match(pushed.stderr, /`runstone resolve` lists what is in conflict and settles it$/m);
    assert.match(read(["status"]), /^ {2}conflict /m);
    const { tags } = await runThere(server, remoteId);
    assert.deepEqual([tags["team"], tags["other"]], ["theirs", "new"]);
  });

  test("a deleted run is left out, and deleted there on request", async (t) => {
    const { run, read } = workspaceWithRuns(t, server, 1);
    const id = read(["runs", "--ids"]);
    read(["push"]);
    const remoteId = remoteRunId(run(["verify", "--json"]).stdout);
    read(["delete", id]);
    assert.match(run(["push"]).stderr, /was left out: it is deleted here/);
    assert.equal((await runThere(server, remoteId)).lifecycleStage, "active");
    read(["push", "--include-deleted"]);
    assert.equal((await runThere(server, remoteId)).lifecycleStage, "deleted");
    read(["restore", id]);
    read(["push"]);
    assert.equal((await runThere(server, remoteId)).lifecycleStage, "active");
  });

  test("Ctrl-C stops in order: what is missing is told, and a repeat goes on", async (t) => {
    const { directory, read } = workspaceWithRuns(t, server, 3);
    const child = startPush(directory, ["--limit-rate", "500", "--jobs", "1", "--json"]);
    child.stdout.on("data", (chunk) => {
      if (String(chunk).includes('"event":"moved"')) child.kill("SIGINT");
    });
    const [status] = (await once(child, "close")) as [number | null];
    assert.equal(status, 11);
    assert.match(read(["push"]), / pushed to lab/);
    assert.match(read(["verify"]), /^3 runs equal at lab/);
  });

  test("--watch goes on until the run has ended", async (t) => {
    const { directory, read, run } = workspaceWithRuns(t, server, 0);
    const id = read(["start", "--name", "live"]);
    const watch = startPush(directory, ["--watch", "--json"]);
    const closed = once(watch, "close");
    let said = "";
    let step = 0;
    for await (const chunk of watch.stdout) {
      said += String(chunk);
      if (!/"event":"end"[^\n]*"running"/.test(said) || step === 3) continue;
      said = "";
      step += 1;
      read(["log", "metric", `loss=0.${step}`, "--step", `${step}`, "--run", id]);
      if (step === 3) read(["end", "--run", id]);
    }
    const [status] = (await closed) as [number | null];
    assert.equal(status, 0);
    assert.match(read(["push"]), /^Nothing is new/);
    const remoteId = remoteRunId(run(["verify", "--json"]).stdout);
    const { steps, status: state } = await lossThere(server, remoteId);
    assert.deepEqual([steps, state], [[1, 2, 3], "FINISHED"]);
  });
});

/** A workspace with a remote `lab` and some runs of an experiment that no other test has. */
function workspaceWithRuns(t: TestContext, server: MlflowServer, runs: number): Workspace {
  const workspace = newDirectory(t);
  workspace.read(["init"]);
  workspace.read(["remote", "add", "lab", server.url, `--prefix=${t.name}: `]);
  const script = "printf hello > out.txt; for i in 1 2 3; do echo ::runstone metric loss=0.$i step=$i; done";
  for (let index = 0; index < runs; index += 1)
    workspace.read([
      ...["run", "--name", `r${index}`, "--", "sh", "-c"],
      `${script}; echo ::runstone param lr=0.1; echo ::runstone artifact out.txt`,
    ]);
  return workspace;
}

function startPush(directory: string, args: readonly string[]) {
  const env = { PATH: process.env["PATH"], HOME: directory };
  return spawn(process.execPath, [BINARY, "push", ...args], {
    cwd: directory,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

type Report = Readonly<Record<string, unknown>>;

function lastLine(stdout: string): Report {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Report;
}

function remoteRunId(stdout: string): string {
  const { runs } = lastLine(stdout) as { runs?: readonly { remote_run_id: string }[] };
  return runs![0]!.remote_run_id;
}

function artifactThere(server: MlflowServer, remoteId: string): string {
  for (const experiment of readdirSync(server.artifactsPath)) {
    const path = join(server.artifactsPath, experiment, remoteId, "artifacts");
    if (readdirSync(join(server.artifactsPath, experiment)).includes(remoteId)) return join(path, "out.txt");
  }
  throw new Error(`no artifacts of ${remoteId}`);
}

/** The server closes connections that nobody used for a while: such a one is asked again. */
async function asked(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    return fetch(url, init);
  }
}

async function post(server: MlflowServer, path: string, body: object): Promise<void> {
  const answer = await asked(`${server.url}/api/2.0/mlflow/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.text());
}

interface RemoteRun {
  readonly lifecycleStage: string;
  readonly status: string;
  readonly tags: Readonly<Record<string, string>>;
}

async function runThere(server: MlflowServer, remoteId: string): Promise<RemoteRun> {
  const answer = await asked(`${server.url}/api/2.0/mlflow/runs/get?run_id=${remoteId}`);
  const { run } = (await answer.json()) as {
    run: {
      info: { lifecycle_stage: string; status: string };
      data: { tags: readonly { key: string; value: string }[] };
    };
  };
  const tags = Object.fromEntries(run.data.tags.map(({ key, value }) => [key, value]));
  return { lifecycleStage: run.info.lifecycle_stage, status: run.info.status, tags };
}

async function lossThere(
  server: MlflowServer,
  remoteId: string,
): Promise<{ readonly steps: readonly number[]; readonly status: string }> {
  const path = `metrics/get-history?run_id=${remoteId}&metric_key=loss`;
  const answer = await asked(`${server.url}/api/2.0/mlflow/${path}`);
  const { metrics } = (await answer.json()) as { metrics: readonly { step: number }[] };
  const { status } = await runThere(server, remoteId);
  return { steps: metrics.map(({ step }) => step).sort(), status };
}
