/** What a store, a child or the environment holds must not reach the terminal as control codes, nor the store as secrets. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Bench, filesHolding, put } from "./hostile.js";

const EVIL = "\u001b]0;title\u0007\u001b[2J\u009b31m\r\u202eevil\u2066\u0085";
const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe("control codes in a store", () => {
  test("never reach the terminal raw; --json keeps them as data", (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    const run = bench.runDirectory(runId);
    const yaml = JSON.stringify(EVIL).replace(
      /[\u007f-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    bench.ok("rename", runId, `name${EVIL}`);
    bench.ok("tag", runId, `evil=${EVIL}`, `mlflow.note.content=${EVIL}`);
    bench.ok("experiments", "create", "plain");
    put(join(run, "params", "evil"), EVIL);
    put(join(run, "artifacts", `a${EVIL}`), EVIL);
    put(join(run, "metrics", `m${EVIL}`), "1 1 1\n");
    put(join(run, "metrics", "bad"), `${EVIL} 1 1\n`);
    put(
      join(bench.store, `x${EVIL}`, "meta.yaml"),
      `name: ${yaml}\nexperiment_id: ${yaml}\nlifecycle_stage: active\nartifact_location: ${yaml}\n`,
    );
    put(
      join(bench.store, "7", "meta.yaml"),
      `name: ${yaml}\nexperiment_id: '7'\nlifecycle_stage: active\nartifact_location: ${yaml}\n`,
    );
    put(join(bench.store, "7", "r1", "meta.yaml"), `run_id: r1\nrun_name: ${yaml}\nuser_id: ${yaml}\n`);
    const commands = [
      ["runs", "--view", "all", "-c", "params.evil", "-c", "tags.evil"],
      ["show", runId, "--all"],
      ["artifacts", "list", runId],
      ["experiments"],
      ["fsck"],
      ["show", `no${EVIL}`],
      ["runs", "--experiment", EVIL],
      ["artifacts", "cat", runId, EVIL],
      ["gc", "--dry-run"],
      ["doctor"],
      [EVIL],
      ["runs", `--${EVIL}`],
    ];
    for (const args of commands) {
      const { stdout, stderr } = bench.runstone(...args);
      for (const text of [stdout, stderr]) assert.doesNotMatch(text, RAW, `runstone ${JSON.stringify(args)}`);
    }
    const shown = bench.ok("show", runId, "--json").stdout;
    assert.doesNotMatch(shown, RAW);
    assert.ok(JSON.stringify(JSON.parse(shown)).includes(JSON.stringify(EVIL).slice(1, -1)));
  });
});

describe("keys that are names of Object.prototype", () => {
  test("are stored and shown like any other", (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      bench.ok("log", "param", `${key}=p`, "--run", runId);
      bench.ok("log", "metric", `${key}=0.25`, "--run", runId);
      bench.ok("tag", runId, `${key}=t`);
    }
    const text = bench.ok("show", runId, "--json").stdout;
    const dump = bench.ok("dump").stdout;
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      assert.ok(text.includes(`"${key}"`), key);
      for (const kind of ["param", "tag", "metric"])
        assert.ok(
          dump
            .split("\n")
            .some((line) => line.includes(`"kind":"${kind}"`) && line.includes(`"key":"${key}"`)),
          `${kind} ${key}`,
        );
    }
    bench.ok("runs", "-c", "params.__proto__", "-c", "tags.constructor");
    bench.ok("fsck");
  });
});

describe("secrets", () => {
  test("in argv, environment, remote, patch, output and errors are nowhere in the store or on the terminal of ours", (t) => {
    const bench = new Bench(t);
    const token = (n: number) => `ghp_${"AbCdEfGhIjKlMnOpQrStUvWxYz0123456789".slice(n)}${"x".repeat(n)}`;
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
        cwd: bench.workspace,
        stdio: "pipe",
      });
    git("init", "-q");
    put(join(bench.workspace, "settings.py"), "A = 1\n");
    put(join(bench.workspace, ".env"), "A=1\n");
    git("add", ".");
    git("commit", "-q", "-m", "first");
    git("remote", "add", "origin", `https://user:${token(1)}@example.com/a.git`);
    writeFileSync(join(bench.workspace, "settings.py"), `A = 2\nAPI_KEY = "${token(2)}"\n`);
    writeFileSync(join(bench.workspace, ".env"), `A=2\nSOMETHING=${token(3)}\n`);
    bench.ok("init");
    const done = bench.runstoneWith(
      { GITHUB_TOKEN: token(4), DATABASE_URL: `postgres://u:${token(5)}@h/d` },
      ...["run", "--", "/bin/sh", "-c"],
      `echo '::runstone param url=https://u:${token(6)}@h/'; echo "Authorization: Bearer ${token(7)}"; exit 1`,
      ...["sh", `--password=${token(8)}`, "--api-key", token(9)],
    );
    assert.equal(done.status, 1);
    for (let n = 1; n <= 9; n += 1) {
      assert.deepEqual(filesHolding(bench.store, token(n)), [], `token ${n} in the store`);
      assert.deepEqual(
        filesHolding(join(bench.workspace, ".runstone"), token(n)),
        [],
        `token ${n} in .runstone`,
      );
      assert.ok(!done.stderr.includes(token(n)), `token ${n} on stderr`);
      for (const args of [["show", "--all"], ["runs"], ["dump"], ["fsck"]])
        assert.ok(!bench.ok(...args).stdout.includes(token(n)), `token ${n} in ${args}`);
    }
  });
});

describe("modes", { skip: process.platform === "win32" }, () => {
  test("files of a store follow the umask, and none is writable by more", (t) => {
    const bench = new Bench(t);
    const before = process.umask(0o077);
    t.after(() => process.umask(before));
    const run = bench.runDirectory(bench.init());
    for (const path of [
      run,
      join(run, "meta.yaml"),
      join(run, "metrics", "loss"),
      join(bench.workspace, ".runstone"),
    ])
      assert.equal(statSync(path).mode & 0o077, 0, path);
  });
});
