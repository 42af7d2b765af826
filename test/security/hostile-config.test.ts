/** A workspace's config comes with a clone: it must not lead writers out, nor cost more than a message. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Bench, put } from "./hostile.js";

const WRITERS: readonly (readonly string[])[] = [
  ["run", "--", "true"],
  ["experiments", "create", "x"],
  ["gc", "--grace", "0s", "--deleted", "--older-than", "0s"],
  ["fsck", "--repair"],
];

function config(bench: Bench, text: string): void {
  put(join(bench.workspace, ".runstone", "config.yaml"), text);
}

describe("a config that puts the store elsewhere", () => {
  test("nothing is written or deleted there; a user who names it may", (t) => {
    const bench = new Bench(t);
    symlinkSync(bench.victim, join(bench.workspace, "linked"));
    for (const store of ["../victim", "../..", bench.victim, "linked", ".", "/"]) {
      config(bench, `format: 1\nstore: ${store}\n`);
      const before = bench.outside();
      for (const args of WRITERS) {
        const done = bench.runstone(...args);
        assert.notEqual(done.status, 0, `${store}: runstone ${args.join(" ")}`);
        assert.match(done.stderr, /outside/);
        assert.equal(bench.outside(), before, `${store}: runstone ${args.join(" ")}`);
      }
    }
    config(bench, "format: 1\nstore: ../victim\n");
    bench.ok("run", "--store", bench.victim, "--", "true");
  });

  test("init does not make one", (t) => {
    const bench = new Bench(t);
    const before = bench.outside();
    assert.notEqual(bench.runstone("init", "--path", "../victim/runs").status, 0);
    assert.equal(bench.outside(), before);
  });
});

describe("a config that is an attack on the reader", () => {
  const laughs = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 12; i += 1) {
    const name = String.fromCharCode(97 + i);
    const before = String.fromCharCode(96 + i);
    laughs.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
  }
  const texts: Readonly<Record<string, string>> = {
    "anchors that multiply": `format: 1\n${laughs.join("\n")}\n`,
    "deep nesting": `format: 1\nx: ${"[".repeat(100_000)}\n`,
    "deep maps": `format: 1\nx: ${"{a: ".repeat(100_000)}\n`,
    "a huge number": "format: 1\nartifacts:\n  git_max_bytes: 1e999\n",
    "a huge format": `format: ${"9".repeat(400)}\n`,
    "a code tag": "format: 1\nstore: !!js/function 'function () { process.exit(9) }'\n",
    "a list": "- 1\n",
    "an alias of itself": "format: 1\nx: &x [*x]\n",
  };
  test("ends with a message that names the file", (t) => {
    const bench = new Bench(t);
    mkdirSync(bench.store);
    for (const [what, text] of Object.entries(texts)) {
      config(bench, text);
      const done = bench.runstone("runs");
      assert.ok(done.status !== 9 && done.status !== null, what);
      if (done.status !== 0) assert.match(done.stderr, /config|does not exist/, what);
    }
  });

  test("a newer format is read and not written", (t) => {
    const bench = new Bench(t);
    bench.init();
    config(bench, "format: 99\nstore: mlruns\n");
    bench.ok("runs");
    for (const args of WRITERS) assert.notEqual(bench.runstone(...args).status, 0, args.join(" "));
  });

  test("keys like __proto__ change nothing", (t) => {
    const bench = new Bench(t);
    bench.init();
    config(
      bench,
      "format: 1\nstore: mlruns\n__proto__:\n  polluted: yes\nremotes:\n  __proto__:\n    url: x\n",
    );
    bench.ok("runs");
    bench.ok("config", "--json");
  });

  test("files of a terabyte are not read", (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    const run = bench.runDirectory(runId);
    for (const name of [
      "params/huge",
      "tags/huge",
      "lease.yaml",
      "writers/0/owner.yaml",
      "writers/fold.jsonl",
    ]) {
      put(join(run, name), "x");
      truncateSync(join(run, name), 2 ** 38);
    }
    const listed = bench.ok("runs");
    assert.match(listed.stdout, new RegExp(runId.slice(0, 7)));
    assert.match(listed.stderr, /params\/huge: .*too large/);
    writeFileSync(join(run, "meta.yaml"), "x");
    truncateSync(join(run, "meta.yaml"), 2 ** 38);
    assert.match(bench.ok("runs").stderr, /meta\.yaml: .*too large/);
  });
});
