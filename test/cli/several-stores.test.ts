/** Commands that work on several stores at once. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type PlainRun, writePlainRun, writePlainStore } from "../helpers/plain-store.js";
import { madeOnce, type Workspace } from "./program.js";

const HOUR = 3_600_000;

function plainRun(id: string, name: string, { lr, loss }: { lr: number; loss: readonly number[] }): PlainRun {
  const startTime = HOUR * Number(id.slice(0, 2));
  return { id, name, startTime, params: { lr: String(lr) }, metrics: { val_loss: loss } };
}

const BASE = plainRun("01aaaa", "base", { lr: 0.1, loss: [9, 3, 1] });
const WIDE = plainRun("02aaaa", "wide", { lr: 0.2, loss: [9, 2, 0.5] });
const DEEP = plainRun("03bbbb", "deep", { lr: 0.3, loss: [8, 1, 0.25] });
/** `wide`, which was changed in one of the stores. */
const WIDER = plainRun("02aaaa", "wide", { lr: 0.3, loss: [9, 2, 0.75] });

/** `base` lies in both, `wide` differs, `deep` is in b alone. */
const place = madeOnce(({ directory }) => {
  for (const name of ["a", "b"]) mkdirSync(join(directory, name));
  writePlainStore(join(directory, "a"), [BASE, WIDE]);
  writePlainStore(join(directory, "b"), [BASE, WIDER, DEEP]);
  return {};
});

const STORES = ["--store", "a/mlruns", "--store", "b/mlruns"];

function json<T>(workspace: Workspace, args: readonly string[]): T {
  return JSON.parse(workspace.read([...args, ...STORES, "--json"])) as T;
}

interface NamedRun {
  readonly run_name: string;
  readonly store: string;
}

function named(runs: readonly NamedRun[]): readonly string[] {
  return runs.map(({ run_name, store }) => `${run_name}: ${store}`);
}

/** Gives the store `root` an experiment 7 of that name, with one run. */
function addExperiment(root: string, name: string, run: PlainRun): void {
  mkdirSync(join(root, "7"));
  const meta = `artifact_location: file:///7\nexperiment_id: '7'\nlifecycle_stage: active\nname: ${name}\n`;
  writeFileSync(join(root, "7", "meta.yaml"), meta);
  const directory = writePlainRun(root, run);
  cpSync(directory, directory.replace("/0/", "/7/"), { recursive: true });
}

describe("runs of several stores", () => {
  test("equal copies are one row, copies that differ are two, and each says where", (t) => {
    const workspace = place(t);
    assert.deepEqual(named(json(workspace, ["runs"])), ["deep: b", "wide: a", "wide: b", "base: a, b"]);
    assert.equal(
      workspace.read(["runs", "--store", "?/mlruns", "--json"]),
      workspace.read(["runs", ...STORES, "--json"]),
    );
    assert.equal(
      workspace.read(["runs", "--store", "?", "--ids"]),
      workspace.read(["runs", ...STORES, "--ids"]),
    );
    assert.equal(workspace.read(["runs", "params.lr = 0.2", ...STORES, "--count"]), "1");
  });

  test("damage is named with its store", (t) => {
    const workspace = place(t);
    const broken = join("b/mlruns/0", "01aaaa".padEnd(32, "0"), "meta.yaml");
    writeFileSync(join(workspace.directory, broken), "run_id: [");
    const { stderr } = workspace.run(["runs", ...STORES]);
    assert.ok(stderr.includes(`runstone: ${broken}: `), stderr);
    assert.match(stderr, /`runstone --store DIR fsck` lists them/);
    assert.match(
      workspace.run(["runs", "--store", "b/mlruns"]).stderr,
      /`runstone --store b\/mlruns fsck` lists them/,
    );
  });

  test("a pattern without a match, and a command that takes one store only", (t) => {
    const workspace = place(t);
    assert.equal(workspace.run(["runs", "--store", "no*where"]).status, 3);
    const { status, stderr } = workspace.run(["show", ...STORES]);
    assert.equal(status, 2);
    assert.match(stderr, /several stores/);
  });
});

describe("other commands over several stores", () => {
  test("best ranks the runs of all, and says where they lie", (t) => {
    const workspace = place(t);
    const all = json<readonly (NamedRun & { readonly value: number })[]>(workspace, [
      "best",
      "val_loss",
      "-n",
      "0",
    ]);
    assert.deepEqual(named(all), ["deep: b", "wide: a", "wide: b", "base: a, b"]);
    assert.deepEqual(
      all.map(({ value }) => value),
      [0.25, 0.5, 0.75, 1],
    );
    const some = json<readonly NamedRun[]>(workspace, ["best", "val_loss", "params.lr = 0.3", "-n", "0"]);
    assert.deepEqual(named(some), ["deep: b", "wide: b"]);
  });

  test("compare finds its runs in all, and tells copies apart", (t) => {
    const workspace = place(t);
    const { runs } = json<{ runs: readonly NamedRun[] }>(workspace, [
      "compare",
      "@last",
      "base",
      "params.lr = 0.2",
    ]);
    assert.deepEqual(named(runs), ["deep: b", "base: a, b", "wide: a"]);
    const head = workspace.read(["compare", "name = wide", "--only", "params", "--format", "csv", ...STORES]);
    const id = WIDE.id.padEnd(32, "0");
    const [columns, row] = head.split("\r\n");
    assert.equal(columns, `section,key,of,differs,${id} (a),${id} (b)`);
    assert.equal(row?.trim(), 'params,lr,"",true,0.2,0.3');
  });

  test("a name that runs of two stores have is refused, and the stores are named", (t) => {
    for (const word of ["wide", "02aa", WIDE.id.padEnd(32, "0")]) {
      const { status, stderr } = place(t).run(["compare", word, "base", ...STORES]);
      assert.equal(status, 2);
      assert.match(
        stderr,
        /names 2 runs\n.*Give one --store: 02aaaa000000 \(wide\) in a, 02aaaa000000 \(wide\) in b/,
      );
    }
    const { stderr } = place(t).run(["plot", "val_loss", "-r", "base", "-r", "wide", ...STORES]);
    assert.match(stderr, /\(wide\) in a, /);
  });

  test("plot draws curves of both, each read from its own store", (t) => {
    const { charts } = json<{
      charts: readonly { curves: readonly { name: string; lines: number[][][] }[] }[];
    }>(place(t), ["plot", "val_loss", "name = wide", "deep"]);
    assert.deepEqual(
      charts[0]!.curves.map(({ name, lines }) => [name, lines[0]!.at(-1)]),
      [
        ["02aaaa0 wide (a)", [2, 0.5]],
        ["02aaaa0 wide (b)", [2, 0.75]],
        ["03bbbb0 deep (b)", [2, 0.25]],
      ],
    );
  });

  test("export writes the runs and the points of all", (t) => {
    const workspace = place(t);
    assert.deepEqual(named(json(workspace, ["export"])), ["deep: b", "wide: a", "wide: b", "base: a, b"]);
    const points = json<readonly (NamedRun & { readonly value: number })[]>(workspace, [
      "export",
      "--metrics",
      "name = wide",
    ]);
    assert.deepEqual(
      points.map(({ store, value }) => [store, value]),
      [...[9, 2, 0.5].map((value) => ["a", value]), ...[9, 2, 0.75].map((value) => ["b", value])],
    );
    const listed = workspace.run(["export", "-", "--format", "jsonl", ...STORES], {
      input: "@last\nbase x y\n",
    });
    assert.deepEqual(
      listed.stdout
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as NamedRun).run_name),
      ["deep", "base"],
    );
  });

  test("summary has lines for each store, and counts a run of both once", (t) => {
    const lines = place(t)
      .read(["summary", ...STORES])
      .split("\n");
    const [, ...cells] = lines.map((line) => line.trim().split(/ +/));
    assert.deepEqual(
      cells.map((line) => [line[0], line.at(-1)]),
      [
        ["Default", "b"],
        ["Default", "a"],
        ["in", "56y"],
      ],
    );
    assert.deepEqual(
      cells.map((line) => line[line[0] === "in" ? 2 : 1]),
      ["3", "2", "4"],
    );
  });

  test("an experiment need not be in every store, and has the name of its own", (t) => {
    const workspace = place(t);
    addExperiment(join(workspace.directory, "a/mlruns"), "apples", { id: "0a", name: "in-a", startTime: 1 });
    addExperiment(join(workspace.directory, "b/mlruns"), "pears", { id: "0b", name: "in-b", startTime: 2 });
    const found = json<readonly NamedRun[]>(workspace, ["runs", "-e", "apples", "-e", "pears"]);
    assert.deepEqual(named(found), ["in-b: b", "in-a: a"]);
    const rows = json<readonly { experiment: string }[]>(workspace, [
      "export",
      "-e",
      "apples",
      "-e",
      "pears",
    ]);
    assert.deepEqual(
      rows.map(({ experiment }) => experiment),
      ["pears", "apples"],
    );
    const summed = json<readonly { experiment: string; runs: number; store: string }[]>(workspace, [
      "summary",
      "-e",
      "apples",
    ]);
    assert.deepEqual(
      summed.map(({ experiment, runs, store }) => [experiment, runs, store]),
      [["apples", 1, "a"]],
    );
    const { status, stderr } = workspace.run(["summary", "-e", "appels", ...STORES]);
    assert.equal(status, 3);
    assert.match(stderr, /no experiment 'appels'/);
  });
});
