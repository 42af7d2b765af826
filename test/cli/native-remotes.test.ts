/** The commands that share runs with a directory and over ssh, as a user types them. ssh is a stand-in that starts a shell here. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { treeOf } from "../helpers/new-store.js";
import { newDirectory, type Workspace } from "./program.js";
import { newSshEnvironment } from "./ssh-stand-in.js";

interface Lab {
  readonly a: Workspace;
  readonly url: string;
  readonly env: Record<string, string>;
  in(name: string): Workspace["run"];
}

const KINDS: Readonly<Record<string, (top: string) => string>> = {
  directory: (top) => join(top, "stick/lab"),
  ssh: (top) => `ssh://node17${encodeURI(top)}/far%20lab's`,
};

function newLab(t: TestContext, kind: string): Lab {
  const top = newDirectory(t);
  const env = newSshEnvironment(top.directory);
  const inside =
    (name: string): Workspace["run"] =>
    (args, call) =>
      top.run(["-C", join(top.directory, name), ...args], { ...call, env });
  const url = KINDS[kind]!(top.directory);
  ok(top.run(["init", "a"], { env }));
  ok(inside("a")(["remote", "add", "lab", url]));
  return { a: top, url, env, in: inside };
}

interface Status {
  readonly [count: string]: unknown;
  readonly runs: readonly { readonly run_name: string; readonly state: string; readonly there: string }[];
}

/** Those that are not 0. */
function countsOf(status: Status): Record<string, unknown> {
  const counts = Object.entries(status).filter(([key]) => key !== "last_sync");
  return Object.fromEntries(counts.filter(([, value]) => typeof value === "number" && value > 0));
}

function ok({ status, stdout, stderr }: ReturnType<Workspace["run"]>): string {
  assert.equal(status, 0, stdout + stderr);
  return stdout.trim();
}

function newRun(lab: Lab, name: string): string {
  const script =
    "echo '::runstone metric loss=0.5 step=1'; echo '::runstone param lr=0.1'; echo hi > out.txt; echo '::runstone artifact out.txt'";
  ok(lab.in(name)(["run", "--name", "first", "--", "sh", "-c", script]));
  return JSON.parse(ok(lab.in(name)(["runs", "--json"])))[0].run_id;
}

for (const kind of Object.keys(KINDS))
  describe(`a remote of the kind ${kind}`, () => {
    test("push, clone, fetch and verify", (t) => {
      const lab = newLab(t, kind);
      const runId = newRun(lab, "a");
      assert.match(ok(lab.in("a")(["push"])), /^1 run pushed to lab/);
      assert.match(ok(lab.in("a")(["push"])), /^Nothing is new for lab/);
      ok(lab.a.run(["clone", lab.url, join(lab.a.directory, "b"), "--no-artifacts"], { env: lab.env }));
      const artifact = join(lab.a.directory, "b/mlruns/0", runId, "artifacts/out.txt");
      assert.throws(() => readFileSync(artifact));
      assert.match(ok(lab.in("b")(["fetch", runId, "--only", "out.txt"])), /^1 artifact of 3 B fetched/);
      assert.equal(readFileSync(artifact, "utf8"), "hi\n");
      assert.match(ok(lab.in("a")(["verify"])), /^1 run equal at lab/);
      ok(lab.in("b")(["fsck"]));
    });

    test("a dry run asks the remote, and tells what the push then moves", (t) => {
      const lab = newLab(t, kind);
      const runId = newRun(lab, "a");
      const before = treeOf(join(lab.a.directory, "a"));
      const counts = (text: string): string | undefined => /\d+ params?, .* of [^)\n]+/.exec(text)?.[0];
      const first = ok(lab.in("a")(["push", "--dry-run"]));
      assert.match(first, /^Would push 1 run to lab: /m);
      assert.deepEqual(treeOf(join(lab.a.directory, "a")), before, "nothing is written here");
      assert.equal(lab.in("a")(["verify"]).status === 0, false, "nothing is there");
      assert.equal(counts(ok(lab.in("a")(["push"]))), counts(first));
      assert.match(ok(lab.in("a")(["sync", "--dry-run"])), /^Nothing to sync with lab$/m);
      ok(lab.in("a")(["log", "metric", "loss=0.1", "--step", "9", "--run", runId]));
      const [planned] = JSON.parse(ok(lab.in("a")(["push", "--dry-run", "--json"])));
      assert.deepEqual(
        [planned.state, planned.points, planned.params, planned.artifacts],
        ["changed", 1, 0, 0],
      );
      const report = ok(lab.in("a")(["push", "--json"]))
        .split("\n")
        .at(-1)!;
      assert.equal(JSON.parse(report).moved.points, 1);
    });

    test("dry runs of pull, fetch, clone and sync tell what is moved then, and write nothing", (t) => {
      const lab = newLab(t, kind);
      const runId = newRun(lab, "a");
      ok(lab.in("a")(["push"]));
      const counts = (text: string): string | undefined => /\d+ artifacts? of [^)\n]+?B/.exec(text)?.[0];
      const there = join(lab.a.directory, "b");
      const clone = ["clone", lab.url, there];
      const foreseen = lab.a.run([...clone, "--dry-run"], { env: lab.env });
      assert.match(ok(foreseen), /^Would clone 1 run from origin: 1 param, 1 point, /m);
      assert.equal(existsSync(there), false);
      assert.equal(counts(ok(lab.a.run(clone, { env: lab.env }))), counts(foreseen.stdout));
      ok(lab.a.run(["init", "c"], { env: lab.env }));
      ok(lab.in("c")(["remote", "add", "lab", lab.url]));
      const before = treeOf(join(lab.a.directory, "c"));
      const pull = ok(lab.in("c")(["pull", "--dry-run"]));
      assert.match(pull, /^Would pull 1 run from lab: /m);
      assert.match(
        ok(lab.in("c")(["fetch", "--dry-run"])),
        /^Would fetch 1 run from lab: .*, 0 artifacts of 0 B$/m,
      );
      const sync = ok(lab.in("c")(["sync", "--dry-run"]));
      assert.deepEqual(treeOf(join(lab.a.directory, "c")), before, "nothing is written here");
      assert.equal(counts(sync), counts(pull));
      ok(lab.in("c")(["fetch"]));
      const fetched = ok(lab.in("c")(["fetch", runId, "--dry-run"]));
      assert.equal(counts(ok(lab.in("c")(["fetch", runId]))), counts(fetched));
      assert.match(fetched, /^Would fetch \d artifacts of .* from lab$/);
      assert.equal(ok(lab.in("c")(["fetch", runId, "--dry-run"])), "Nothing is missing here");
      assert.equal(ok(lab.in("c")(["pull", "--dry-run"])), "Nothing to pull from lab");
      // Of one run, both sides change.
      ok(lab.in("a")(["log", "metric", "loss=0.1", "--step", "5", "--run", runId]));
      ok(lab.in("a")(["push"]));
      ok(lab.in("c")(["log", "metric", "loss=0.2", "--step", "6", "--run", runId]));
      const [both] = JSON.parse(ok(lab.in("c")(["sync", "--dry-run", "--json"])));
      const report = JSON.parse(
        ok(lab.in("c")(["sync", "--json"]))
          .split("\n")
          .at(-1)!,
      );
      assert.deepEqual([both.points, report.moved.points], [2, 2]);
    });

    test("-e takes runs of one experiment only, wherever they are", (t) => {
      const lab = newLab(t, kind);
      for (const experiment of ["wine", "beer"])
        ok(lab.in("a")(["run", "-e", experiment, "--name", experiment, "--", "true"]));
      ok(lab.in("a")(["push"]));
      const names = (place: string): string => ok(lab.in(place)(["runs", "--format", "csv"]));
      for (const [place, ...command] of [
        ["b", "pull", "-e", "wine"],
        ["c", "fetch", "-e", "wine"],
        ["d", "sync", "-e", "wine"],
      ] as const) {
        ok(lab.a.run(["init", place], { env: lab.env }));
        ok(lab.in(place)(["remote", "add", "lab", lab.url]));
        assert.match(ok(lab.in(place)([...command, "--dry-run"])), /^Would \w+ 1 run /m);
        assert.match(ok(lab.in(place)(command)), /^1 run /);
        assert.equal(/beer/.test(names(place)), false, place);
        const typo = lab.in(place)([command[0], "-e", "whine"]);
        assert.equal(typo.status, 3);
        assert.match(typo.stderr, /there is no experiment 'whine', here or at lab/);
      }
      ok(lab.a.run(["clone", lab.url, "e", "-e", "beer"], { env: lab.env, cwd: lab.a.directory }));
      assert.equal(/wine/.test(names("e")), false);
      // Freed is what was asked for, too.
      ok(lab.in("b")(["pull"]));
      const all = ok(lab.in("b")(["prune", "--synced", "--dry-run"]));
      assert.notEqual(ok(lab.in("b")(["prune", "--synced", "--dry-run", "-e", "wine"])), all);
    });

    test("a push and a pull at a limited rate bring the same", (t) => {
      const lab = newLab(t, kind);
      const runId = newRun(lab, "a");
      assert.match(ok(lab.in("a")(["push", "--limit-rate", "20M"])), /^1 run pushed to lab/);
      ok(lab.a.run(["init", "b"], { env: lab.env }));
      ok(lab.in("b")(["remote", "add", "lab", lab.url]));
      assert.match(ok(lab.in("b")(["pull", "--limit-rate", "20M"])), /^1 run pulled from lab/);
      const artifact = join(lab.a.directory, "b/mlruns/0", runId, "artifacts/out.txt");
      assert.equal(readFileSync(artifact, "utf8"), "hi\n");
      assert.equal(lab.in("b")(["pull", "--limit-rate", "fast"]).status, 2);
    });

    test("pruned artifacts are those that the remote holds, and come back", (t) => {
      const lab = newLab(t, kind);
      const runId = newRun(lab, "a");
      ok(lab.in("a")(["push"]));
      const artifacts = join(lab.a.directory, "a/mlruns/0", runId, "artifacts");
      const before = treeOf(artifacts);
      assert.match(ok(lab.in("a")(["prune", "--synced", "--dry-run"])), /^Would free \d artifacts of /);
      assert.deepEqual(treeOf(artifacts), before);
      const freed = ok(lab.in("a")(["prune", "--synced"]));
      assert.match(
        freed,
        /^Freed \d artifacts of (.*); `runstone fetch RUN` brings them back\. Copies of \1 are /,
      );
      assert.deepEqual(treeOf(artifacts), {});
      assert.match(ok(lab.in("a")(["sync"])), /^Nothing is new/);
      ok(lab.in("a")(["fsck"]));
      assert.match(ok(lab.in("a")(["fetch", runId])), /^\d artifacts of .* fetched/);
      assert.deepEqual(treeOf(artifacts), before);
      assert.equal(lab.in("a")(["prune"]).status, 2);
    });

    test("what the remote lost, or what changed here, is not pruned", (t) => {
      const lab = newLab(t, kind);
      const runId = newRun(lab, "a");
      ok(lab.in("a")(["push"]));
      const there = join(lab.a.directory, kind === "ssh" ? "far lab's" : "stick/lab", "mlruns/0", runId);
      chmodSync(join(there, "artifacts/out.txt"), 0o644);
      writeFileSync(join(there, "artifacts/out.txt"), "HI\n");
      const pruned = lab.in("a")(["prune", "--synced"]);
      assert.equal(pruned.status, 11, pruned.stdout + pruned.stderr);
      assert.equal(
        readFileSync(join(lab.a.directory, "a/mlruns/0", runId, "artifacts/out.txt"), "utf8"),
        "hi\n",
      );
      const verified = lab.in("a")(["verify"]);
      assert.equal(verified.status, 11, verified.stdout + verified.stderr);
    });

    test("status --online tells what is new there, by name", (t) => {
      const lab = newLab(t, kind);
      newRun(lab, "a");
      ok(lab.in("a")(["push"]));
      ok(lab.a.run(["init", "b"], { env: lab.env }));
      ok(lab.in("b")(["remote", "add", "lab", lab.url]));
      const shown = ok(lab.in("b")(["status", "--online"]));
      assert.match(shown, /NEW THERE +CHANGED THERE +GONE THERE/);
      assert.match(shown, /^ {2}new there +[0-9a-f]{8} {2}first$/m);
      const [status] = JSON.parse(ok(lab.in("b")(["status", "--online", "--json"])));
      assert.deepEqual(countsOf(status), { new_there: 1 });
      const { run_name, state, there } = (status as Status).runs[0]!;
      assert.deepEqual([run_name, state, there], ["first", null, "new"]);
    });

    test("status counts what runs", (t) => {
      const lab = newLab(t, kind);
      const id = ok(lab.in("a")(["start", "--name", "live"]));
      ok(lab.in("a")(["push"]));
      const [online] = JSON.parse(ok(lab.in("a")(["status", "--online", "--json"])));
      const [offline] = JSON.parse(ok(lab.in("a")(["status", "--json"])));
      assert.deepEqual(countsOf(online), { synced: 1, running: 1 });
      assert.deepEqual(countsOf(offline), { synced: 1, running: 1 });
      assert.match(ok(lab.in("a")(["status"])), /^ {2}running +[0-9a-f]{8} {2}live$/m);
      ok(lab.in("a")(["end", "--run", id]));
      const [ended] = JSON.parse(ok(lab.in("a")(["status", "--json"])));
      assert.deepEqual(countsOf(ended), { changed: 1 });
    });

    test("a conflict is listed and settled on both sides", (t) => {
      const lab = newLab(t, kind);
      const runId = newRun(lab, "a");
      ok(lab.in("a")(["sync"]));
      ok(lab.a.run(["clone", lab.url, join(lab.a.directory, "b")], { env: lab.env }));
      ok(lab.in("a")(["tag", "first", "stage=dev"]));
      ok(lab.in("b")(["tag", "first", "stage=prod"]));
      ok(lab.in("a")(["sync"]));
      const met = lab.in("b")(["sync"]);
      assert.equal(met.status, 11, met.stdout + met.stderr);
      assert.match(ok(lab.in("b")(["resolve"])), /tag:stage +- +prod +dev/);
      ok(lab.in("b")(["resolve", runId, "--value", "final"]));
      ok(lab.in("a")(["sync"]));
      for (const name of ["a", "b"]) {
        const shown = JSON.parse(ok(lab.in(name)(["show", runId, "--json"])));
        assert.equal(shown.tags.stage, "final", name);
      }
      assert.match(ok(lab.in("b")(["resolve"])), /^Nothing is in conflict/);
    });
  });

describe("several remotes", () => {
  test("one that does not answer hides nothing of the others; exit code 11", (t) => {
    const lab = newLab(t, "directory");
    newRun(lab, "a");
    ok(lab.in("a")(["push"]));
    ok(lab.in("a")(["remote", "add", "away", "http://127.0.0.1:9"]));
    const both = lab.in("a")(["status", "--online"]);
    assert.equal(both.status, 11, both.stdout + both.stderr);
    assert.match(both.stdout, /^lab +1 +0 +0 +0 +0 +0 +0 +0 +/m);
    assert.match(both.stdout, /^away +0 +1 +0 +\? +\? +\? +0 +0 +-$/m);
    assert.match(both.stderr, /away was not asked: /);
    assert.equal(lab.in("a")(["status", "--online", "away"]).status, 10);
    ok(lab.in("a")(["status"]));
  });
});

describe("ssh", () => {
  test("gets an argument list, and the far shell a quoted path", (t) => {
    const lab = newLab(t, "ssh");
    newRun(lab, "a");
    ok(lab.in("a")(["push"]));
    const args = readFileSync(join(lab.a.directory, "ssh.args"), "utf8").trim().split("\n");
    assert.deepEqual(args.slice(0, 7), [
      "-T",
      "-o",
      "BatchMode=yes",
      "-o",
      "ServerAliveInterval=30",
      "--",
      "node17",
    ]);
    assert.equal(args[7], `runstone serve --stdio --store '${lab.a.directory}/far lab'\\''s'`);
  });

  test("a far end without runstone, and one that prints before it begins, are told apart", (t) => {
    const lab = newLab(t, "ssh");
    rmSync(join(lab.a.directory, "runstone"));
    const PATH = "/usr/bin:/bin";
    const without = lab.a.run(["-C", join(lab.a.directory, "a"), "push"], { env: { ...lab.env, PATH } });
    assert.equal(without.status, 8, without.stderr);
    assert.match(without.stderr, /runstone is not installed on node17/);
    writeFileSync(join(lab.a.directory, "ssh"), "#!/bin/sh\necho 'Welcome to node17'\ncat > /dev/null\n");
    const noisy = lab.in("a")(["push"]);
    assert.equal(noisy.status, 10, noisy.stderr);
    assert.match(noisy.stderr, /sent text instead of the protocol: Welcome to node17/);
  });

  test("serve speaks with programs only, and needs a store", (t) => {
    const lab = newLab(t, "ssh");
    assert.equal(lab.in("a")(["serve"]).status, 2);
    assert.equal(lab.a.run(["serve", "--stdio"], { env: lab.env }).status, 2);
  });
});
