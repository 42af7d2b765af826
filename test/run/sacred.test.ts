/** Training is sacred: whatever happens to the wrapper, the child neither blocks nor dies, and its output is not lost. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readRunState } from "../../core/leases/index.js";
import { recoverConsole } from "../../core/process/console-recovery.js";
import { findSpools } from "../../core/process/spool.js";
import type { Metric } from "../../store-format/index.js";
import {
  filesBelow,
  filesHolding,
  isAlive,
  MAIN,
  pointsOf,
  readText,
  sizeOf,
  statusOf,
  textIfThere,
  until,
  Workspace,
} from "./runstone.js";

/** Waits for a file `go`, prints 10 MB in numbered lines with a point among them, then makes a file `done`. */
const TEN_MEGABYTES = `
const fs = require("node:fs");
fs.writeFileSync("pid", String(process.pid));
console.log("ready");
while (!fs.existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
const line = "x".repeat(89);
for (let i = 0; i < 100000; i++) fs.writeSync(1, String(i).padStart(10, "0") + line + "\\n");
fs.writeSync(1, "::runstone metric loss=0.5 step=1\\n");
fs.writeSync(2, "over\\n");
fs.writeFileSync("done", "");
`;
const LINES = 100_000;

function startTenMegabytes(workspace: Workspace, ...options: readonly string[]) {
  return workspace.start(["run", ...options, "--", process.execPath, "-e", TEN_MEGABYTES]);
}

function assertAllLines(log: string): void {
  const lines = log.split("\n");
  assert.equal(lines[0], "ready");
  assert.equal(lines.length, LINES + 3);
  for (let i = 0; i < LINES; i += 997) assert.equal(Number(lines[i + 1]?.slice(0, 10)), i);
}

describe("the wrapper is stopped", () => {
  test("the child prints 10 MB and ends; afterwards the run has it all", async (t) => {
    const workspace = new Workspace(t);
    const running = startTenMegabytes(workspace);
    await until("the child's first line", () => running.stdout.includes("ready"));
    process.kill(running.pid, "SIGSTOP");
    workspace.write("go", "");
    await until("the child's end", () => textIfThere(workspace.path, "done") !== null);
    await until("the child's death", () => !isAlive(Number(readText(workspace.path, "pid"))));
    process.kill(running.pid, "SIGCONT");
    const done = await running.finished;
    assert.equal(done.code, 0);
    assertAllLines(done.stdout.replace("::runstone metric loss=0.5 step=1\n", "mark\n"));
    assertAllLines(readText(workspace.run(), "artifacts", "runstone", "stdout.log"));
    assert.deepEqual(pointsOf(workspace.run(), "loss"), [[0.5, 1]]);
    assert.equal(statusOf(workspace.run()), "FINISHED");
  });
});

describe("the wrapper is killed", () => {
  test("the child goes on, the run shows LOST, and the rest is brought in later", async (t) => {
    const workspace = new Workspace(t);
    const running = startTenMegabytes(workspace);
    await until("the first line in the run", () => {
      const [run] = workspace.runs();
      return run && textIfThere(run, "artifacts", "runstone", "stdout.log")?.includes("ready");
    });
    const [spool] = findSpools(workspace.spools);
    assert.ok(spool);
    await until("the child in the spool", () => findSpools(workspace.spools)[0]?.facts.child);
    process.kill(running.pid, "SIGKILL");
    await until("the wrapper's death", () => !isAlive(running.pid));
    const pid = Number(readText(workspace.path, "pid"));
    assert.ok(isAlive(pid));
    await until(
      "LOST",
      () => readRunState({ directory: workspace.run() }, { status: "RUNNING" }).state === "LOST",
    );
    workspace.write("go", "");
    await until("the child's end", () => textIfThere(workspace.path, "done") !== null && !isAlive(pid));

    const points: Metric[] = [];
    const target = {
      logMetrics: (metrics: readonly Metric[]) => void points.push(...metrics),
      logParams: () => {},
      setTags: () => {},
      logArtifact: () => {},
      hasPoint: ({ key, step }: Metric) => points.some((point) => point.key === key && point.step === step),
    };
    const artifacts = join(workspace.run(), "artifacts");
    const left = findSpools(workspace.spools)[0]!;
    assert.deepEqual(await recoverConsole(left, { artifacts, target }), {
      complete: true,
      childAlive: false,
    });
    assertAllLines(readText(artifacts, "runstone", "stdout.log"));
    assert.equal(readText(artifacts, "runstone", "stderr.log"), "over\n");
    assert.deepEqual(
      points.map(({ key, value }) => [key, value]),
      [["loss", 0.5]],
    );
    assert.deepEqual(findSpools(workspace.spools), []);
    assert.equal(textIfThere(artifacts, "go"), null);
  });

  test("points that the wrapper logged are not logged again", async (t) => {
    const workspace = new Workspace(t);
    const script =
      "for i in 1 2 3 4 5; do echo \"::runstone metric loss=$i\"; done; sleep 0.2; echo '::runstone metric loss=6'; touch said; while [ ! -e go ]; do sleep 0.02; done; echo '::runstone metric loss=7'; touch done";
    const running = workspace.start(["run", "--", "/bin/sh", "-c", script]);
    await until("six points", () => {
      const [run] = workspace.runs();
      return run && textIfThere(run, "metrics", "loss")?.split("\n").length === 7;
    });
    process.kill(running.pid, "SIGKILL");
    await until("the wrapper's death", () => !isAlive(running.pid));
    workspace.write("go", "");
    await until("the child's end", () => textIfThere(workspace.path, "done") !== null);
    const known = new Set(readText(workspace.run(), "metrics", "loss").trim().split("\n"));
    const text = ({ timestamp, value, step }: Metric) => `${timestamp} ${value}.0 ${step}`;
    const points: Metric[] = [];
    const target = {
      logMetrics: (metrics: readonly Metric[]) => void points.push(...metrics),
      logParams: () => {},
      setTags: () => {},
      logArtifact: () => {},
      hasPoint: (metric: Metric) => known.has(text(metric)) || known.has(text(metric).replace(".0 ", " ")),
    };
    await recoverConsole(findSpools(workspace.spools)[0]!, {
      artifacts: join(workspace.run(), "artifacts"),
      target,
    });
    assert.deepEqual(
      points.map(({ value, step }) => [value, step]),
      [[7, 6]],
    );
  });
});

describe("after the wrapper was killed", () => {
  const script =
    "echo one; echo '::runstone metric loss=1'; touch said; while [ ! -e go ]; do sleep 0.02; done; echo two; echo '::runstone metric loss=2'; touch done";

  async function killedWrapper(workspace: Workspace): Promise<string> {
    const running = workspace.start(["run", "--", "/bin/sh", "-c", script]);
    await until("the first point", () => {
      const [run] = workspace.runs();
      return run && textIfThere(run, "metrics", "loss") !== null;
    });
    process.kill(running.pid, "SIGKILL");
    await until(
      "LOST",
      () => readRunState({ directory: workspace.run() }, { status: "RUNNING" }).state === "LOST",
    );
    workspace.write("go", "");
    const pid = findSpools(workspace.spools)[0]?.facts.child?.pid ?? -1;
    await until("the child's end", () => !isAlive(pid));
    return workspace.run().split("/").at(-1)!;
  }

  test("runstone resume brings in the rest", async (t) => {
    const workspace = new Workspace(t);
    const runId = await killedWrapper(workspace);
    assert.ok(workspace.runstone(["doctor"]).stdout.includes(`resume ${runId}`));
    const done = workspace.runstone(["resume", runId]);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /the output since its wrapper was killed was brought in/);
    assert.deepEqual(pointsAnywhere(workspace.run(), "loss"), [
      [1, 0],
      [2, 1],
    ]);
    assert.match(readText(workspace.run(), "artifacts", "runstone", "stdout.log"), /^one\n.*two\n/s);
    assert.deepEqual(findSpools(workspace.spools), []);
    assert.equal(workspace.runstone(["end", runId]).code, 0);
    assert.deepEqual(pointsOf(workspace.run(), "loss").length, 2);
  });

  test("run --resume brings in the rest and goes on", async (t) => {
    const workspace = new Workspace(t);
    const runId = await killedWrapper(workspace);
    const done = workspace.runScript("echo three; echo '::runstone metric loss=3 step=9'", [
      "--resume",
      runId,
    ]);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(
      pointsOf(workspace.run(), "loss")
        .map(([value]) => value)
        .sort(),
      [1, 2, 3],
    );
    assert.match(readText(workspace.run(), "artifacts", "runstone", "stdout.log"), /^one\n.*two\n/s);
    assert.match(readText(workspace.run(), "artifacts", "runstone", "stdout.2.log"), /^three\n/);
    assert.equal(statusOf(workspace.run()), "FINISHED");
    assert.deepEqual(findSpools(workspace.spools), []);
    assert.equal(workspace.runstone(["fsck"]).code, 0);
  });
});

/** Points of all writers of a run that is not sealed. */
function pointsAnywhere(run: string, key: string): readonly (readonly [number, number])[] {
  const files = filesBelow(run)
    .filter((path) => path.endsWith(`/metrics/${key}`))
    .sort();
  return files.flatMap((path) => pointsOf(path.slice(0, -`/metrics/${key}`.length), key));
}

describe("the disk of the store is full", () => {
  test("the child is not disturbed, its exit code is kept, and its output stays", (t) => {
    const mounts = new Workspace(t);
    const disk = join(mounts.path, "disk");
    mkdirSync(disk);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).status !== 0) {
      t.diagnostic("NOT TESTED: a small tmpfs cannot be mounted here (needs root)");
      t.skip("a small tmpfs cannot be mounted here (needs root)");
      return;
    }
    try {
      const workspace = new Workspace(t, join(disk, "mlruns"));
      const script = `head -c 3000000 /dev/zero > ${disk}/filler; i=0; while [ $i -lt 20000 ]; do echo "line $i ............................................................"; i=$((i+1)); done; echo "::runstone metric loss=1"; echo last; exit 7`;
      const done = workspace.runScript(script);
      assert.equal(done.code, 7, done.stderr);
      assert.ok(done.stdout.endsWith("last\n"));
      assert.match(done.stderr, /no space left/);
      assert.match(done.stderr, /NOT ALL RECORDED/);
      const [spool] = findSpools(workspace.spools);
      assert.ok(readFileSync(join(spool!.path, "stdout"), "utf8").endsWith("last\n"));
    } finally {
      spawnSync("umount", [disk]);
    }
  });

  test("when space comes back in time, nothing is missing and nothing doubled", async (t) => {
    const mounts = new Workspace(t);
    const disk = join(mounts.path, "disk");
    mkdirSync(disk);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).status !== 0) {
      t.skip("a small tmpfs cannot be mounted here (needs root)");
      return;
    }
    try {
      const workspace = new Workspace(t, join(disk, "mlruns"));
      const script = `head -c 3000000 /dev/zero > ${disk}/filler; echo "::runstone metric a=1 b=2 c=3"; echo out; touch printed; while [ ! -e go ]; do sleep 0.02; done; rm ${disk}/filler; echo more`;
      const running = workspace.start(["run", "--no-system-metrics", "--", "/bin/sh", "-c", script]);
      await until("the output on the terminal", () => running.stdout.includes("out\n"));
      workspace.write("go", "");
      const done = await running.finished;
      assert.equal(done.code, 0);
      assert.equal(statusOf(workspace.run()), "FINISHED", done.stderr);
      assert.match(done.stderr, /no space left/);
      for (const [key, value] of [
        ["a", 1],
        ["b", 2],
        ["c", 3],
      ] as const) {
        assert.deepEqual(pointsOf(workspace.run(), key), [[value, 0]]);
      }
      assert.equal(
        readText(workspace.run(), "artifacts", "runstone", "stdout.log"),
        "::runstone metric a=1 b=2 c=3\nout\nmore\n",
      );
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});

describe("the run is taken away", () => {
  const script =
    "echo '::runstone metric loss=1'; while [ ! -e go ]; do sleep 0.02; done; echo '::runstone metric loss=2'; echo last; exit 3";

  async function started(workspace: Workspace) {
    const running = workspace.start(["run", "--", "/bin/sh", "-c", script]);
    await until("the first point", () => {
      const [run] = workspace.runs();
      return run && textIfThere(run, "metrics", "loss") !== null;
    });
    return running;
  }

  test("a lost lease: points go on, the new owner decides the status, and it is told", async (t) => {
    const workspace = new Workspace(t);
    const running = await started(workspace);
    const lease = join(workspace.run(), "lease.yaml");
    writeFileSync(lease, readText(lease).replace(/^token: .*$/m, `token: ${"0".repeat(32)}`));
    workspace.write("go", "");
    const done = await running.finished;
    assert.equal(done.code, 3);
    assert.match(done.stderr, /the run was taken over by another process/);
    assert.deepEqual(
      pointsOf(workspace.run(), "loss").map(([value]) => value),
      [1, 2],
    );
    assert.match(readText(workspace.run(), "artifacts", "runstone", "stdout.log"), /last\n$/);
    assert.equal(statusOf(workspace.run()), "RUNNING");
    assert.ok(textIfThere(lease)?.includes("0".repeat(32)));
  });

  test("a store that is deleted: the child goes on, its output is kept, and it is told", async (t) => {
    const workspace = new Workspace(t);
    const running = await started(workspace);
    rmSync(workspace.store, { recursive: true });
    workspace.write("go", "");
    const done = await running.finished;
    assert.equal(done.code, 3);
    assert.ok(done.stdout.endsWith("last\n"));
    assert.match(done.stderr, /NOT ALL RECORDED/);
    const [spool] = findSpools(workspace.spools);
    assert.match(readText(spool!.path, "stdout"), /last\n$/);
    const back = existsSync(workspace.store) ? filesBelow(workspace.store) : [];
    assert.deepEqual(
      back.filter((path) => path.endsWith(".log") || path.includes("/metrics/")),
      [],
    );
  });
});

describe("signals", () => {
  const trap = (signal: string) =>
    `trap 'echo got ${signal}; exit 5' ${signal}; echo ready; while :; do sleep 0.02; done`;

  for (const signal of ["TERM", "HUP", "INT", "QUIT", "USR1", "USR2"]) {
    test(`SIG${signal} sent to the wrapper reaches the child once`, async (t) => {
      const workspace = new Workspace(t);
      const running = workspace.start(["run", "--", "/bin/sh", "-c", trap(signal)]);
      await until("the child", () => running.stdout.includes("ready"));
      process.kill(running.pid, `SIG${signal}` as NodeJS.Signals);
      const done = await running.finished;
      assert.equal(done.code, 5);
      assert.equal(done.stdout, `ready\ngot ${signal}\n`);
      assert.equal(statusOf(workspace.run()), "FAILED");
    });
  }

  test("a shell that reports the passed-on signal of its command counts as killed", async (t) => {
    const workspace = new Workspace(t);
    const running = workspace.start([
      "run",
      "--",
      "/bin/sh",
      "-c",
      "trap 'exit 143' TERM; echo ready; while :; do sleep 0.02; done",
    ]);
    await until("the child", () => running.stdout.includes("ready"));
    process.kill(running.pid, "SIGTERM");
    assert.equal((await running.finished).code, 143);
    assert.equal(statusOf(workspace.run()), "KILLED");
  });

  test("Ctrl-C in a terminal reaches the child once, and ends the wrapper by the signal", (t) => {
    const workspace = new Workspace(t);
    const python = spawnSync("python3", ["-c", "import pty"]);
    if (python.status !== 0) {
      t.skip("python3 is not here to make a terminal");
      return;
    }
    const driver = workspace.write("driver.py", PTY_DRIVER);
    const child =
      "trap 'echo caught >> caught; trap - INT; kill -INT $$' INT; echo ready; while :; do sleep 0.02; done";
    const done = spawnSync("python3", [driver, process.execPath, MAIN, "run", "--", "/bin/sh", "-c", child], {
      cwd: workspace.path,
      env: workspace.env,
      encoding: "utf8",
    });
    assert.equal(done.stdout, "signal 2\n", done.stderr);
    assert.equal(readText(workspace.path, "caught"), "caught\n");
    assert.equal(statusOf(workspace.run()), "KILLED");
  });

  test("under nohup the child outlives a hangup of the group", async (t) => {
    const workspace = new Workspace(t);
    if (
      spawnSync("nohup", ["true"]).status !== 0 ||
      spawnSync("python3", ["-c", "import pty"]).status !== 0
    ) {
      t.skip("nohup or python3 is not here");
      return;
    }
    const driver = workspace.write("driver.py", NOHUP_DRIVER);
    const child = "touch ready; while [ ! -e go ]; do sleep 0.02; done; echo survived > end";
    spawnSync("python3", [driver, "nohup", process.execPath, MAIN, "run", "--", "/bin/sh", "-c", child], {
      cwd: workspace.path,
      env: workspace.env,
    });
    assert.equal(readText(workspace.path, "end"), "survived\n");
    await until("the end of the run", () => findSpools(workspace.spools).length === 0);
    assert.equal(statusOf(workspace.run()), "FINISHED");
  });
});

/** Runs argv in a terminal of its own, types Ctrl-C when it is ready, says how it ended. */
const PTY_DRIVER = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
sent = False
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    seen += part
    if b"ready" in seen and not sent:
        os.write(fd, b"\\x03")
        sent = True
_, status = os.waitpid(pid, 0)
sys.stderr.write(seen.decode("latin1"))
print("signal", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else print("code", os.WEXITSTATUS(status))
`;

/** Runs argv in a terminal of its own and closes the terminal when the child is ready. */
const NOHUP_DRIVER = `
import os, pty, sys, time, signal
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while not os.path.exists("ready"):
    time.sleep(0.01)
os.killpg(pid, signal.SIGHUP)
open("go", "w").close()
while not os.path.exists("end"):
    try:
        os.kill(pid, 0)
    except OSError:
        break
    time.sleep(0.01)
`;

describe("odd children", () => {
  test("a daemon that keeps the output open does not hold up the end", async (t) => {
    const workspace = new Workspace(t);
    const script =
      "echo first; (while [ ! -e stop ]; do sleep 0.05; done; echo late) & echo $! > daemon; exit 4";
    const running = workspace.start(["run", "--", "/bin/sh", "-c", script]);
    assert.equal((await running.finished).code, 4);
    assert.ok(isAlive(Number(readText(workspace.path, "daemon"))));
    assert.equal(readText(workspace.run(), "artifacts", "runstone", "stdout.log"), "first\n");
    workspace.write("stop", "");
  });

  test("a child that closes its output runs to its end", (t) => {
    const workspace = new Workspace(t);
    const done = workspace.runScript("echo before; exec >&- 2>&-; sleep 0.05; exit 6");
    assert.equal(done.code, 6);
    assert.equal(readText(workspace.run(), "artifacts", "runstone", "stdout.log"), "before\n");
  });

  test("no output makes no log", (t) => {
    const workspace = new Workspace(t);
    assert.equal(workspace.runScript(":").code, 0);
    assert.equal(textIfThere(workspace.run(), "artifacts", "runstone", "stdout.log"), null);
  });

  test("binary output comes through byte for byte", async (t) => {
    const workspace = new Workspace(t);
    const bytes = Buffer.alloc(300_000, Buffer.from([...new Array(256).keys()]));
    writeFileSync(join(workspace.path, "bytes"), bytes);
    const running = workspace.start(["run", "--", "cat", "bytes"]);
    const done = await running.finished;
    assert.ok(Buffer.from(done.stdout, "latin1").equals(bytes));
    assert.ok(readFileSync(join(workspace.run(), "artifacts", "runstone", "stdout.log")).equals(bytes));
  });

  test("output that ends in the middle of a line is kept whole", (t) => {
    for (const text of ["no end", "10\\r20\\r", "one\\ntwo"]) {
      const workspace = new Workspace(t);
      const done = workspace.runScript(`printf '${text}'`);
      assert.equal(done.code, 0, done.stderr);
      const log = readFileSync(join(workspace.run(), "artifacts", "runstone", "stdout.log"), "utf8");
      assert.equal(log, done.stdout);
      assert.notEqual(log, "");
    }
  });

  test("a reader that goes away does not end the child", (t) => {
    const workspace = new Workspace(t);
    const line = `"${process.execPath}" "${MAIN}" run -- /bin/sh -c 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; touch done' | head -1`;
    const done = spawnSync("/bin/sh", ["-c", line], {
      cwd: workspace.path,
      env: workspace.env,
      encoding: "utf8",
    });
    assert.equal(done.stdout, "line 0\n");
    assert.equal(textIfThere(workspace.path, "done"), "");
    assert.equal(statusOf(workspace.run()), "FINISHED");
    assert.equal(readText(workspace.run(), "artifacts", "runstone", "stdout.log").split("\n").length, 20_001);
  });

  test("--no-capture-console keeps nothing of the output", (t) => {
    const workspace = new Workspace(t);
    const done = workspace.runScript("echo seen", ["--no-capture-console"]);
    assert.equal(done.stdout, "seen\n");
    assert.deepEqual(
      filesHolding(workspace.store, "seen").filter((path) => path.endsWith(".log")),
      [],
    );
  });

  test("the output is live: the terminal and the run have a line while the child waits", async (t) => {
    const workspace = new Workspace(t);
    const running = workspace.start([
      "run",
      "--",
      "/bin/sh",
      "-c",
      "echo now; while [ ! -e go ]; do sleep 0.02; done",
    ]);
    await until("the line in the run", () => {
      const [run] = workspace.runs();
      return run && textIfThere(run, "artifacts", "runstone", "stdout.log") === "now\n";
    });
    await until("the line on the terminal", () => running.stdout === "now\n");
    workspace.write("go", "");
    assert.equal((await running.finished).code, 0);
  });
});

describe("secrets", () => {
  const canary = "ghp_CANARY0123456789abcdefghijklmnopqrstu";

  test("in output, command line, params, tags and notes do not reach the store", (t) => {
    const workspace = new Workspace(t);
    const script = `echo token ${canary}; printf 'API_KEY=${canary}' >&2; echo '::runstone param p=${canary}'; echo '::runstone tag t=${canary}'; : --password ${canary}`;
    const options = [
      "--param",
      `api_key=${canary}`,
      "--tag",
      `note=${canary}`,
      "--note",
      `see ${canary}`,
      "--name",
      "plain",
    ];
    const done = workspace.runScript(script, options, { env: { MY_TOKEN: canary } });
    assert.equal(done.code, 0, done.stderr);
    assert.ok(done.stdout.includes(canary), "the terminal is not touched");
    assert.deepEqual(filesHolding(workspace.store, canary), []);
    assert.deepEqual(filesHolding(workspace.store, "CANARY0123"), []);
    assert.ok(filesBelow(workspace.store).length > 10);
  });

  test("nor while the run is live, nor after the wrapper was killed; the spool is private", async (t) => {
    const workspace = new Workspace(t);
    const script = `echo token ${canary}; printf 'and ${canary}'; while [ ! -e go ]; do sleep 0.02; done`;
    const running = workspace.start(["run", "--", "/bin/sh", "-c", script]);
    await until(
      "a log",
      () => workspace.runs()[0] && sizeOf(join(workspace.runs()[0]!, "artifacts/runstone/stdout.log")) > 0,
    );
    assert.deepEqual(filesHolding(workspace.store, canary), []);
    process.kill(running.pid, "SIGKILL");
    await until("the wrapper's death", () => !isAlive(running.pid));
    assert.deepEqual(filesHolding(workspace.store, canary), []);
    const [spool] = findSpools(workspace.spools);
    assert.equal(statSync(join(spool!.path, "stdout")).mode & 0o777, 0o600);
    assert.equal(statSync(spool!.path).mode & 0o777, 0o700);
    workspace.write("go", "");
    await until("the child's end", () => !isAlive(spool!.facts.child?.pid ?? -1));
    rmSync(join(workspace.path, "go"));
  });
});
