/** Whatever happens to the index, searches say what the files say; it costs time only. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { intercept, isTemporaryName } from "../../core/fs/index.js";
import type { Field } from "../../core/search/table.js";
import { inject } from "../helpers/fault-interceptor.js";
import type { IndexTask } from "../helpers/index-child.js";
import { contextWith, filesIn, manyRuns, open, runId, runsByFiles, runsIn } from "../helpers/indexed-runs.js";
import { SmallDisk, whyNoMounts } from "../helpers/mounts.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import { makeStore } from "../unit/read-fixture.js";

const SEED = newSeed("RUNSTONE_SEED");
const random = randomOf(SEED);
const CHILD = fileURLToPath(new URL("../helpers/index-child.js", import.meta.url));
const IS_FULL = process.env.RUNSTONE_TIER === "full";

interface Bench {
  readonly root: string;
  readonly indexDirectory: string;
}

function newBench(t: TestContext, runs = 5): Bench {
  const { root } = makeStore(t, manyRuns(runs));
  return { root, indexDirectory: join(temporaryDirectory(t), "index") };
}

/** The same with an index that is up to date, but for one run that changed and one that is gone. */
function benchWithChanges(t: TestContext): Bench {
  const bench = newBench(t);
  open(contextWith(bench.root, bench.indexDirectory));
  writeFileSync(join(bench.root, "1", runId(0), "params/lr"), "7");
  rmSync(join(bench.root, "2", runId(1)), { recursive: true });
  return bench;
}

/** A program that starts now finds what the files say, and says nothing. */
function assertRight({ root, indexDirectory }: Bench, where: string): void {
  const warnings: string[] = [];
  const context = contextWith(root, indexDirectory, warnings);
  const { table } = open(context);
  assert.deepStrictEqual(runsIn(table), runsByFiles(context), where);
  assert.deepEqual(warnings, [], where);
}

function startChild(task: IndexTask): ChildProcess {
  return spawn(process.execPath, [CHILD, JSON.stringify(task)], { stdio: ["ignore", "pipe", "pipe"] });
}

async function ended(
  child: ChildProcess,
): Promise<{ readonly signal: string | null; readonly operations: number }> {
  let said = "";
  child.stdout?.on("data", (data) => {
    said += data;
  });
  child.stderr?.on("data", (data) => {
    said += data;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.ok(code === 0 || signal === "SIGKILL", `the child ended by ${signal ?? code}: ${said}`);
  return { signal, operations: Number(/ops (\d+)/.exec(said)?.[1] ?? -1) };
}

describe("killed while indexing", () => {
  for (const [name, make] of [
    ["a store for the first time", newBench],
    ["what changed", benchWithChanges],
  ] as const) {
    test(name, async (t) => {
      const bench = make(t);
      const before = join(bench.indexDirectory, "../before");
      if (existsSync(bench.indexDirectory)) cpSync(bench.indexDirectory, before, { recursive: true });
      const { operations } = await ended(startChild({ ...bench, rounds: 1 }));
      assert.ok(operations > 5, `${operations} operations`);
      for (let at = 0; at < operations; at += IS_FULL ? 1 : 2) {
        rmSync(bench.indexDirectory, { recursive: true });
        if (existsSync(before)) cpSync(before, bench.indexDirectory, { recursive: true });
        const { signal } = await ended(startChild({ ...bench, rounds: 1, dieAt: at }));
        assert.equal(signal, "SIGKILL");
        assertRight(bench, `killed at operation ${at}`);
      }
    });
  }

  test("leaves nothing for long", async (t) => {
    const bench = newBench(t);
    const { operations } = await ended(startChild({ ...bench, rounds: 1 }));
    rmSync(bench.indexDirectory, { recursive: true });
    for (let at = 0; at < operations; at += 3) await ended(startChild({ ...bench, rounds: 1, dieAt: at }));
    const hourAgo = Date.now() / 1000 - 3600;
    for (const path of filesIn(bench.indexDirectory)) utimesSync(path, hourAgo, hourAgo);
    writeFileSync(join(bench.root, "1", runId(0), "params/lr"), "8");
    open(contextWith(bench.root, bench.indexDirectory));
    const left = filesIn(bench.indexDirectory).map((path) => path.slice(path.lastIndexOf("/") + 1));
    assert.deepEqual(left.filter(isTemporaryName), []);
    assert.equal(left.filter((name) => name.endsWith(".segment")).length, 2, left.join(" "));
  });
});

test("a failing operation on the index costs a warning at most", (t) => {
  const first = newBench(t);
  const count = countOperations(first);
  assert.ok(count > 20, `${count} operations`);
  const errors = ["ENOSPC", "EIO", "EACCES", "EROFS", "short 0", "short 1"];
  for (let at = 0; at < count; at += 1) {
    const error = errors[at % errors.length] ?? "EIO";
    for (const lasting of [false, true]) {
      rmSync(first.indexDirectory, { recursive: true, force: true });
      const warnings: string[] = [];
      const context = contextWith(first.root, first.indexDirectory, warnings);
      const where = `${error} ${lasting ? "from" : "at"} operation ${at}`;
      try {
        inject({ at, error, lasting }, ({ path }) => path.startsWith(first.indexDirectory));
        for (let round = 0; round < 2; round += 1)
          assert.deepStrictEqual(runsIn(open(context).table), runsByFiles(context), where);
      } finally {
        intercept(undefined);
      }
      assert.ok(warnings.length <= 1, `${where}: ${warnings.join("; ")}`);
      assertRight(first, `after ${where}`);
    }
  }
});

/** Of a query that makes an index and of one that reads it. */
function countOperations({ root, indexDirectory }: Bench): number {
  const injection = inject(null, ({ path }) => path.startsWith(indexDirectory));
  try {
    for (let round = 0; round < 2; round += 1) open(contextWith(root, indexDirectory));
    return injection.count();
  } finally {
    intercept(undefined);
  }
}

describe("a damaged index", () => {
  const fields: readonly Field[] = [
    { entity: "param", key: "lr" },
    { entity: "tag", key: "mlflow.runName" },
    { entity: "metric", key: "loss", aggregate: "min" },
    { entity: "attribute", key: "start_time" },
  ];

  test(`any bit that flips (seed ${SEED})`, (t) => {
    damageEach(t, (bytes, offset) => {
      bytes[offset]! ^= 1 << Math.floor(random() * 8);
      return bytes;
    });
  });

  test(`cut anywhere (seed ${SEED})`, (t) => damageEach(t, (bytes, offset) => bytes.subarray(0, offset)));

  /** Damages each file at many places; reads rows and columns, with a table that was just opened. */
  function damageEach(t: TestContext, damage: (bytes: Buffer, offset: number) => Uint8Array): void {
    const bench = newBench(t);
    open(contextWith(bench.root, bench.indexDirectory));
    const context = contextWith(bench.root, bench.indexDirectory);
    const truth = runsByFiles(context);
    const files = filesIn(bench.indexDirectory).map((path) => ({ path, sound: readFileSync(path) }));
    for (const { path, sound } of files) {
      const step = IS_FULL ? 1 : Math.ceil(sound.length / 20);
      for (let offset = Math.floor(random() * step); offset < sound.length; offset += step) {
        const where = `${path}, byte ${offset}`;
        for (const refresh of ["auto", "none"] as const) {
          for (const file of files) writeFileSync(file.path, file.sound);
          writeFileSync(path, damage(Buffer.from(sound), offset));
          const warnings: string[] = [];
          const { table } = open(contextWith(bench.root, bench.indexDirectory, warnings), { refresh });
          for (const field of fields) assert.ok(table.column(field) !== null, where);
          assert.deepStrictEqual(runsIn(table), truth, where);
          assert.deepEqual(warnings, [], where);
        }
      }
    }
  }

  test("a segment that is cut while a table is in use", (t) => {
    const bench = newBench(t, 40);
    open(contextWith(bench.root, bench.indexDirectory));
    const context = contextWith(bench.root, bench.indexDirectory);
    const { table } = open(context);
    for (const path of filesIn(bench.indexDirectory)) truncateSync(path, 100);
    assert.deepStrictEqual(runsIn(table), runsByFiles(context));
  });
});

test("several programs make, use and spoil one index at once", async (t) => {
  const bench = newBench(t, 20);
  const rounds = IS_FULL ? 60 : 12;
  const children = [0, 1, 2, 3].map((number) => startChild({ ...bench, rounds, spoils: number < 2 }));
  for (const { signal } of await Promise.all(children.map(ended))) assert.equal(signal, null);
  assertRight(bench, "afterwards");
});

test("a full disk costs the index, once said", { skip: whyNoMounts() }, (t) => {
  const { root } = makeStore(t, manyRuns(60));
  const disk = new SmallDisk({ size: "16k" });
  try {
    const warnings: string[] = [];
    const context = contextWith(root, join(disk.workspace, "index"), warnings);
    for (let round = 0; round < 3; round += 1)
      assert.deepStrictEqual(runsIn(open(context).table), runsByFiles(context));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /no space left/);
  } finally {
    disk.remove();
  }
});
