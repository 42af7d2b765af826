/** Commands on a real MLflow server: `--store http://...`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { BINARY } from "./program.js";

const skip = await mlflowServerSkip("3");
const server = skip === false ? await startMlflowServer({ after }, { version: "3" }) : null;
const url = server?.url ?? "";

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Shell {
  readonly directory: string;
  run(args: readonly string[], input?: string): Promise<Ended>;
  /** As `run`, which must succeed; its stdout without the last line end. */
  read(args: readonly string[], input?: string): Promise<string>;
}

/** Waits without blocking: the server writes to pipes that this process must empty. */
function newShell(t: TestContext): Shell {
  const directory = temporaryDirectory(t);
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(directory, "cache"),
    RUNSTONE_STORE: url,
    HOME: directory,
  };
  const run = (args: readonly string[], input = ""): Promise<Ended> =>
    new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [BINARY, ...args],
        { cwd: directory, env },
        (error, stdout, stderr) =>
          resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
      child.stdin?.end(input);
    });
  return {
    directory,
    run,
    read: async (args, input) => {
      const { status, stdout, stderr } = await run(args, input);
      assert.equal(status, 0, `runstone ${args.join(" ")}: ${stderr}`);
      return stdout.replace(/\n$/, "");
    },
  };
}

describe("a server as the store", { skip }, () => {
  test("a run from its start to its end", async (t) => {
    const { directory, run, read } = newShell(t);
    await read(["experiments", "create", "wine", "--tag", "a=1"]);
    const id = await read(["start", "-e", "wine", "-n", "first", "-p", "lr=0.1", "-t", "team=a"]);
    assert.match(id, /^[0-9a-f]{32}$/);
    await read(["log", "metric", "loss=0.5", "--step", "1", "--run", id]);
    await read(["log", "metric", "-", "--run", "first"], "loss=0.25 step=2\nacc=nan\n");
    await read(["log", "param", "depth=4", "--run", id]);
    await read(["log", "tag", "note=x", "--run", id]);
    writeFileSync(join(directory, "f.txt"), "hello");
    await read(["log", "artifact", "f.txt", "--to", "notes", "--run", id]);
    await read(["log", "text", "t.txt", "some", "text", "--run", id]);
    assert.match((await run(["end", id, "--exit-code", "1"])).stderr, /Ended run .*: FAILED/);
    assert.equal((await run(["end", id])).status, 4);

    const [record] = JSON.parse(await read(["runs", "loss < 0.3 and depth = 4", "--json"])) as {
      run_id: string;
      status: string;
    }[];
    assert.deepEqual([record?.run_id, record?.status], [id, "FAILED"]);
    assert.match(await read(["runs", "-e", "wine"]), /first +FAILED/);
    assert.match(await read(["best", "loss", "-e", "wine"]), /smallest last loss of 1 run[\s\S]*first/);
    assert.match(
      await read(["show", id.slice(0, 8)]),
      /experiment +wine[\s\S]*loss +0.25[\s\S]*notes\/f.txt/,
    );
    assert.match(await read(["experiments"]), /wine +active +1/);
    assert.equal(await read(["artifacts", "cat", id, "t.txt"]), "some text");
    await read(["artifacts", "download", "first", "notes"]);
    assert.equal(readFileSync(join(directory, "notes", "f.txt"), "utf8"), "hello");
    assert(!existsSync(join(directory, "mlruns")));
  });

  test("changes of runs and experiments", async (t) => {
    const { run, read } = newShell(t);
    const ids = [
      await read(["start", "-e", "changes", "-n", "a"]),
      await read(["start", "-e", "changes", "-n", "b"]),
    ];
    await read(["tag", ...ids, "reviewed=yes"]);
    await read(["tag", ids[0]!, "--remove", "reviewed"]);
    await read(["note", "b", "-m", "a note"]);
    assert.equal(await read(["note", "b"]), "a note");
    await read(["rename", ids[0]!, "c"]);
    await read(["delete", "c"]);
    assert.equal(await read(["runs", "-e", "changes", "--ids"]), ids[1]);
    await read(["restore", ids[0]!]);
    assert.equal(await read(["runs", "-e", "changes", "--count"]), "2");
    const newest = await run(["runs", "-e", "changes", "-n", "1"]);
    assert.match(newest.stdout, / b /);
    assert.match(newest.stderr, /the newest 1 runs; --all shows all/);
    assert.equal((await read(["runs", "-e", "changes", "--all", "--ids"])).split("\n").length, 2);
    await read(["delete", "--experiment", "changes"]);
    assert.match(await read(["experiments", "list", "--view", "deleted"]), /changes/);
    await read(["experiments", "restore", "changes"]);
    assert.match((await run(["show", "no-such-run"])).stderr, /there is no run 'no-such-run'/);
    assert.match((await run(["runs", "-e", "chang"])).stderr, /there is no experiment 'chang'/);
  });

  test("what works on directories only says so", async (t) => {
    const { run } = newShell(t);
    for (const args of [["fsck"], ["export"], ["compare", "a", "b"], ["run", "--", "true"]]) {
      const { status, stderr } = await run(args);
      assert.equal(status, 8, stderr);
      assert.match(stderr, /this command works on a directory\n +docs\/guide\/remote-server.md/);
    }
    const several = await run(["runs", "--store", url, "--store", "mlruns"]);
    assert.match(several.stderr, /cannot be searched together/);
  });
});

test("a server that is not there is told, with what was tried", async (t) => {
  const { run } = newShell(t);
  const { status, stderr } = await run(["--store", "http://127.0.0.1:9", "runs"]);
  assert.notEqual(status, 0);
  assert.match(stderr, /no answer from http:\/\/127.0.0.1:9: nobody listens there/);
});
