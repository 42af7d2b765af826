/** The binary as people and scripts use it. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { BINARY, newDirectory, type Workspace } from "./program.js";

interface RunRecord {
  readonly run_id: string;
  readonly run_name: string;
  readonly experiment_id: string;
  readonly status: string;
  readonly state: string;
  readonly lifecycle_stage: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, { readonly value: number | string; readonly step: number }>>;
  readonly artifacts: readonly { readonly path: string; readonly file_size: number }[];
}

function show(place: Workspace, run: string): RunRecord {
  return JSON.parse(place.read(["show", run, "--json"]));
}

/** Runs named a, b, c in the experiment `wine`; their ids. */
function threeRuns(place: Workspace): readonly [string, string, string] {
  place.read(["init"]);
  const ids = ["a", "b", "c"].map((name) => place.read(["start", "--experiment", "wine", "--name", name]));
  return ids as unknown as readonly [string, string, string];
}

describe("a run of a shell script", () => {
  test("start, log and end find each other without a variable, and everything logged is there", (t) => {
    const place = newDirectory(t);
    place.read(["init"]);
    const { status, stdout, stderr } = place.script(`set -e
      id=$(runstone start --experiment wine --name first --param lr=0.10 --tag team=a)
      runstone log metric loss=0.5 acc=nan --step 1
      runstone log metric loss=0.25 step=2
      printf 'x=1\\nx=2 # no\\n\\n"odd key"=3 step=7\\n' | runstone log metric - || true
      runstone log param depth=007 'name=a b'
      echo hello | runstone log text notes/a.txt
      mkdir -p out/sub; echo 1 > out/sub/one; ln -s /etc/passwd out/link
      runstone log artifact out --to plots
      runstone end --exit-code 3
      echo "$id"`);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /cannot read the line 'x=2 # no'/);
    assert.match(stderr, /left out .*out\/link/);
    const run = show(place, stdout.trim());
    assert.equal(run.status, "FAILED");
    assert.deepEqual(run.params, { depth: "007", lr: "0.10", name: "a b" });
    assert.equal(run.tags.team, "a");
    assert.equal(run.metrics.loss?.value, 0.25);
    assert.equal(run.metrics.loss?.step, 2);
    assert.equal(run.metrics.acc?.value, "NaN");
    assert.equal(run.metrics.x?.value, 1);
    assert.equal(run.metrics["odd key"]?.step, 7);
    const files = run.artifacts.map(({ path }) => path).filter((path) => !path.startsWith("runstone/"));
    assert.deepEqual(files, ["notes/a.txt", "plots/out/sub/one"]);
    assert.equal(place.read(["artifacts", "cat", "first", "notes/a.txt"]), "hello");
    assert.match(place.read(["fsck"]), /1 run \(1 sealed\)/);
  });

  test("an outcome is written once, but a status that the script itself set does not keep a run from its end", (t) => {
    const place = newDirectory(t);
    place.read(["init"]);
    const { status, stdout, stderr } = place.script(`id=$(runstone start --experiment wine)
      sed -i 's/^status: 1$/status: 3/' mlruns/*/$id/meta.yaml  # what mlflow.end_run() leaves
      runstone end --run "$id" --status FAILED || exit 90
      runstone end --run "$id"; echo "$id $?"`);
    assert.equal(status, 0, stderr);
    const [id = "", second] = stdout.trim().split(" ");
    assert.equal(second, "4", stderr);
    assert.match(stderr, /has ended already: FAILED/);
    assert.equal(show(place, id).status, "FAILED");
    assert.match(place.read(["fsck"]), /1 run \(1 sealed\).*no damage/);
  });

  test("a run whose shell died is LOST, is resumed, and ends", (t) => {
    const place = newDirectory(t);
    place.read(["init"]);
    const id = place.script("runstone start 2>/dev/null; :").stdout.trim();
    assert.equal(show(place, id).status, "RUNNING");
    assert.equal(show(place, id).state, "LOST");
    assert.match(place.read(["runs"]), /LOST/);
    const resumed = place.script(`runstone resume ${id} && runstone runs && runstone end`);
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.match(resumed.stdout, /RUNNING/);
    assert.equal(show(place, id).state, "FINISHED");
    assert.equal(show(place, id).tags["runstone.attempts"], "2");
  });

  test("a run key finds its run again", (t) => {
    const place = newDirectory(t);
    place.read(["init"]);
    const start = "runstone start --run-key job-7 2>/dev/null; :";
    const first = place.script(start).stdout;
    assert.equal(place.script(start).stdout, first);
    assert.equal(place.read(["runs", "--ids"]), first.trim());
  });
});

describe("runs are named", () => {
  test("by prefix, by name, by a list on standard input; a failure among them does not stop the others", (t) => {
    const place = newDirectory(t);
    const [a, b, c] = threeRuns(place);
    place.read(["tag", a.slice(0, 12), "b", "team=x", "draft="]);
    assert.equal(show(place, a).tags.team, "x");
    assert.equal(show(place, b).tags.draft, "");
    const partly = place.run(["rename", "a", "nobody", "c", "--to", "same"]);
    assert.equal(partly.status, 3);
    assert.equal(show(place, c).run_name, "same");
    const ambiguous = place.run(["show", "same"]);
    assert.equal(ambiguous.status, 2);
    assert.match(ambiguous.stderr, /'same' names 2 runs/);
    assert.ok(ambiguous.stderr.includes(a.slice(0, 12)) && ambiguous.stderr.includes(c.slice(0, 12)));
    place.read(["tag", "-", "--remove", "team"], { input: `${a} comment\n${b}\n` });
    assert.equal(show(place, b).tags.team, undefined);
    place.read(["move", a, b, "--to", "other", "--create"]);
    assert.equal(show(place, a).experiment_id, show(place, b).experiment_id);
    assert.notEqual(show(place, a).experiment_id, show(place, c).experiment_id);
    place.read(["note", a, "-m", "two\nlines"]);
    assert.equal(place.read(["note", a]), "two\nlines");
  });

  test("deleted ones leave the list and come back, MLflow's spellings included", (t) => {
    const place = newDirectory(t);
    const [a, b, c] = threeRuns(place);
    place.read(["delete", a]);
    place.read(["runs", "delete", "--run-id", b]);
    const { experiment_id } = JSON.parse(place.read(["runs", "describe", "--run-id", c])) as RunRecord;
    assert.equal(place.read(["runs", "list", "--experiment-id", experiment_id, "--ids"]), c);
    const deleted = place.read(["runs", "--view", "deleted_only", "--ids"]).split("\n").sort();
    assert.deepEqual(deleted, [a, b].sort());
    place.read(["restore", "-"], { input: place.read(["runs", "--view", "deleted", "--ids"]) });
    assert.equal(place.read(["runs", "--ids", "--limit", "0"]).split("\n").length, 3);
    place.read(["experiments", "delete", "-x", experiment_id]);
    assert.equal(place.read(["runs", "--json"]), "[]");
    place.read(["experiments", "restore", "wine"]);
    const listed = JSON.parse(place.read(["experiments", "search", "--json"]));
    assert.deepEqual(
      listed.map(({ name, runs }: { name: string; runs: number }) => [name, runs]),
      [
        ["Default", 0],
        ["wine", 3],
      ],
    );
    const written = place.read([
      "artifacts",
      "download",
      "--run-id",
      c,
      "--artifact-path",
      "runstone",
      "-d",
      "copy",
    ]);
    assert.ok(readdirSync(written).includes("environment.json"));
  });
});

describe("failures", () => {
  test("each has its exit code, one line and a hint; as JSON one object", (t) => {
    const place = newDirectory(t);
    const nowhere = place.run(["runs", "--json"]);
    assert.equal(nowhere.status, 3);
    assert.equal(nowhere.stdout, "");
    const told = JSON.parse(nowhere.stderr);
    assert.equal(told.code, "NO_WORKSPACE");
    assert.equal(told.exit_code, 3);
    assert.match(told.hint, /runstone init/);
    place.read(["init"]);
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["rnus"], 2, /Did you mean runs\?/],
      [["runs", "--limit", "many"], 2, /--limit must be a whole number/],
      [["show", "nobody"], 3, /there is no run 'nobody'/],
      [["log", "metric", "a=1"], 2, /this shell started none/],
      [["log", "metric", "../x=1", "--run", "0".repeat(32)], 3, /there is no run/],
      [["experiments", "create", "Default"], 4, /Default/],
      [["experiments", "delete", "0000"], 3, /no experiment/],
      [["--store", "missing", "runs"], 3, /does not exist/],
      [["--store", "http://user:secret@host/", "fsck"], 8, /cannot open http:\/\/host\//],
      [
        ["--store", "http://user:secret@host/", "runs"],
        2,
        /a password or token for http:\/\/host would be sent/,
      ],
      [["config", "set", "durability", "fulll"], 2, /default, full, fast/],
    ];
    for (const [args, status, message] of cases) {
      const ended = place.run(args);
      assert.equal(ended.status, status, `${args.join(" ")}: ${ended.stderr}`);
      assert.match(ended.stderr, message);
      assert.doesNotMatch(ended.stderr, /secret|INTERNAL|bug in runstone/);
    }
  });

  test("a reader that goes away ends the program quietly", (t) => {
    const place = newDirectory(t);
    place.read(["init"]);
    place.script(
      "runstone start; for i in 1 2 3 4 5 6 7 8 9; do runstone log param p$i=$(printf %70000s x); done; runstone end",
    );
    const ended = place.script("{ runstone dump; echo $? >&3; } 3>code | head -c 10 >/dev/null");
    assert.equal(readFileSync(join(place.directory, "code"), "utf8"), "0\n");
    assert.equal(ended.stderr, "");
  });

  test("a full disk behind the output is told", { skip: process.platform !== "linux" }, (t) => {
    const place = newDirectory(t);
    place.read(["init"]);
    const ended = place.script("runstone experiments > /dev/full");
    assert.equal(ended.status, 6);
    assert.match(ended.stderr, /cannot write the output/);
  });
});

test("what users wrote cannot command the terminal", (t) => {
  const place = newDirectory(t);
  const [a] = threeRuns(place);
  const evil = "\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e";
  place.read(["rename", a, `n${evil}`]);
  place.read(["tag", a, `t=${evil}`]);
  place.read(["note", a, "-m", evil]);
  for (const args of [["runs"], ["show", a], ["runs", "--json"], ["note", a], ["show", a, "--json"]])
    assert.doesNotMatch(place.read(args), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/, args.join(" "));
});

test("reading leaves every file and directory as it was", (t) => {
  const place = newDirectory(t);
  const [a] = threeRuns(place);
  place.read(["end", "a", "b", "--take-over"]);
  const before = treeOf(join(place.directory, "mlruns"));
  for (const args of [
    ["runs"],
    ["show", a],
    ["experiments"],
    ["artifacts", "list", a],
    ["fsck"],
    ["dump"],
    ["models"],
  ])
    assert.equal(place.run([...args, "--store", "mlruns"]).status, 0, args.join(" "));
  assert.deepEqual(treeOf(join(place.directory, "mlruns")), before);
});

/** Path, size and time of everything below a directory. */
function treeOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((path) => {
      const { size, mtimeMs } = statSync(join(directory, path));
      return `${path} ${size} ${mtimeMs}`;
    });
}

test("the store is the option's, else RUNSTONE_STORE's, else the workspace's, also from below and from a linked worktree", (t) => {
  const place = newDirectory(t);
  place.read(["init", "main"]);
  place.read(["init", "other"]);
  const main = join(place.directory, "main");
  const git =
    place.script(`set -e; cd main; git init -q .; git config user.email a@example.org; git config user.name A
    git commit -q --allow-empty -m one; git worktree add -q ../linked`);
  assert.equal(git.status, 0, git.stderr);
  mkdirSync(join(main, "deep/er"), { recursive: true });
  place.read(["experiments", "create", "here"], { cwd: main });
  const names = (args: readonly string[], call: object) =>
    JSON.parse(place.read(["experiments", "--json", ...args], call)).map(
      ({ name }: { name: string }) => name,
    );
  assert.ok(names([], { cwd: join(main, "deep/er") }).includes("here"));
  assert.ok(names(["-C", "main"], {}).includes("here"));
  assert.ok(names([], { cwd: join(place.directory, "linked") }).includes("here"));
  assert.ok(!names([], { cwd: main, env: { RUNSTONE_STORE: "../other/mlruns" } }).includes("here"));
  const both = { cwd: main, env: { RUNSTONE_STORE: "../other/mlruns" } };
  assert.ok(names(["--store", "mlruns"], both).includes("here"));
});

test("config set keeps comments, and init repeated keeps everything", (t) => {
  const place = newDirectory(t);
  place.read(["init"]);
  const path = join(place.directory, ".runstone/config.yaml");
  writeFileSync(path, `# ours\n${readFileSync(path, "utf8")}`);
  place.read(["config", "set", "capture.git", "false"]);
  place.read(["init"]);
  assert.match(readFileSync(path, "utf8"), /^# ours\n/);
  assert.equal(place.read(["config", "get", "capture.git"]), "false");
  assert.equal(place.read(["config", "get", "store"]), "mlruns");
});

test("doctor, completion, gc and help run", (t) => {
  const place = newDirectory(t);
  place.read(["init"]);
  assert.match(place.read(["doctor"]), /file times/);
  assert.deepEqual(readdirSync(join(place.directory, ".runstone")).sort(), [".gitignore", "config.yaml"]);
  assert.equal(place.read(["completion", "--complete", "--", "experiments", "cr"]), "create");
  assert.match(place.read(["completion", "bash"]), /complete .*runstone/);
  assert.equal(JSON.parse(place.read(["gc", "--dry-run", "--json"])).dry_run, true);
  assert.match(place.read(["--help"]), /Usage: runstone/);
  assert.match(place.read(["log", "metric", "--help"]), /Usage: runstone log metric/);
  assert.match(place.read(["--version"]), /^\d+\.\d+\.\d+$/);
  assert.ok(BINARY.endsWith("runstone.js"));
});
