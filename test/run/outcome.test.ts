import assert from "node:assert/strict";
import { chmodSync, readdirSync, rmSync } from "node:fs";
import { describe, test } from "node:test";
import { MAIN, metaOf, pointsOf, readText, statusOf, textIfThere, until, Workspace } from "./runstone.js";

describe("the end of a run", () => {
  test("keeps the exit code and says it with the status", (t) => {
    const cases = [
      ["exit 0", 0, "FINISHED"],
      ["exit 3", 3, "FAILED"],
      ["kill -TERM $$", 143, "KILLED"],
      ["kill -KILL $$", 137, "KILLED"],
    ] as const;
    for (const [script, code, status] of cases) {
      const workspace = new Workspace(t);
      const done = workspace.runScript(script);
      assert.equal(done.code, code, done.stderr);
      assert.equal(statusOf(workspace.run()), status);
      assert.ok(Number(metaOf(workspace.run(), "end_time")) >= Number(metaOf(workspace.run(), "start_time")));
      assert.match(done.stderr, new RegExp(`^runstone: run \\S+ ${status}.*$`, "m"));
      assert.equal(textIfThere(workspace.run(), "lease.yaml"), null);
      assert.ok(textIfThere(workspace.run(), "manifest.yaml"));
      assert.deepEqual(
        readdirSync(workspace.spools).flatMap((home) => readdirSync(`${workspace.spools}/${home}`)),
        [],
      );
    }
  });

  test("a command that is not there leaves no run", (t) => {
    const workspace = new Workspace(t);
    const done = workspace.runstone(["run", "--", "no-such-command-anywhere"]);
    assert.equal(done.code, 127);
    assert.match(done.stderr, /command not found/);
    const path = workspace.write("plain.txt", "x");
    chmodSync(path, 0o644);
    assert.equal(workspace.runstone(["run", "--", "./plain.txt"]).code, 126);
    assert.deepEqual(workspace.runs(), []);
  });

  test("arguments reach the child as they are, whatever they look like", (t) => {
    const workspace = new Workspace(t);
    const odd = ["--lr", "0.10", "--id", "0x1f", "1e-5", "", "a b", "$HOME", "--", "'q'", "*", "é", "--json"];
    const script = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
    const done = workspace.runstone(["run", "--", process.execPath, "-e", script, "--", ...odd]);
    assert.deepEqual(JSON.parse(done.stdout), odd);
  });

  test("standard input is the child's", (t) => {
    const workspace = new Workspace(t);
    const done = workspace.runScript("cat", [], { input: "from\nafar" });
    assert.equal(done.stdout, "from\nafar");
  });
});

describe("what a child says", () => {
  test("lines of both streams become points, params, tags and artifacts", (t) => {
    const workspace = new Workspace(t);
    workspace.write("roc.txt", "curve");
    const script = `
      echo '::runstone metric loss=0.5 val/acc=0.25 step=7 timestamp=1700000000000'
      echo '::runstone metric loss=0.25' >&2
      printf '\\r 50%%\\r  ::runstone param name="two words"\\n'
      echo '::runstone tag team=a'
      echo '::runstone artifact roc.txt as plots'
      printf '::runstone param last=yes'`;
    const done = workspace.runScript(script);
    assert.equal(done.code, 0);
    const run = workspace.run();
    assert.equal(readText(run, "metrics", "val", "acc"), "1700000000000 0.25 7\n");
    assert.deepEqual(new Set(pointsOf(run, "loss").map(([value]) => value)), new Set([0.5, 0.25]));
    assert.equal(readText(run, "params", "name"), "two words");
    assert.equal(readText(run, "params", "last"), "yes");
    assert.equal(readText(run, "tags", "team"), "a");
    assert.equal(readText(run, "artifacts", "plots", "roc.txt"), "curve");
    assert.ok(done.stdout.includes("::runstone tag team=a"), "the terminal has every line");
  });

  test("points without a step are counted", (t) => {
    const workspace = new Workspace(t);
    workspace.runScript(
      "for i in 1 2 3; do echo \"::runstone metric loss=$i\"; done; echo '::runstone metric loss=9 step=20'; echo '::runstone metric loss=10'",
    );
    assert.deepEqual(pointsOf(workspace.run(), "loss"), [
      [1, 0],
      [2, 1],
      [3, 2],
      [9, 20],
      [10, 21],
    ]);
  });

  test("--capture takes points from what is printed anyway", (t) => {
    const workspace = new Workspace(t);
    const script = "echo 'epoch 3: loss 0.5, acc 90%'; echo 'epoch 4: loss nan, acc 91%'; echo '[5] f1=0.7'";
    const captures = [
      "--capture",
      "epoch %(step)d: loss %f, acc %(val/acc)f%%",
      "--capture",
      String.raw`\[(?<step>\d+)\] f1=(?<f1>\S+)`,
    ];
    const done = workspace.runScript(script, captures);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(pointsOf(workspace.run(), "val/acc"), [
      [90, 3],
      [91, 4],
    ]);
    assert.deepEqual(pointsOf(workspace.run(), "f1"), [[0.7, 5]]);
    assert.match(readText(workspace.run(), "metrics", "loss"), /nan 4\n$/);
  });

  test("bad lines and conflicts are told at the end and cost nothing else", (t) => {
    const workspace = new Workspace(t);
    const script = `
      echo '::runstone metric loss=abc'
      echo '::runstone metric good=1 ../evil=2'
      echo '::runstone param lr=1'
      echo '::runstone param lr=2'
      echo '::runstone artifact no-such-file'
      echo '::runstone artifact /etc/passwd'
      echo '::runstone artifact mlruns/../../../../etc/hostname'
      echo '::runstone metric good=3'`;
    const done = workspace.runScript(script);
    assert.equal(done.code, 0);
    assert.deepEqual(
      pointsOf(workspace.run(), "good").map(([value]) => value),
      [1, 3],
    );
    assert.equal(readText(workspace.run(), "params", "lr"), "1");
    assert.match(done.stderr, /runstone: stdout, byte 0: the value of "loss" is no number/);
    assert.match(done.stderr, /runstone: and \d+ more problems?/);
    assert.equal(textIfThere(workspace.run(), "artifacts", "passwd"), null);
  });

  test("options become records", (t) => {
    const workspace = new Workspace(t);
    const args = ["-e", "wine", "--name", "first", "--param", "lr=0.10", "--tag", "team=a", "--note", "why"];
    workspace.write("old.txt", "old");
    const done = workspace.runScript("mkdir -p out; echo new > out/new.txt", [
      ...args,
      "--artifacts",
      "**/*.txt",
    ]);
    assert.equal(done.code, 0, done.stderr);
    const run = workspace.run();
    assert.equal(readText(run, "params", "lr"), "0.10");
    assert.equal(readText(run, "tags", "team"), "a");
    assert.equal(readText(run, "tags", "mlflow.runName"), "first");
    assert.equal(readText(run, "tags", "mlflow.note.content"), "why");
    assert.equal(readText(run, "artifacts", "out", "new.txt"), "new\n");
    assert.equal(textIfThere(run, "artifacts", "old.txt"), null);
    assert.match(done.stderr, /experiment wine/);
  });

  test("the environment leads MLflow and nested commands into the run", (t) => {
    const workspace = new Workspace(t);
    const names = [
      "RUNSTONE_RUN_ID",
      "RUNSTONE_STORE",
      "MLFLOW_RUN_ID",
      "MLFLOW_TRACKING_URI",
      "MLFLOW_ALLOW_FILE_STORE",
      "MLFLOW_EXPERIMENT_ID",
      "PYTHONUNBUFFERED",
    ];
    const script = `console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => process.env[name])))`;
    const done = workspace.runstone(["run", "--", process.execPath, "-e", script]);
    const [experiment, runId] = workspace.run().split("/").slice(-2);
    const expected = [runId, workspace.store, runId, `file://${workspace.store}`, "true", experiment, "1"];
    assert.deepEqual(JSON.parse(done.stdout), expected);
  });

  test("a run inside a run is its child; a run key finds the run again", (t) => {
    const workspace = new Workspace(t);
    const inner = `"${process.execPath}" "${MAIN}"`;
    assert.equal(workspace.runScript(`${inner} run --name inner -- true`, ["--name", "outer"]).code, 0);
    const byName = new Map(workspace.runs().map((run) => [readText(run, "tags", "mlflow.runName"), run]));
    assert.equal(
      readText(byName.get("inner")!, "tags", "mlflow.parentRunId"),
      byName.get("outer")!.split("/").at(-1),
    );

    const keyed = new Workspace(t);
    assert.equal(
      keyed.runScript("echo one; echo '::runstone metric loss=1'; exit 1", ["--run-key", "job"]).code,
      1,
    );
    const again = keyed.runScript("echo two; echo '::runstone metric loss=2'", ["--run-key", "job"]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(pointsOf(keyed.run(), "loss"), [
      [1, 0],
      [2, 1],
    ]);
    assert.match(readText(keyed.run(), "artifacts", "runstone", "stdout.log"), /^one/);
    assert.match(readText(keyed.run(), "artifacts", "runstone", "stdout.2.log"), /^two/);
    assert.equal(statusOf(keyed.run()), "FINISHED");
  });

  test("system metrics are sampled while it runs", async (t) => {
    const workspace = new Workspace(t);
    const gate = workspace.write("gate", "");
    const running = workspace.start([
      "run",
      "--system-metrics-interval",
      "0.1",
      "--",
      "/bin/sh",
      "-c",
      `while [ -e ${gate} ]; do sleep 0.02; done`,
    ]);
    await until("a second sample", () => {
      const [run] = workspace.runs();
      const text = run && textIfThere(run, "metrics", "system", "system_memory_usage_megabytes");
      return text && text.split("\n").length > 2;
    });
    rmSync(gate);
    assert.equal((await running.finished).code, 0);
    assert.deepEqual(
      pointsOf(workspace.run(), "system/system_memory_usage_megabytes")
        .slice(0, 2)
        .map(([, step]) => step),
      [0, 1],
    );
  });
});
