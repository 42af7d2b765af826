/** Remotes of a workspace: what the config says, what this user confirmed, and who gets credentials. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { initWorkspace } from "../../core/index.js";
import { configPath } from "../../core/workspace/find-workspace.js";
import { isRunstoneError } from "../../store-format/index.js";
import { parseCredentials } from "../../sync/remotes/credentials.js";
import {
  addRemote,
  changePrivateRemote,
  changeRemote,
  defaultRemote,
  type Environment,
  httpSettingsOf,
  openByKind,
  openRemote,
  type PrivateRemote,
  privateDirectoryOf,
  readPrivateRemote,
  readRemote,
  readRemotes,
  removeRemote,
  renamePrivateRemote,
  renameRemote,
} from "../../sync/remotes/index.js";
import fc from "../helpers/fast-check.js";
import { temporaryDirectory } from "../helpers/new-store.js";

const refuses = (code: string, call: () => unknown) =>
  assert.throws(call, (error) => isRunstoneError(error) && error.code === code);

interface Bench {
  readonly workspace: string;
  readonly env: Environment;
  /** Of the user's own settings. */
  readonly directory: string;
}

function newBench(t: TestContext, remotes = ""): Bench {
  const top = temporaryDirectory(t);
  const workspace = join(top, "project");
  mkdirSync(workspace);
  initWorkspace(workspace);
  writeFileSync(configPath(workspace), `# mine\nformat: 1\nremotes: # of the lab\n${remotes}`);
  const env = { HOME: top, PATH: process.env["PATH"] };
  return { workspace, env, directory: privateDirectoryOf(env, "linux")! };
}

const LAB = "  lab:\n    url: https://lab.example.org\n";

function confirm({ workspace, directory }: Bench, change: Partial<PrivateRemote> = {}, name = "lab"): void {
  changePrivateRemote(directory, { workspace, name }, () => ({
    confirmed: "https://lab.example.org",
    login: null,
    insecureTls: false,
    plainHttp: false,
    ...change,
  }));
}

function open({ workspace, env }: Bench, more: Environment = {}, warnings: string[] = []) {
  return openRemote({
    workspace,
    name: "lab",
    env: { ...env, ...more },
    platform: "linux",
    warn: (message) => warnings.push(message),
  });
}

describe("remotes of the config", () => {
  test("adding, changing, renaming and removing keep the comments and the rest", (t) => {
    const { workspace } = newBench(t, LAB);
    addRemote(workspace, "usb", { url: "/media/usb", prefix: "me/", map: { a: "b", "x: y": "#" }, jobs: 3 });
    const usb = readRemote(workspace, "usb");
    assert.deepEqual({ ...usb.experiments.map }, { a: "b", "x: y": "#" });
    assert.deepEqual([usb.experiments.prefix, usb.jobs, usb.receipts], ["me/", 3, "local"]);
    changeRemote(workspace, "usb", { map: { a: null }, jobs: null, prefix: null, receipts: "committed" });
    renameRemote(workspace, "usb", "stick");
    const stick = readRemote(workspace, "stick");
    assert.deepEqual({ ...stick.experiments.map }, { "x: y": "#" });
    assert.deepEqual([stick.experiments.prefix, stick.jobs, stick.receipts], ["", null, "committed"]);
    assert.deepEqual(
      readRemotes(workspace).remotes.map(({ name }) => name),
      ["lab", "stick"],
    );
    removeRemote(workspace, "stick");
    assert.match(readFileSync(configPath(workspace), "utf8"), /# mine[\s\S]*# of the lab/);
    assert.deepEqual(
      readRemotes(workspace).remotes.map(({ name }) => name),
      ["lab"],
    );
  });

  test("a config without the section, or with an empty one, gets it in block style", (t) => {
    for (const section of ["", "remotes: {}\n", "remotes:\n"]) {
      const { workspace } = newBench(t);
      writeFileSync(configPath(workspace), `format: 1\n${section}`);
      addRemote(workspace, "usb", { url: "/media/usb" });
      assert.equal(
        readFileSync(configPath(workspace), "utf8"),
        "format: 1\nremotes:\n  usb:\n    url: /media/usb\n",
      );
    }
  });

  test("names that are taken, unsafe or unknown", (t) => {
    const { workspace } = newBench(t, LAB);
    const before = readFileSync(configPath(workspace), "utf8");
    refuses("RESOURCE_ALREADY_EXISTS", () => addRemote(workspace, "LAB", { url: "/media/usb" }));
    refuses("INVALID_PARAMETER_VALUE", () => addRemote(workspace, "../x", { url: "/media/usb" }));
    refuses("RESOURCE_DOES_NOT_EXIST", () => changeRemote(workspace, "usb", { url: "/media/usb" }));
    refuses("RESOURCE_DOES_NOT_EXIST", () => removeRemote(workspace, "usb"));
    refuses("RESOURCE_DOES_NOT_EXIST", () => readRemote(workspace, "usb"));
    refuses("DAMAGED", () => changeRemote(workspace, "lab", { url: "http://me:pw@lab" }));
    assert.equal(readFileSync(configPath(workspace), "utf8"), before);
    renameRemote(workspace, "lab", "Lab");
    assert.equal(defaultRemote(workspace), "Lab");
  });

  test("one damaged remote hides no other, and is named with its setting", (t) => {
    const bad = [
      "  a: 1",
      "  b:\n    url: ../x",
      "  c: {}",
      "  d:\n    url: /x\n    jobs: 0",
      "  e:\n    url: /x\n    kind: mlflow",
      "  f:\n    url: /x\n    receipts: maybe",
      "  -g:\n    url: /x",
      "  h:\n    url: /x\n    experiments:\n      map: [1]",
      "  __proto__:\n    url: 7",
    ];
    const { workspace } = newBench(t, `${LAB}${bad.join("\n")}\n`);
    const { remotes, problems } = readRemotes(workspace);
    assert.deepEqual(
      remotes.map(({ name }) => name),
      ["lab"],
    );
    assert.deepEqual(
      problems.map(({ code, data }) => [code, data["field"]]),
      [
        ["DAMAGED", "remotes.a"],
        ["DAMAGED", "remotes.b.url"],
        ["DAMAGED", "remotes.c.url"],
        ["DAMAGED", "remotes.d.jobs"],
        ["DAMAGED", "remotes.e.kind"],
        ["DAMAGED", "remotes.f.receipts"],
        ["DAMAGED", "remotes.-g"],
        ["DAMAGED", "remotes.h.experiments.map"],
        ["DAMAGED", "remotes.__proto__"],
      ],
    );
  });
});

describe("what this user confirmed", () => {
  test("a remote of the config alone is not spoken with", (t) => {
    const bench = newBench(t, LAB);
    refuses("UNTRUSTED_REMOTE", () => open(bench));
    confirm(bench);
    assert.equal(open(bench).address.text, "https://lab.example.org");
  });

  test("another address, another name and another workspace are not confirmed", async (t) => {
    const bench = newBench(t, `${LAB}  two:\n    url: https://lab.example.org\n`);
    confirm(bench, { login: { kind: "bearer", token: "t" } });
    writeFileSync(
      configPath(bench.workspace),
      readFileSync(configPath(bench.workspace), "utf8").replace("https://lab", "https://lab2"),
    );
    assert.throws(
      () => open(bench),
      (error) =>
        isRunstoneError(error, "UNTRUSTED_REMOTE") &&
        /lab2\.example\.org/.test(error.message) &&
        /remote set lab --trust/.test(error.hint ?? ""),
    );
    refuses("UNTRUSTED_REMOTE", () =>
      openRemote({ ...bench, name: "two", platform: "linux", warn: () => {} }),
    );
    const other = join(bench.workspace, "..", "other");
    mkdirSync(other);
    initWorkspace(other);
    writeFileSync(configPath(other), `format: 1\nremotes:\n${LAB}`);
    refuses("UNTRUSTED_REMOTE", () => open({ ...bench, workspace: other }));
  });

  test("directories and other machines count by their whole address", (t) => {
    const bench = newBench(t, "  lab:\n    url: ssh://box/data\n");
    confirm(bench, { confirmed: "ssh://box/elsewhere" });
    refuses("UNTRUSTED_REMOTE", () => open(bench));
    confirm(bench, { confirmed: "ssh://box/data" });
    assert.equal(open(bench).http, null);
  });

  test("MLflow's variables confirm the server that they name, and no other", async (t) => {
    const bench = newBench(t, LAB);
    const token = { MLFLOW_TRACKING_TOKEN: "env" };
    for (const uri of [
      "https://lab.example.org.evil",
      "http://lab.example.org",
      "https://lab.example.org:8443",
      "lab",
    ])
      refuses("UNTRUSTED_REMOTE", () => open(bench, { MLFLOW_TRACKING_URI: uri, ...token }));
    const same = open(bench, { MLFLOW_TRACKING_URI: "https://lab.example.org/other/path", ...token });
    assert.deepEqual(await same.credentials(), { kind: "bearer", token: "env" });
  });
});

describe("credentials", () => {
  const login = { kind: "basic", username: "me", password: "pw" } as const;
  const token = { MLFLOW_TRACKING_TOKEN: "env" };

  test("variables of another server are not sent; of none they stand in for a login", async (t) => {
    const bench = newBench(t, LAB);
    confirm(bench);
    const elsewhere = { MLFLOW_TRACKING_URI: "https://databricks.example.com", ...token };
    assert.deepEqual(await open(bench, elsewhere).credentials(), { kind: "none" });
    assert.deepEqual(await open(bench, token).credentials(), { kind: "bearer", token: "env" });
    confirm(bench, { login });
    assert.deepEqual(await open(bench, token).credentials(), login);
    const here = { MLFLOW_TRACKING_URI: "https://lab.example.org", ...token };
    assert.deepEqual(await open(bench, here).credentials(), { kind: "bearer", token: "env" });
    const both = { ...here, MLFLOW_TRACKING_USERNAME: "u", MLFLOW_TRACKING_PASSWORD: "p" };
    assert.deepEqual(await open(bench, both).credentials(), { kind: "basic", username: "u", password: "p" });
  });

  test("what weakens comes from this user alone", async (t) => {
    const bench = newBench(
      t,
      `${LAB}    insecure_tls: true\n    token: x\n    credential_command: touch y\n`,
    );
    confirm(bench);
    const warnings: string[] = [];
    const remote = open(bench, { MLFLOW_TRACKING_INSECURE_TLS: "true" }, warnings);
    assert.equal(remote.http?.insecureTls, false);
    assert.deepEqual(await remote.credentials(), { kind: "none" });
    assert.equal(warnings.length, 3);
    for (const key of ["insecure_tls", "token", "credential_command"])
      assert.ok(warnings.some((line) => line.includes(`${key} of the remote lab is not heeded`)));
    confirm(bench, { insecureTls: true });
    warnings.length = 0;
    assert.equal(open(bench, {}, warnings).http?.insecureTls, true);
    assert.ok(warnings.some((line) => line.includes("certificate")));
  });

  test("waits and retries follow MLflow's variables", async (t) => {
    const bench = newBench(t, LAB);
    confirm(bench);
    const variables = {
      MLFLOW_HTTP_REQUEST_TIMEOUT: "10",
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: "2",
      MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: "0.5",
      MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER: "false",
    };
    const { timeoutMs, maxRetries, backoffMs, jitterMs, respectRetryAfter } = await httpSettingsOf(
      open(bench, variables),
    );
    assert.deepEqual(
      [timeoutMs, maxRetries, backoffMs, jitterMs, respectRetryAfter],
      [10_000, 2, 500, 1_000, false],
    );
    assert.throws(() => open(bench, { MLFLOW_HTTP_REQUEST_TIMEOUT: "soon" }), {
      code: "INVALID_PARAMETER_VALUE",
    });
  });

  test("a program is asked each time, without a shell", async (t) => {
    const bench = newBench(t, LAB);
    const script =
      "console.log(JSON.stringify({ username: process.argv[1], password: String(process.hrtime()) }))";
    const command = [process.execPath, "-e", script, "a; touch x $(id)"];
    confirm(bench, { login: { kind: "command", command } });
    const remote = open(bench);
    assert.equal(remote.credentialSource, "command");
    const [first, second] = [await remote.credentials(), await remote.credentials()];
    assert.equal(first.kind === "basic" && first.username, "a; touch x $(id)");
    assert.notDeepEqual(first, second);
    assert.equal((await httpSettingsOf(remote)).url, "https://lab.example.org");
  });

  test("a login that is renewed meanwhile is taken; without a confirmation there is none", async (t) => {
    const bench = newBench(t, LAB);
    confirm(bench, { login: { kind: "bearer", token: "old" } });
    const remote = open(bench);
    assert.deepEqual(await remote.credentials(), { kind: "bearer", token: "old" });
    confirm(bench, { login: { kind: "bearer", token: "new" } });
    assert.deepEqual(await remote.credentials(), { kind: "bearer", token: "new" });
    changePrivateRemote(bench.directory, { workspace: bench.workspace, name: "lab" }, () => null);
    await assert.rejects(remote.credentials(), (error) => isRunstoneError(error, "UNTRUSTED_REMOTE"));
  });

  test("a program that fails is told without what it printed", async (t) => {
    const bench = newBench(t, LAB);
    const failing = [
      "process.stdout.write('s3cret'); process.exit(3)",
      "console.log('s3cret two words')",
      "",
    ];
    for (const script of failing) {
      confirm(bench, { login: { kind: "command", command: [process.execPath, "-e", script] } });
      await assert.rejects(
        () => open(bench).credentials(),
        (error) => isRunstoneError(error, "UNAUTHENTICATED") && !JSON.stringify(error).includes("s3cret"),
      );
    }
    confirm(bench, { login: { kind: "command", command: ["no-such-program-here"] } });
    await assert.rejects(() => open(bench).credentials(), /not on the PATH/);
  });

  test("what a program may print", () => {
    assert.deepEqual(parseCredentials("  tok\n"), { kind: "bearer", token: "tok" });
    assert.deepEqual(parseCredentials('{"token":"tok"}'), { kind: "bearer", token: "tok" });
    for (const bad of [
      "",
      "a b",
      "a\nb",
      "{",
      "{}",
      '{"token":"a b"}',
      '{"token":1}',
      '{"username":"u"}',
      "é",
    ])
      assert.equal(parseCredentials(bad), undefined, bad);
  });
});

describe("the file of this user", () => {
  test("is 0600 in a directory of 0700, and holds what was put there", (t) => {
    const bench = newBench(t, LAB);
    const texts = fc.string({ unit: "grapheme" }).filter((text) => !/\p{Cs}/u.test(text));
    const logins = fc.option(
      fc.oneof(
        fc.record({ kind: fc.constant("bearer" as const), token: texts }, { noNullPrototype: true }),
        fc.record(
          { kind: fc.constant("basic" as const), username: texts, password: texts },
          { noNullPrototype: true },
        ),
        fc.record(
          { kind: fc.constant("command" as const), command: fc.array(texts, { minLength: 1 }) },
          { noNullPrototype: true },
        ),
      ),
    );
    fc.assert(
      fc.property(logins, fc.boolean(), fc.boolean(), (login, insecureTls, plainHttp) => {
        confirm(bench, { login, insecureTls, plainHttp });
        const found = readPrivateRemote(bench.directory, { workspace: bench.workspace, name: "lab" });
        assert.deepEqual(found, { confirmed: "https://lab.example.org", login, insecureTls, plainHttp });
      }),
      { numRuns: 40 },
    );
    assert.equal(statSync(bench.directory).mode & 0o777, 0o700);
    assert.equal(statSync(join(bench.directory, "credentials.yaml")).mode & 0o777, 0o600);
  });

  test("is refused when others can read it or write beside it, and when it is a link", (t) => {
    const bench = newBench(t, LAB);
    confirm(bench);
    const path = join(bench.directory, "credentials.yaml");
    for (const mode of [0o640, 0o604, 0o622]) {
      chmodSync(path, mode);
      refuses("PERMISSION_DENIED", () => open(bench));
      refuses("PERMISSION_DENIED", () => confirm(bench));
    }
    chmodSync(path, 0o600);
    chmodSync(bench.directory, 0o777);
    refuses("PERMISSION_DENIED", () => open(bench));
    chmodSync(bench.directory, 0o700);
    open(bench);
    const elsewhere = join(bench.workspace, "credentials.yaml");
    writeFileSync(elsewhere, readFileSync(path), { mode: 0o600 });
    const linked = join(bench.directory, "..", "linked", "runstone");
    mkdirSync(linked, { recursive: true, mode: 0o700 });
    symlinkSync(elsewhere, join(linked, "credentials.yaml"));
    refuses("PERMISSION_DENIED", () => open(bench, { XDG_CONFIG_HOME: join(linked, "..") }));
  });

  test("damage and newer formats are told, never what the file holds", (t) => {
    const bench = newBench(t, LAB);
    confirm(bench);
    const path = join(bench.directory, "credentials.yaml");
    for (const [text, code] of [
      ["format: 2\n", "FORMAT_TOO_NEW"],
      ["token: s3cret\n", "DAMAGED"],
      ["format: 1\nworkspaces: s3cret\n", "DAMAGED"],
      ["format: 1\nworkspaces:\n  x: [s3cret\n", "DAMAGED"],
      [`format: 1\nworkspaces:\n  ${bench.workspace}:\n    lab:\n      token: s3cret\n`, "DAMAGED"],
    ] as const) {
      writeFileSync(path, text);
      assert.throws(
        () => open(bench),
        (error) => isRunstoneError(error, code) && !JSON.stringify(error).includes("s3cret"),
        text,
      );
    }
  });

  test("another name takes it along; nothing is left of what is forgotten", (t) => {
    const bench = newBench(t, LAB);
    const key = { workspace: bench.workspace, name: "lab" };
    confirm(bench, { login: { kind: "bearer", token: "s3cret" } });
    renamePrivateRemote(bench.directory, key, "two");
    assert.equal(readPrivateRemote(bench.directory, key), null);
    const moved = readPrivateRemote(bench.directory, { ...key, name: "two" });
    assert.deepEqual(moved?.login, { kind: "bearer", token: "s3cret" });
    changePrivateRemote(bench.directory, { ...key, name: "two" }, () => null);
    assert.doesNotMatch(readFileSync(join(bench.directory, "credentials.yaml"), "utf8"), /s3cret|lab/);
  });

  test("lies where the environment says, and nowhere when it says nothing", (t) => {
    assert.equal(privateDirectoryOf({ HOME: "/home/me" }, "linux"), "/home/me/.config/runstone");
    assert.equal(privateDirectoryOf({ HOME: "/h", XDG_CONFIG_HOME: "/x" }, "darwin"), "/x/runstone");
    assert.equal(privateDirectoryOf({ HOME: "/h", XDG_CONFIG_HOME: "x" }, "linux"), "/h/.config/runstone");
    assert.equal(privateDirectoryOf({ APPDATA: "C:\\a" }, "win32"), "C:\\a\\runstone");
    assert.equal(privateDirectoryOf({}, "linux"), null);
    const bench = newBench(t, LAB);
    refuses("UNTRUSTED_REMOTE", () => open({ ...bench, env: {} }));
    refuses("UNSUPPORTED", () => confirm({ ...bench, directory: null as unknown as string }));
    assert.equal(existsSync(bench.directory), false);
  });
});

test("a kind without an opener is told", async (t) => {
  const bench = newBench(t, LAB);
  confirm(bench);
  const remote = open(bench);
  assert.equal(await openByKind(remote, { mlflow: async ({ name }) => name }), "lab");
  await assert.rejects(openByKind(remote, { ssh: async () => "x" }), (error) =>
    isRunstoneError(error, "UNSUPPORTED"),
  );
});
