/** `runstone compare` and `runstone best`, by what they say of stores that are known. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type PlainRun, writePlainStore } from "../helpers/plain-store.js";
import { newDirectory, type Workspace } from "./program.js";

interface Row<V> {
  readonly key: string;
  readonly values: readonly (V | null)[];
  readonly differs: boolean;
}
interface Metric {
  readonly key: string;
  readonly last: readonly ({ readonly value: number; readonly step: number } | null)[];
  readonly at_step?: readonly (number | null)[];
  readonly parts: readonly ({ readonly step: number | null; readonly common_steps: number } | null)[];
}
interface Compared {
  readonly differs: boolean;
  readonly metrics: readonly Metric[];
  readonly params: readonly Row<string>[];
  readonly tags: readonly Row<string>[];
  readonly code: readonly Row<string>[];
  readonly environment: readonly Row<string>[];
  readonly packages: readonly Row<string>[];
  readonly artifacts: readonly Row<{ size: number; sha256: string | null; source: string }>[];
}

const environment = (cpuCount: number) =>
  JSON.stringify({ host: "h", cpuCount, seeds: { TZ: "UTC" }, missing: [] });
const A: PlainRun = {
  id: "aaaa1",
  name: "first",
  params: { lr: "0.1", depth: "3" },
  tags: { team: "a", "mlflow.source.git.commit": "1".repeat(40), "mlflow.runName": "first" },
  metrics: { loss: [3, 2, Number.NaN, 1], "system/cpu": [5], acc: [0.5, 0.75] },
  artifacts: {
    "model/weights": "same",
    "out.txt": "one",
    "runstone/environment.json": environment(4),
    "runstone/requirements.txt": "numpy==1.26.0\n@a/b@2.0\n",
  },
};
const B: PlainRun = {
  ...A,
  id: "bbbb2",
  name: "second",
  params: { lr: "0.2", depth: "3", warmup: "5" },
  tags: { team: "a", "mlflow.source.git.commit": "2".repeat(40), "mlflow.runName": "second" },
  metrics: { loss: [3, 2, Number.NaN, 1.25], "system/cpu": [6], acc: [0.5, 0.75] },
  artifacts: {
    "model/weights": "same",
    "out.txt": "two",
    "runstone/environment.json": environment(8),
    "runstone/requirements.txt": "numpy==2.0.1\n@a/b@2.0\n",
    "runstone/git.patch": "diff --git a/x b/x\n",
  },
};

function compare(place: Workspace, root: string, args: readonly string[]): Compared {
  return JSON.parse(place.read(["--store", root, "compare", "--json", ...args]));
}

describe("runstone compare", () => {
  test("shows what differs in each part, and no more", (t) => {
    const place = newDirectory(t);
    const root = writePlainStore(place.directory, [A, B]);
    const found = compare(place, root, ["first", "second"]);
    assert.equal(found.differs, true);
    assert.deepEqual(found.params, [
      { key: "lr", values: ["0.1", "0.2"], differs: true },
      { key: "warmup", values: [null, "5"], differs: true },
    ]);
    assert.deepEqual(found.tags, []);
    assert.deepEqual(
      found.code.map(({ key }) => key),
      ["commit", "uncommitted changes"],
    );
    assert.deepEqual(found.environment, [{ key: "cpuCount", values: ["4", "8"], differs: true }]);
    assert.deepEqual(found.packages, [{ key: "numpy", values: ["1.26.0", "2.0.1"], differs: true }]);
    assert.deepEqual(
      found.artifacts.map(({ key }) => key),
      ["out.txt"],
    );
    const [loss] = found.metrics;
    assert.equal(loss?.key, "loss");
    assert.deepEqual(loss?.parts[1], { step: 3, values: [1, 1.25], common_steps: 4 });
    const all = compare(place, root, ["first", "second", "--all"]);
    assert.deepEqual(all.params[0], { key: "depth", values: ["3", "3"], differs: false });
    assert.equal(all.environment.length, 2);
    assert.equal(all.metrics.length, 3);
  });

  test("the page says the same in words, and a hostile name stays a name", (t) => {
    const place = newDirectory(t);
    const root = writePlainStore(place.directory, [A, { ...B, name: "evil\x1b]0;x\x07\nname" }]);
    const page = place.read(["--store", root, "compare", "aaaa1", "bbbb2"]);
    assert.match(page, /^name +first +evil\\x1b\]0;x\\x07\\nname$/m);
    assert.match(page, /^ {2}loss +1 +1\.25 +\+0\.25 worse$/m);
    assert.match(page, /^ {2}warmup +- +5$/m);
    assert.match(page, /parts at step 3: 1, 1\.25/);
    assert.match(page, /same: .*1 param, .*1 package, .*1 artifact/);
    assert.doesNotMatch(page, /depth|system\/cpu|\x1b/);
    const all = place.read(["--store", root, "compare", "aaaa1", "bbbb2", "--all"]);
    assert.match(all, /^ {2}depth +3 +3$/m);
    assert.match(all, /^ {2}system\/cpu +5 +6/m);
  });

  test("the best of a metric has a row where it is not the only point", (t) => {
    const place = newDirectory(t);
    const one = { ...A, metrics: { loss: [3, 4], mae: [1] } };
    const root = writePlainStore(place.directory, [one, { ...B, metrics: { loss: [2, 4], mae: [2] } }]);
    const page = place.read(["--store", root, "compare", "aaaa1", "bbbb2"]);
    assert.match(page, /^ {2}loss min +3 @ 0 +2 @ 0/m);
    assert.match(page, /^ {2}mae +1 +2/m);
    assert.doesNotMatch(page, /mae min/);
  });

  test("the best of several runs is marked, each of those that tie, none where all do", (t) => {
    const place = newDirectory(t);
    const run = (id: string, acc: number, other: number): PlainRun => ({
      id,
      metrics: { acc: [acc], f1: [other] },
    });
    const root = writePlainStore(place.directory, [
      run("aaaa1", 0.5, 1),
      run("bbbb2", 0.75, 1),
      run("cccc3", 0.75, 1),
      { id: "dddd4", metrics: { acc: [0.25] } },
    ]);
    const page = place.read(["--store", root, "compare", "aaaa1", "bbbb2", "cccc3", "dddd4"]);
    assert.match(page, /^ {2}acc +0\.5 +0\.75 \* +0\.75 \* +0\.25$/m);
    assert.match(page, /^ {2}f1 +1 +1 +1 +-$/m);
  });

  test("a curve begins where its first value is, also when that is NaN", (t) => {
    const place = newDirectory(t);
    const curve = (id: string, last: number): PlainRun => ({
      id,
      metrics: { loss: [Number.NaN, 1, 2, last, Number.POSITIVE_INFINITY] },
    });
    const root = writePlainStore(place.directory, [curve("aaaa1", 3), curve("bbbb2", 4)]);
    const page = place.read(["--store", root, "compare", "aaaa1", "bbbb2"]);
    assert.match(page, /loss {2}steps 0 to 4, values 1 to 4\n +aaaa1\S* +!\S+!$/m);
  });

  test("one run is not compared with itself, and it is said which one was named", (t) => {
    const place = newDirectory(t);
    const root = writePlainStore(place.directory, [A, B]);
    const { status, stderr } = place.run(["--store", root, "compare", "first", "aaaa1"]);
    assert.equal(status, 2);
    assert.match(stderr, /two runs or more: 'first', 'aaaa1' name only run aaaa10000000 \(first\)/);
    assert.equal(place.read(["compare", "--help"]).match(/params, code, tags/g)?.length, 1);
  });

  test("--exit-code tells a script, by the sections it asks for and the tolerance", (t) => {
    const place = newDirectory(t);
    const root = writePlainStore(place.directory, [A, B, { ...A, id: "cccc3", name: "again" }]);
    const status = (...args: string[]) =>
      place.run(["--store", root, "compare", "--exit-code", ...args]).status;
    assert.equal(status("first", "second"), 1);
    assert.equal(status("first", "again"), 0);
    assert.equal(status("first", "second", "--only", "datasets", "--only", "tags"), 0);
    assert.equal(status("first", "second", "--only", "metrics"), 1);
    assert.equal(status("first", "second", "--only", "metrics", "--tolerance", "0.25"), 0);
    assert.equal(status("first", "second", "--only", "metrics", "--tolerance", "0.2"), 1);
    assert.equal(status("first"), 2);
    assert.equal(status("first", "second", "--tolerance", "-1"), 2);
    assert.equal(status("first", "nobody"), 3);
    assert.equal(place.run(["--store", root, "compare", "first", "second"]).status, 0);
    assert.match(place.read(["--store", root, "compare", "first", "again"]), /The runs do not differ\./);
  });

  test("--at-step gives the values there, in every format", (t) => {
    const place = newDirectory(t);
    const root = writePlainStore(place.directory, [A, B]);
    const found = compare(place, root, ["first", "second", "--at-step", "1", "--all"]);
    assert.deepEqual(found.metrics.find(({ key }) => key === "loss")?.at_step, [2, 2]);
    const csv = place.read([
      "--store",
      root,
      "compare",
      "first",
      "second",
      "--format",
      "csv",
      "--at-step",
      "3",
    ]);
    assert.match(csv, new RegExp(`^section,key,of,differs,aaaa1${"0".repeat(27)},bbbb2${"0".repeat(27)}`));
    assert.match(csv, /^metrics,loss,last,true,1,1\.25\r?$/m);
    assert.match(csv, /^metrics,loss,at step 3,true,1,1\.25\r?$/m);
    const file = join(place.directory, "table.md");
    place.read(["--store", root, "compare", "first", "second", "--output", file]);
    assert.match(readFileSync(file, "utf8"), /\| params +\| lr /);
  });

  test("hashes come from the seal while a file is untouched, else from its bytes", (t) => {
    const place = newDirectory(t);
    place.read(["init"]);
    const ids = ["a", "b"].map((name) => {
      const id = place.read(["start", "--name", name]);
      writeFileSync(join(place.directory, "out.bin"), "equal bytes");
      place.read(["log", "artifact", "out.bin", "--run", id]);
      place.read(["end", id]);
      return id;
    });
    const artifact = () =>
      compare(place, "mlruns", [...ids, "--all"]).artifacts.find(({ key }) => key === "out.bin");
    assert.deepEqual(
      artifact()?.values.map((value) => value?.source),
      ["sealed", "sealed"],
    );
    const path = join(place.directory, "mlruns", "0", ids[1]!, "artifacts", "out.bin");
    const { atime, mtime } = statSync(path);
    writeFileSync(path, "other bytes");
    utimesSync(path, atime, new Date(mtime.getTime() + 1000));
    const edited = artifact();
    assert.equal(edited?.differs, true);
    assert.deepEqual(
      edited.values.map((value) => value?.source),
      ["sealed", "computed"],
    );
    assert.match(
      place.read(["compare", "a", "b"]),
      /hashes of artifacts: .* taken from seals, 1 computed now/,
    );
  });
});

test("a run whose artifacts lead out of the store is compared without them, and its damage is told once", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, [A, { ...B, metrics: { loss: "1 2 0\noops\n" } }]);
  const artifacts = join(root, "0", "bbbb2".padEnd(32, "0"), "artifacts");
  rmSync(artifacts, { recursive: true });
  symlinkSync("/etc", artifacts);
  const { status, stdout, stderr } = place.run(["--store", root, "compare", "first", "second"]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^ {2}out\.txt +3 B +-$/m);
  assert.doesNotMatch(stdout, /passwd/);
  assert.match(stderr, /artifacts of run bbbb2\w+ are not compared/);
  assert.equal(stderr.match(/line 2/g)?.length, 1);
});

describe("runstone best", () => {
  const runs: readonly PlainRun[] = [
    { id: "aaaa1", name: "one", startTime: 2000, metrics: { loss: [4, 1, 3], acc: [1, 5, 2], foo: [1] } },
    { id: "bbbb2", name: "two", startTime: 1000, metrics: { loss: [9, 2], acc: [5], foo: [2] } },
    { id: "cccc3", name: "odd", startTime: 3000, metrics: { loss: [Number.NaN], acc: "", foo: [-1] } },
  ];

  test("finds the run and the step, and says which way was better and why", (t) => {
    const place = newDirectory(t);
    const root = writePlainStore(place.directory, runs);
    const best = (...args: string[]) => JSON.parse(place.read(["--store", root, "best", "--json", ...args]));
    const [loss] = best("loss");
    assert.deepEqual(
      { ...loss, last: loss.last.value, run_id: "" },
      {
        ...{ run_id: "", run_name: "one", experiment_id: "0", state: "FINISHED" },
        ...{ metric: "loss", direction: "min" },
        ...{ direction_from: "name", value: 1, step: 1, last: 3 },
      },
    );
    const names = (found: readonly { readonly run_name: string }[]) => found.map(({ run_name }) => run_name);
    assert.deepEqual(names(best("loss", "-n", "0")), ["one", "two"], "NaN is never best");
    assert.deepEqual(names(best("loss", "--last")), ["two"]);
    assert.deepEqual(names(best("loss", "--max")), ["two"]);
    assert.deepEqual(names(best("acc", "-n", "0")), ["two", "one"], "of equal values the earlier start");
    assert.equal(best("foo")[0].direction_from, "default");
    assert.deepEqual(names(best("foo", "--min")), ["odd"]);
    assert.deepEqual(names(best("loss", "bbbb2")), ["two"]);
    const say = (...args: string[]) => place.read(["--store", root, "best", ...args]).split("\n")[0];
    assert.equal(say("loss"), "smallest loss of 2 runs (by its name)");
    assert.equal(say("acc", "--min"), "smallest acc of 2 runs (as told)");
    assert.match(say("foo")!, /^greatest foo of 3 runs \(the name does not say/);
    assert.equal(place.read(["--store", root, "best", "loss", "--ids"]), "aaaa1".padEnd(32, "0"));
  });

  test("only finite numbers are best, in every command", (t) => {
    const place = newDirectory(t);
    const one: PlainRun = { id: "aaaa1", name: "one", params: { g: "1" }, metrics: { reward: [2] } };
    const infinite = { ...one, id: "bbbb2", name: "inf", metrics: { reward: [Number.POSITIVE_INFINITY] } };
    const root = writePlainStore(place.directory, [
      one,
      infinite,
      { ...one, id: "cccc3", name: "c", metrics: { reward: [1] } },
    ]);
    const read = (...args: string[]) => place.read(["--store", root, ...args]);
    assert.doesNotMatch(read("best", "reward", "-n", "0"), /bbbb2/);
    assert.match(read("best", "reward", "-n", "0"), /^greatest reward of 2 runs/);
    assert.match(read("show", "@best(reward)"), /^run aaaa1/);
    const [group] = JSON.parse(read("runs", "--group-by", "params.g", "--best", "reward", "--json"));
    assert.notEqual(group.metrics.reward.best_run_id, infinite.id.padEnd(32, "0"));
    assert.match(read("compare", "aaaa1", "bbbb2", "cccc3"), /^ {2}reward +2 \* +inf +1$/m);
  });

  test("a damaged run is marked, with the name that its tag has", (t) => {
    const place = newDirectory(t);
    const tags = { "mlflow.runName": "torn" };
    const root = writePlainStore(place.directory, [
      ...runs,
      { id: "dddd4", name: "torn", tags, metrics: { loss: [0.5] } },
    ]);
    writeFileSync(join(root, "0", "dddd4".padEnd(32, "0"), "meta.yaml"), "run_id: [");
    const read = (...args: string[]) => place.read(["--store", root, ...args]);
    assert.match(read("best", "loss"), /STATUS.*\n\S+ +torn +DAMAGED +0\.5 /);
    assert.doesNotMatch(read("best", "acc"), /STATUS/);
    const [found] = JSON.parse(read("best", "loss", "--json"));
    assert.deepEqual([found.state, found.run_name], ["DAMAGED", "torn"]);
    assert.match(read("compare", "one", "dddd4"), /^name +one +torn$/m);
  });

  test("refuses what means nothing", (t) => {
    const place = newDirectory(t);
    const root = writePlainStore(place.directory, runs);
    const run = (...args: string[]) => place.run(["--store", root, "best", ...args]);
    assert.equal(run("los").status, 3);
    assert.match(run("los").stderr, /Did you mean loss/);
    assert.equal(run("loss", "--min", "--max").status, 2);
    assert.equal(run("loss", "odd").status, 3);
  });
});
