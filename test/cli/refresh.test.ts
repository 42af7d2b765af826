/** `runstone refresh`, `--refresh=full` and `--no-refresh`: what is looked at, and what a search then finds. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseShardState, serializeShardState } from "../../core/index/shard-state.js";
import { madeOnce, newDirectory } from "./program.js";

const newProject = madeOnce(({ directory, read }) => {
  read(["init"]);
  const runs = ["a", "b"].map((name) => {
    const id = read(["start", "--name", name]);
    read(["log", "param", "lr=0.1", "--run", id]);
    read(["end", "--run", id]);
    return id;
  });
  return { runs, store: join(directory, "mlruns") };
});

interface Report {
  readonly runs: number;
  readonly experiments: number;
  readonly looked_at: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly index: string | null;
  readonly reason: string | null;
}

test("runstone refresh says what it looked at and what it found", (t) => {
  const { directory, read, runs } = newProject(t);
  const report = (...more: readonly string[]) => JSON.parse(read(["refresh", "--json", ...more])) as Report;
  const first = report();
  assert.deepEqual([first.runs, first.experiments, first.added, first.looked_at], [2, 1, 2, 2]);
  assert.ok(first.index !== null && existsSync(join(first.index, "store.json")));
  assert.equal(first.reason, null);
  writeFileSync(join(directory, "mlruns", "0", runs[0] ?? "", "params", "lr"), "0.7");
  const second = report();
  assert.deepEqual([second.added, second.changed, second.removed], [0, 1, 0]);
  assert.equal(report("--rebuild").added, 2);
  assert.match(read(["refresh"]), /^2 runs in 1 experiment\n2 runs looked at: 0 new, 0 changed, 0 gone\n/);
});

test("searches see a change, unless they are told not to look", (t) => {
  const { directory, read, runs } = newProject(t);
  const found = (...more: readonly string[]) =>
    (JSON.parse(read(["runs", "params.lr = '0.7'", "--json", ...more])) as readonly { run_id: string }[]).map(
      (run) => run.run_id,
    );
  read(["refresh"]);
  writeFileSync(join(directory, "mlruns", "0", runs[0] ?? "", "params", "lr"), "0.7");
  assert.deepEqual(found("--no-refresh"), []);
  assert.deepEqual(found(), [runs[0]]);
  assert.deepEqual(found("--no-refresh"), [runs[0]]);
  assert.deepEqual(found("--refresh=full"), [runs[0]]);
});

test("without a cache directory nothing is kept, and searches work", (t) => {
  const { read } = newProject(t);
  const env = { XDG_CACHE_HOME: "", HOME: "" };
  const report = JSON.parse(read(["refresh", "--json"], { env })) as Report;
  assert.deepEqual([report.index, report.reason, report.runs], [null, "no-place", 2]);
  assert.match(read(["refresh"], { env }), /no index is kept/);
});

test("of a store without runs no index is kept, and no path is told", (t) => {
  const { directory, read } = newDirectory(t);
  mkdirSync(join(directory, "empty"));
  const store = ["--store", "empty"];
  const report = JSON.parse(read(["refresh", "--json", ...store])) as Report;
  assert.deepEqual([report.index, report.reason, report.runs], [null, "empty", 0]);
  assert.match(read(["refresh", ...store]), /\nno index is kept: there is nothing to search yet$/);
});

/** As if the index had been brought up to date that much earlier. */
function makeOlder(index: string, milliseconds: number): void {
  for (const name of readdirSync(index).filter((each) => each.endsWith(".state"))) {
    const state = parseShardState(readFileSync(join(index, name)));
    assert.ok(state !== null);
    const refreshedAtMs = state.refreshedAtMs - milliseconds;
    writeFileSync(join(index, name), serializeShardState({ ...state, refreshedAtMs }));
  }
}

test("an answer from an old index says how old it is, whatever the command", (t) => {
  const { directory, run, read, runs } = newProject(t);
  for (const id of runs) {
    const metrics = join(directory, "mlruns", "0", id, "metrics");
    mkdirSync(metrics, { recursive: true });
    writeFileSync(join(metrics, "loss"), "1 0.5 0\n2 0.25 1\n");
  }
  const { index } = JSON.parse(read(["refresh", "--json"])) as Report;
  makeOlder(index ?? "", 3 * 3_600_000);
  for (const command of [
    ["best", "loss"],
    ["compare", "a", "b"],
    ["plot", "loss", "a"],
    ["runs", "metrics.loss < 1", "--count"],
    ["runs", "metrics.loss < 1"],
  ]) {
    const told = run([...command, "--no-refresh"]);
    assert.equal(told.status, 0, told.stderr);
    assert.match(told.stderr, /as of 3h ago \(/, command.join(" "));
    assert.equal(told.stderr.match(/as of/g)?.length, 1);
  }
  for (const command of [
    ["best", "loss"],
    ["compare", "a", "b"],
  ])
    assert.doesNotMatch(run(command).stderr, /as of/);
});

test("an index that cannot be kept is not said to be somewhere", (t) => {
  const { directory, run } = newProject(t);
  const file = join(directory, "a-file");
  writeFileSync(file, "");
  for (const cache of [file, "/proc/nope"]) {
    for (const more of [[], ["--rebuild"]]) {
      const told = run(["refresh", ...more], { env: { XDG_CACHE_HOME: cache } });
      assert.equal(told.status, 0, told.stderr);
      assert.match(told.stdout, /^no index is kept: /m);
      assert.match(told.stderr, /without a kept index/);
    }
  }
});
