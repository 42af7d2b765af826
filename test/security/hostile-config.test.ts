/** A workspace's config comes with a clone: it must not lead writers out, nor cost more than a message. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Bench, CANARY, filesHolding, put } from "./hostile.js";

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

const LISTENER = fileURLToPath(new URL("../helpers/listening-child.js", import.meta.url));

interface Listener {
  readonly url: string;
  /** What was asked so far. */
  asked(): readonly { readonly url: string; readonly authorization: string | null }[];
}

async function listen(t: TestContext, bench: Bench, wanted: readonly string[] = []): Promise<Listener> {
  const file = join(bench.top, "tmp", `asked-${Math.random()}`);
  const child = spawn(process.execPath, [LISTENER, file, ...wanted], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    asked: () =>
      !existsSync(file)
        ? []
        : readFileSync(file, "utf8")
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => JSON.parse(line)),
  };
}

/** A config with one remote, whose members are given. */
function remote(bench: Bench, members: readonly string[]): void {
  config(
    bench,
    `format: 1\nstore: mlruns\nremotes:\n  lab:\n${members.map((line) => `    ${line}\n`).join("")}`,
  );
}

/** Every command that may speak with a remote. */
const SPEAKERS: readonly (readonly string[])[] = [
  ["remote", "test", "lab"],
  ["login", "lab", "--token-stdin"],
];
const TOKEN = { MLFLOW_TRACKING_TOKEN: CANARY, MLFLOW_TRACKING_USERNAME: CANARY };
const BASIC = `Basic ${Buffer.from(`${CANARY}:`).toString("base64")}`;

describe("remotes of a config that came with a clone", () => {
  test("R-sec-8: an unknown server is asked nothing, with or without a token, until its address is confirmed", async (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    const server = await listen(t, bench);
    remote(bench, [`url: ${server.url}`, `token: ${CANARY}`]);
    const elsewhere = { ...TOKEN, MLFLOW_TRACKING_URI: `${server.url}0` };
    for (const env of [TOKEN, elsewhere])
      for (const args of SPEAKERS) {
        const done = bench.runstoneWith(env, ...args);
        assert.equal(done.status, 7, done.stderr);
        assert.match(done.stderr, /not confirmed/);
        assert.match(done.stderr, /runstone remote set lab --trust/);
        assert.doesNotMatch(done.stderr + done.stdout, new RegExp(CANARY));
      }
    assert.deepEqual(server.asked(), []);
    bench.ok("remote", "set", "lab", "--trust");
    bench.ok("remote", "test", "lab");
    assert.ok(server.asked().length > 0);
    assert.ok(server.asked().every(({ authorization }) => authorization === null));
    assert.equal(bench.runstoneWith(TOKEN, "remote", "test", "lab").status, 0);
    assert.ok(server.asked().some(({ authorization }) => authorization === BASIC));
  });

  test("a login stays with the address that it was given for", async (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    const [mine, evil] = [await listen(t, bench, [`Bearer ${CANARY}`]), await listen(t, bench)];
    bench.ok("remote", "add", "lab", mine.url);
    put(join(bench.top, "tmp", "token"), `${CANARY}\n`);
    const login = bench.runstoneReading(join(bench.top, "tmp", "token"), "login", "lab", "--token-stdin");
    assert.equal(login.status, 0, login.stderr);
    assert.match(
      bench.ok("remote", "test", "lab").stdout,
      /credentials: the credentials of runstone login are accepted/,
    );
    for (const url of [
      evil.url,
      `${mine.url}@${evil.url.slice(7)}`,
      `${mine.url.replace("127.0.0.1", "localhost")}`,
    ]) {
      remote(bench, [`url: ${url}`]);
      assert.notEqual(bench.runstone("remote", "test", "lab").status, 0, url);
    }
    remote(bench, [`url: ${evil.url}`]);
    bench.ok("remote", "set", "lab", "--trust");
    bench.ok("remote", "test", "lab");
    assert.ok(evil.asked().length > 0);
    assert.ok(evil.asked().every(({ authorization }) => authorization === null));
    for (const directory of [bench.workspace, join(bench.top, "home", ".cache")])
      if (existsSync(directory)) assert.deepEqual(filesHolding(directory, CANARY), []);
  });

  test("nothing of it is shown: settings, errors, JSON", async (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    const server = await listen(t, bench, ["Bearer other"]);
    bench.ok("remote", "add", "lab", server.url);
    put(join(bench.top, "tmp", "token"), CANARY);
    bench.runstoneReading(join(bench.top, "tmp", "token"), "login", "lab", "--token-stdin");
    for (const args of [["remote"], ["remote", "show"], ["remote", "test"], ["config"]])
      for (const json of [[], ["--json"]]) {
        const done = bench.runstoneWith({ RUNSTONE_DEBUG: "" }, ...args, ...json);
        assert.doesNotMatch(done.stdout + done.stderr, new RegExp(CANARY), args.join(" "));
      }
    const refused = bench.runstone("remote", "test", "lab");
    assert.equal(refused.status, 7);
    assert.match(refused.stdout, /the credentials of runstone login were sent, and the server refuses them/);
  });

  test("no ssh is started and no directory written before they are confirmed", (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    const bin = join(bench.top, "tmp", "bin");
    put(join(bin, "ssh"), `#!/bin/sh\necho "$@" >> ${join(bench.top, "tmp", "ssh.log")}\necho 0.1.0\n`);
    chmodSync(join(bin, "ssh"), 0o755);
    const env = { PATH: `${bin}:${process.env.PATH}` };
    for (const url of ["ssh://me@box/lab", "box:lab", bench.victim, `file://${bench.victim}`]) {
      remote(bench, [`url: "${url}"`]);
      const before = bench.outside();
      assert.equal(bench.runstoneWith(env, "remote", "test", "lab").status, 7, url);
      assert.equal(bench.outside(), before, url);
    }
    assert.equal(existsSync(join(bench.top, "tmp", "ssh.log")), false);
    remote(bench, ["url: ssh://me@box:22/lab"]);
    bench.runstoneWith(env, "remote", "set", "lab", "--trust");
    assert.match(bench.runstoneWith(env, "remote", "test", "lab").stdout, /version: runstone 0\.1\.0/);
    const started = readFileSync(join(bench.top, "tmp", "ssh.log"), "utf8");
    assert.match(
      started,
      /^-T -o BatchMode=yes -o ConnectTimeout=20 -p 22 -l me -- box runstone --version\n$/,
    );
  });

  test("hosts and users that ssh would take for options are refused, confirmed or not", (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    const bad = [
      "ssh://-oProxyCommand=touch%20x/y",
      "-oProxyCommand=touch x:y",
      "ssh://-luser@box/y",
      "ext::sh -c touch% x",
      `http://me:${CANARY}@127.0.0.1:1`,
      `ssh://me:${CANARY}@box/y`,
      "../victim",
    ];
    for (const url of bad) {
      remote(bench, [`url: ${JSON.stringify(url)}`]);
      const all = [...SPEAKERS, ["remote", "set", "lab", "--trust"], ["remote", "show", "lab"]];
      for (const args of url === bad[0] ? all : all.slice(0, 1)) {
        const done = bench.runstone(...args);
        assert.equal(done.status, 5, `${url}: ${args.join(" ")}: ${done.stderr}`);
        assert.match(done.stderr, /remotes\.lab\.url/);
        assert.doesNotMatch(done.stderr, new RegExp(CANARY));
      }
      const added = bench.runstone("remote", "add", "other", "--", url);
      if (url !== "../victim") assert.equal(added.status, 2, `${url}: ${added.stderr}`);
      assert.doesNotMatch(added.stderr, new RegExp(CANARY));
    }
    assert.equal(existsSync(join(bench.workspace, "x")), false);
  });

  test("a program in it is not started, and that is said; so is what would weaken", async (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    const server = await listen(t, bench);
    const touch = `[sh, -c, "touch ${join(bench.top, "tmp", "started")}"]`;
    remote(bench, [
      `url: ${server.url}`,
      `credential_command: ${touch}`,
      "insecure_tls: true",
      "plain_http: true",
    ]);
    bench.ok("remote", "set", "lab", "--trust");
    const done = bench.ok("remote", "test", "lab");
    for (const key of ["credential_command", "insecure_tls", "plain_http"])
      assert.match(done.stderr, new RegExp(`${key} of the remote lab is not heeded`));
    assert.equal(existsSync(join(bench.top, "tmp", "started")), false);
    assert.match(bench.ok("remote", "show", "lab").stdout, /insecure_tls: no\nplain_http: no/);
  });

  test("a file of logins that others can read is not used", async (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    const server = await listen(t, bench);
    bench.ok("remote", "add", "lab", server.url);
    const file = join(bench.top, "home", ".config", "runstone", "credentials.yaml");
    for (const mode of [0o644, 0o660, 0o604]) {
      chmodSync(file, mode);
      const done = bench.runstone("remote", "test", "lab");
      assert.equal(done.status, 7);
      assert.match(done.stderr, /can be read by others/);
      assert.match(done.stderr, /chmod 600/);
    }
    assert.deepEqual(server.asked(), []);
  });

  test("a password goes over plain http to no other machine", (t) => {
    const bench = new Bench(t);
    bench.ok("init");
    bench.ok("remote", "add", "lab", "http://192.0.2.1:5000");
    put(join(bench.top, "tmp", "token"), CANARY);
    const login = bench.runstoneReading(join(bench.top, "tmp", "token"), "login", "lab", "--token-stdin");
    assert.equal(login.status, 2, login.stderr);
    assert.match(login.stderr, /--plain-http yes/);
    assert.deepEqual(filesHolding(join(bench.top, "home", ".config"), CANARY), []);
    const test = bench.runstoneWith(TOKEN, "remote", "test", "lab");
    assert.notEqual(test.status, 0);
    assert.match(test.stderr, /everybody on the way can read/);
  });
});
