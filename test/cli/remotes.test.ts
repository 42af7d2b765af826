/** `runstone remote`, `login` and `logout`, with files in a home of their own. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { openRemoteState, type RunState, readRemoteState } from "../../sync/index.js";
import { TerminalProgram, terminalMissing } from "../helpers/terminal.js";
import { BINARY, newDirectory, type Workspace } from "./program.js";

function newWorkspace(t: TestContext): Workspace & { readonly credentials: string } {
  const made = newDirectory(t);
  made.read(["init"]);
  return { ...made, credentials: join(made.directory, ".config", "runstone", "credentials.yaml") };
}

const SERVER = "http://127.0.0.1:9";

function stateOf(runId: string): RunState {
  const marks = { remoteRunId: "q", remoteExperimentId: null, localMark: "m", remoteMark: null };
  return { runId, ...marks, common: null, watermarks: {}, artifacts: {}, receipt: null };
}

function knownRuns(workspace: string, name: string, address: string): readonly string[] {
  const view = readRemoteState({ workspace, root: workspace, warn: assert.fail }, name, { address });
  const ids = [...view.runIds()];
  view.close();
  return ids;
}

function remember(workspace: string, name: string, address: string): void {
  const state = openRemoteState({ workspace, root: workspace, warn: assert.fail }, name, { address });
  state.save(stateOf("r1"));
  state.close();
}

describe("remotes", () => {
  test("are added, listed, shown and changed", (t) => {
    const { run, read, directory } = newWorkspace(t);
    assert.match(run(["remote"]).stderr, /No remotes/);
    read(["remote", "add", "lab", `${SERVER}/`, "--prefix", "ada/", "--map", "a=b", "--jobs", "3"]);
    read(["remote", "add", "usb", "../usb"]);
    const listed = JSON.parse(read(["remote", "list", "--json"]));
    const usb = join(directory, "..", "usb");
    assert.deepEqual(listed, [
      { name: "lab", kind: "mlflow", url: SERVER, confirmed: true, login: "none" },
      { name: "usb", kind: "directory", url: usb, confirmed: true, login: "none" },
    ]);
    read(["remote", "set", "lab", "--map", "a=", "--map", "c=d", "--prefix", "", "--artifacts", "none"]);
    const lab = JSON.parse(read(["remote", "show", "lab", "--json"]));
    const { prefix, map, artifacts, jobs, confirmed } = lab;
    assert.deepEqual([prefix, map, artifacts, jobs, confirmed], ["", { c: "d" }, "none", 3, true]);
    assert.equal(run(["remote", "set", "lab"]).status, 2);
    assert.equal(run(["remote", "set", "lab", "--jobs", "0"]).status, 2);
    assert.equal(run(["remote", "show"]).status, 2);
    assert.equal(run(["remote", "show", "nope"]).status, 3);
    assert.equal(run(["remote", "add", "LAB", SERVER]).status, 4);
    assert.equal(run(["remote", "add", "x/y", SERVER]).status, 2);
  });

  test("a workspace is needed, and that of --store will do", (t) => {
    const { run, read, directory } = newDirectory(t);
    assert.equal(run(["remote"]).status, 3);
    mkdirSync(join(directory, "project"));
    read(["-C", "project", "init"]);
    read(["-C", "project", "remote", "add", "lab", SERVER]);
    assert.match(read(["--store", "project/mlruns", "remote"]), /^lab /m);
  });

  test("removing forgets the login at once, and what was synced only when asked to", (t) => {
    const { run, read, directory, credentials } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    read(["login", "--token-stdin"], { input: "s3cret\n" });
    remember(directory, "lab", SERVER);
    read(["remote", "remove", "lab"]);
    assert.doesNotMatch(readFileSync(credentials, "utf8"), /s3cret|lab/);
    assert.deepEqual(knownRuns(directory, "lab", SERVER), ["r1"]);
    read(["remote", "add", "lab", SERVER]);
    assert.match(read(["remote", "show"]), /runs_known: 1/);
    assert.match(run(["remote", "remove", "lab", "--forget-state"]).stderr, /what was known/);
    assert.equal(existsSync(join(directory, ".runstone", "remotes", "lab")), false);
    assert.equal(run(["remote", "remove", "lab"]).status, 3);
  });

  test("renaming takes state and login along", (t) => {
    const { run, read, directory } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    read(["remote", "add", "two", "http://127.0.0.1:10"]);
    read(["login", "lab", "--token-stdin"], { input: "s3cret" });
    remember(directory, "lab", SERVER);
    remember(directory, "server", "http://127.0.0.1:11");
    assert.equal(run(["remote", "rename", "lab", "two"]).status, 4);
    read(["remote", "rename", "lab", "server"]);
    assert.deepEqual(knownRuns(directory, "server", SERVER), ["r1"]);
    assert.equal(existsSync(join(directory, ".runstone", "remotes", "lab")), false);
    assert.match(read(["remote", "show", "server"]), /login: token: set[\s\S]*runs_known: 1/);
    openRemoteState({ workspace: directory, root: directory, warn: assert.fail }, "server").close();
  });

  test("while a sync works with it, its state is neither moved nor forgotten", (t) => {
    const { run, read, directory } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    const state = openRemoteState({ workspace: directory, root: directory, warn: assert.fail }, "lab");
    assert.equal(run(["remote", "remove", "lab", "--forget-state"]).status, 9);
    assert.equal(run(["remote", "rename", "lab", "x"]).status, 9);
    assert.match(read(["remote"]), /^lab /m);
    state.close();
    read(["remote", "rename", "lab", "x"]);
  });

  test("another address is confirmed by giving it, and logs out of the old one", (t) => {
    const { run, read, directory } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    read(["login", "--token-stdin"], { input: "s3cret" });
    remember(directory, "lab", SERVER);
    read(["remote", "set", "lab", "--url", `${SERVER}/team`]);
    assert.match(read(["remote", "show"]), /login: token: set[\s\S]*runs_known: 0/);
    read(["remote", "set", "lab", "--url", "http://127.0.0.1:10"]);
    assert.match(read(["remote", "show"]), /confirmed: yes\nlogin: none/);
    assert.equal(run(["remote", "set", "lab", "--url", "http://u:p@127.0.0.1:10"]).status, 2);
  });

  test("test says what it found, by kind", (t) => {
    const { run, read, directory } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    const lab = run(["remote", "test", "lab"]);
    assert.deepEqual([lab.status, /^NO {2}reachable: .*nobody listens/m.test(lab.stdout)], [10, true]);
    mkdirSync(join(directory, "usb"));
    read(["remote", "add", "usb", "usb"]);
    assert.match(read(["remote", "test", "usb"]), /^ok {2}reachable: .*usb is there\nok {2}writable/);
    writeFileSync(join(directory, "file"), "");
    read(["remote", "add", "file", "file"]);
    assert.match(run(["remote", "test", "file"]).stdout, /^NO {2}reachable: .*no directory/);
    assert.deepEqual(Object.keys(JSON.parse(read(["remote", "test", "usb", "--json"]))), [
      "name",
      "url",
      "findings",
    ]);
  });
});

describe("login", () => {
  test("from standard input, by a command, and out again", (t) => {
    const { run, read, credentials } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    read(["login", "lab", "--username", "ada", "--password-stdin"], { input: "p w: #1\r\n" });
    assert.match(read(["remote", "show"]), /login: user ada, password: set/);
    assert.match(readFileSync(credentials, "utf8"), /password: 'p w: #1'/);
    read(["login", "lab", "--command", "--", "pass", "show", "--x", "lab"]);
    assert.match(read(["remote", "show"]), /login: asked of pass\n/);
    assert.doesNotMatch(readFileSync(credentials, "utf8"), /p w/);
    assert.match(run(["logout"]).stderr, /logged out of lab/);
    assert.match(run(["logout"]).stderr, /there was no login/);
    assert.match(read(["remote", "show"]), /confirmed: yes\nlogin: none/);
  });

  test("lines that are not clear, secrets that cannot be sent, and no terminal", (t) => {
    const { run, read } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    read(["remote", "add", "usb", "usb"]);
    const cases: readonly (readonly [args: readonly string[], input: string])[] = [
      [["lab"], "x"],
      [["--token-stdin"], "x"],
      [["lab", "--token-stdin"], ""],
      [["lab", "--token-stdin"], "a b"],
      [["lab", "--token-stdin", "--username", "a"], "x"],
      [["lab", "--token-stdin", "--password-stdin"], "x"],
      [["lab", "--password-stdin"], "x"],
      [["lab", "--username", "a:b", "--password-stdin"], "x"],
      [["lab", "--username", "a", "--password-stdin"], "a\nb"],
      [["lab", "--command"], ""],
      [["lab", "tok", "--token-stdin"], "x"],
    ];
    for (const [args, input] of cases)
      assert.equal(run(["login", ...args], { input }).status, 2, args.join(" "));
    assert.equal(run(["login", "usb", "--token-stdin"], { input: "x" }).status, 8);
    assert.match(read(["remote", "show", "lab"]), /login: none/);
  });

  test("at a terminal nothing of the password is shown", { skip: terminalMissing() }, async (t) => {
    const { read, directory, credentials } = newWorkspace(t);
    read(["remote", "add", "lab", SERVER]);
    const program = new TerminalProgram(t, [process.execPath, BINARY, "login"], {
      rows: 24,
      columns: 80,
      cwd: directory,
    });
    await program.until(() => program.output.includes("User name"));
    program.press("ada\r");
    await program.until(() => program.output.includes("Password: "));
    program.press("wrong\x15s3creX\x7ft");
    program.press("\r");
    await program.until(() => program.events.some((event) => event.startsWith("exited")));
    assert.deepEqual(program.events, ["exited 0"]);
    assert.match(program.output, /Log in to lab: http:\/\/127\.0\.0\.1:9/);
    assert.doesNotMatch(program.output, /wrong|s3cre/);
    assert.match(readFileSync(credentials, "utf8"), /password: s3cret\n[\s\S]*username: ada/);
  });

  test("given up at a terminal, it changes nothing", { skip: terminalMissing() }, async (t) => {
    for (const [keys, event] of [
      ["\x03", "killed 2"],
      ["\x04", "exited 2"],
    ] as const) {
      const { read, directory, credentials } = newWorkspace(t);
      read(["remote", "add", "lab", SERVER]);
      const before = readFileSync(credentials, "utf8");
      const command = [process.execPath, BINARY, "login", "--username", "ada"];
      const program = new TerminalProgram(t, command, { rows: 24, columns: 80, cwd: directory });
      await program.until(() => program.output.includes("Password: "));
      program.press(keys);
      await program.until(() => program.events.length > 0);
      assert.deepEqual(program.events, [event]);
      assert.equal(readFileSync(credentials, "utf8"), before);
    }
  });
});
