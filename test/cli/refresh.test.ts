/** `runstone refresh`, `--refresh=full` and `--no-refresh`: what is looked at, and what a search then finds. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { madeOnce } from "./program.js";

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
