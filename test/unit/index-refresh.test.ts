import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { FactsSum, LOCAL_MARGINS } from "../../core/index/facts-sum.js";
import { dueSlices, newSlices } from "../../core/index/rolling-slices.js";
import type { StoreContext } from "../../core/store/context.js";
import type { Damage } from "../../store-format/index.js";
import { contextWith, manyRuns, open, runId, runsByFiles, runsIn } from "../helpers/indexed-runs.js";
import { contextOf, temporaryDirectory } from "../helpers/new-store.js";
import { addFiles, experimentMeta, makeStore, runMeta, type Tree } from "./read-fixture.js";

const SEALED: Tree = { "manifest.yaml": "" };
const MINUTE = 60_000;

function newBench(t: TestContext, tree: Tree): { readonly root: string; readonly start: () => StoreContext } {
  const { root } = makeStore(t, tree);
  const directory = temporaryDirectory(t);
  return { root, start: () => contextWith(root, directory) };
}

/** Entries that were just written are read again by the next query; one in a while finds nothing young. */
async function settle(context: StoreContext, options: Parameters<typeof open>[1] = {}): Promise<void> {
  for (;;) {
    const { counts } = open(context, options);
    if (counts.read === 0) return;
    // The margin is 100 ms: nothing but time makes files older.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function paramOf(
  context: StoreContext,
  run: string,
  options: Parameters<typeof open>[1] = {},
): string | undefined {
  const { table } = open(context, options);
  return runsIn(table).find(({ directory }) => directory === run)?.params.lr;
}

describe("what a query looks at", () => {
  test("in a small store, the files of every run; nothing is read again", async (t) => {
    const { start } = newBench(t, manyRuns(3));
    await settle(start());
    const { counts, table } = open(start());
    assert.deepEqual(counts, { files: 6, directories: 0, read: 0, added: 0, changed: 0, removed: 0 });
    assert.equal(table.rowCount, 6);
  });

  test("in a large store, the directories of sealed runs and the files of the others", async (t) => {
    const { root, start } = newBench(t, manyRuns(3, SEALED));
    addFiles(root, { [`1/${runId(9)}/meta.yaml`]: runMeta(runId(9), "1"), [`1/${runId(9)}/params/lr`]: "1" });
    const options = { smallStoreRuns: 0, clock: () => 1_000_000 };
    await settle(start(), options);
    const { counts } = open(start(), options);
    assert.deepEqual(counts, { files: 1, directories: 6, read: 0, added: 0, changed: 0, removed: 0 });
  });

  test("one run that changed is the only one that is read", async (t) => {
    const { root, start } = newBench(t, manyRuns(4));
    await settle(start());
    appendFileSync(join(root, "1", runId(2), "metrics/loss"), "3 0.25 2\n");
    const { counts, table } = open(start());
    assert.deepEqual([counts.read, counts.changed], [1, 1]);
    assert.deepStrictEqual(runsIn(table), runsByFiles(start()));
  });
});

describe("in-place changes of sealed runs in a large store", () => {
  const large = (minutes: number) => ({ smallStoreRuns: 0, clock: () => minutes * MINUTE });

  test("are seen after ten minutes at the latest, and by a full walk at once", async (t) => {
    const { root, start } = newBench(t, manyRuns(2, SEALED));
    await settle(start(), large(1));
    const run = join(root, "1", runId(0));
    writeFileSync(join(run, "params/lr"), "edited");
    assert.equal(paramOf(start(), run, large(11)), "edited");
    writeFileSync(join(run, "params/lr"), "again");
    assert.equal(paramOf(start(), run, { ...large(11), refresh: "full" }), "again");
  });

  test("are seen slice by slice by queries that come regularly", async (t) => {
    const { root, start } = newBench(t, manyRuns(30, SEALED));
    await settle(start(), large(0));
    const context = start();
    for (let index = 0; index < 30; index += 1)
      writeFileSync(join(root, "2", runId(index), "params/lr"), "edited");
    const seen: number[] = [];
    for (let minute = 1; minute <= 10; minute += 1) {
      const { table, counts } = open(context, large(minute));
      assert.ok(counts.files < 60 || minute === 10, `minute ${minute}: ${counts.files} of 60 runs at once`);
      seen.push(runsIn(table).filter(({ params }) => params.lr === "edited").length);
    }
    assert.equal(seen.at(-1), 30, seen.join(" "));
    assert.ok((seen[4] ?? 0) < 30 && (seen[7] ?? 0) > 0, seen.join(" "));
  });

  test("that replace the file are seen at once", async (t) => {
    const { root, start } = newBench(t, manyRuns(2, SEALED));
    await settle(start(), large(1));
    const run = join(root, "1", runId(0));
    const { atime, mtime } = statSync(join(run, "params/lr"));
    writeFileSync(join(root, "new"), readFileSync(join(run, "params/lr"), "utf8").replace("0", "9"));
    utimesSync(join(root, "new"), atime, mtime);
    renameSync(join(root, "new"), join(run, "params/lr"));
    assert.equal(paramOf(start(), run, large(1)), "9.0");
  });
});

describe("runs that nobody sealed, in a large store", () => {
  const HOUR = 60 * MINUTE;
  const after = (ms: number) => {
    const now = Date.now() + ms;
    return { smallStoreRuns: 0, clock: () => now };
  };
  const DAY = after(24 * HOUR + MINUTE);
  const LATER = after(24 * HOUR + 11 * MINUTE);

  test("are looked at file by file for a day, then by their directories", async (t) => {
    const { start } = newBench(t, manyRuns(3));
    await settle(start(), after(0));
    assert.equal(open(start(), after(23 * HOUR)).counts.files, 6);
    // All slices are due after so long.
    assert.equal(open(start(), DAY).counts.files, 6);
    const { counts } = open(start(), DAY);
    assert.deepEqual([counts.files, counts.directories], [0, 6]);
  });

  test("are looked at file by file for ever while their status is not final, or with a lease", async (t) => {
    const { root, start } = newBench(t, manyRuns(2));
    addFiles(root, {
      [`1/${runId(0)}/meta.yaml`]: runMeta(runId(0), "1", { status: "1" }),
      [`2/${runId(1)}/lease.yaml`]: "",
    });
    await settle(start(), after(0));
    open(start(), DAY);
    assert.equal(open(start(), DAY).counts.files, 2);
  });

  test("then show what is edited in place after ten minutes, and count as new again", async (t) => {
    const { root, start } = newBench(t, manyRuns(2));
    await settle(start(), after(0));
    open(start(), DAY);
    const run = join(root, "1", runId(0));
    writeFileSync(join(run, "params/lr"), "edited");
    assert.equal(paramOf(start(), run, { ...DAY, refresh: "full" }), "edited");
    await settle(start(), DAY);
    writeFileSync(join(run, "params/lr"), "again");
    assert.equal(paramOf(start(), run, DAY), "edited");
    assert.equal(paramOf(start(), run, LATER), "again");
    await settle(start(), LATER);
    open(start(), after(2 * HOUR));
    assert.ok(open(start(), after(2 * HOUR)).counts.files > 0);
  });

  test("then show what is made, replaced or deleted at once", async (t) => {
    const { root, start } = newBench(t, manyRuns(2));
    await settle(start(), after(0));
    open(start(), DAY);
    const run = join(root, "1", runId(0));
    addFiles(root, { [`1/${runId(9)}/meta.yaml`]: runMeta(runId(9), "1") });
    writeFileSync(join(run, "params/new"), "1");
    writeFileSync(join(run, "x"), "replaced");
    renameSync(join(run, "x"), join(run, "params/lr"));
    rmSync(join(root, "2", runId(0), "tags/mlflow.runName"));
    rmSync(join(root, "2", runId(1)), { recursive: true });
    assert.deepStrictEqual(runsIn(open(start(), DAY).table), runsByFiles(start()));
  });
});

describe("slices", () => {
  test("are due after ten minutes, or by their share, oldest first", () => {
    const slices = newSlices(0).map((_, slice) => slice);
    assert.equal(dueSlices(slices, 0, 10 * MINUTE + 63).size, 64);
    assert.deepEqual([...dueSlices(slices, 100, 100 + MINUTE)], [0, 1, 2, 3, 4, 5, 6]);
    assert.equal(dueSlices(slices, 100, 100).size, 0);
  });

  test("of a time that is yet to come are due: the clock was set back", () => {
    assert.equal(dueSlices(newSlices(5 * MINUTE), 5 * MINUTE, MINUTE).size, 64);
  });
});

describe("young entries", () => {
  const at = 1_700_000_000_500;
  const entry = { dev: 1, ino: 1, size: 1, mode: 0o100644, nlink: 1 };

  for (const [what, ctimeMs, mtimeMs, isYoung] of [
    ["of the last tenth of a second", at - 99.75, 1_000.5, true],
    ["by their mtime alone", 1_000.5, at - 99.75, true],
    ["older ones", at - 100.25, at - 100.25, false],
    ["of the last seconds, where only seconds are kept", at - 2_500, at - 2_500, true],
    ["older ones of whole seconds", at - 3_500, at - 3_500, false],
    ["with a ctime yet to come", at + 3_600_000.5, 1_000.5, true],
    ["with an mtime set to a far future", at - 5_000.5, at + 3_600_000.5, false],
  ] as const) {
    test(`${what}: ${isYoung ? "young" : "not young"}`, () => {
      const sum = new FactsSum(at, LOCAL_MARGINS);
      sum.add({ ...entry, ctimeMs, mtimeMs });
      assert.equal(sum.isYoung, isYoung);
    });
  }

  test("a run with one is read again by the next query, and then no more", async (t) => {
    const { root, start } = newBench(t, manyRuns(2));
    await settle(start());
    writeFileSync(join(root, "1", runId(0), "params/lr"), "new");
    assert.equal(open(start()).counts.read, 1);
    const { counts } = open(start());
    assert.ok(counts.changed === 0 && counts.read <= 1);
    await settle(start());
    assert.equal(open(start()).counts.read, 0);
  });
});

test("changes of one size in one tick of the clock are all seen", (t) => {
  const { root } = makeStore(t, { "1/meta.yaml": experimentMeta("1", "one"), "1/r/params/lr": "0" });
  const run = join(root, "1", "r");
  const file = join(run, "params/lr");
  // In memory: the sooner the next change comes, the likelier it falls into the same tick.
  const context = contextOf(root);
  let inOneTick = 0;
  for (let round = 1; round < 1_000; round += 1) {
    const before = statSync(file, { bigint: true }).ctimeNs;
    writeFileSync(file, `${round % 10}`);
    if (statSync(file, { bigint: true }).ctimeNs === before) inOneTick += 1;
    assert.equal(open(context).table.runAt(0).params.lr, `${round % 10}`, `round ${round}`);
  }
  t.diagnostic(`${inOneTick} of 1000 changes in the tick of the one before`);
});

test("damage is told by every query, whether the run is read or not", async (t) => {
  const { root, start } = newBench(t, manyRuns(2));
  writeFileSync(join(root, "1", runId(1), "metrics/loss"), "no point\n1 2 3\n");
  await settle(start());
  for (const refresh of ["auto", "full"] as const) {
    const damages: Damage[] = [];
    const { table } = open(start(), { refresh, onDamage: (damage) => damages.push(damage) });
    const told = damages.filter(({ kind }) => kind === "metric_line_malformed");
    assert.deepEqual(
      told.map(({ path }) => path),
      [`1/${runId(1)}/metrics/loss`],
    );
    assert.equal(runsIn(table).filter(({ damageCount }) => damageCount === 1).length, 1);
  }
});

test("the index as it is knows its age, and what it knows", async (t) => {
  const { root, start } = newBench(t, manyRuns(2));
  await settle(start(), { clock: () => 5_000 });
  rmSync(join(root, "1", runId(0)), { recursive: true });
  const { table, counts } = open(start(), { refresh: "none" });
  assert.equal(table.rowCount, 4);
  assert.equal(table.asOf, 5_000);
  assert.equal(counts.files + counts.directories + counts.read, 0);
  assert.equal(open(start(), { refresh: "none", experimentIds: ["2"] }).table.rowCount, 2);
});

test("an index that is deleted while a program uses it is made anew", async (t) => {
  const { root } = makeStore(t, manyRuns(2));
  const directory = join(temporaryDirectory(t), "index");
  const context = contextWith(root, directory);
  let now = 0;
  const clock = () => {
    now += MINUTE;
    return now;
  };
  await settle(context, { clock });
  rmSync(directory, { recursive: true });
  for (let round = 0; round < 3; round += 1)
    assert.deepStrictEqual(runsIn(open(context, { clock }).table), runsByFiles(context));
  assert.equal(open(contextWith(root, directory), { refresh: "none" }).counts.read, 0);
});

test("what the index has never held is read, whatever is asked for", (t) => {
  const { start } = newBench(t, manyRuns(2));
  open(start(), { experimentIds: ["1"] });
  assert.equal(open(start(), { refresh: "none", experimentIds: ["2"] }).table.rowCount, 2);
});

test("without an index, none is as good as auto", (t) => {
  const { start } = newBench(t, manyRuns(2));
  assert.equal(open(start(), { refresh: "none" }).table.rowCount, 4);
});

test("a run that appears in steps, and an experiment that goes away", (t) => {
  const { root, start } = newBench(t, manyRuns(1));
  const context = start();
  const run = join(root, "1", "appears");
  mkdirSync(run);
  assert.equal(open(context).table.rowCount, 2);
  // Later than the directory's own time is looked at: the experiment does not show it.
  for (let round = 0; round < 20; round += 1) open(context);
  mkdirSync(join(run, "params"));
  assert.equal(open(context).table.rowCount, 3);
  rmSync(join(root, "2"), { recursive: true });
  assert.equal(open(context).table.rowCount, 2);
  assert.equal(open(start(), { refresh: "none" }).table.rowCount, 2);
});

test("datasets belong to the runs that name them", async (t) => {
  const input = "source_type: DATASET\nsource_id: d1\ndestination_type: RUN\ndestination_id: r\ntags: {}\n";
  const dataset = (digest: string) =>
    `dataset_id: d1\ndigest: ${digest}\nname: wine\nprofile: ''\nschema: ''\nsource: s\nsource_type: local\n`;
  const { root, start } = newBench(t, manyRuns(1, { "inputs/i1/meta.yaml": input }));
  addFiles(root, { "1/datasets/d1/meta.yaml": dataset("aa") });
  await settle(start());
  writeFileSync(join(root, "1/datasets/d1/meta.yaml"), dataset("bb"));
  const { table } = open(start());
  assert.deepStrictEqual(runsIn(table), runsByFiles(start()));
  assert.equal(runsIn(table)[0]?.datasets[0]?.digest, "bb");
});
