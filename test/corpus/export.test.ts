/** `runstone export` of every store of the corpus has the points and runs that the dump has. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, test } from "node:test";
import { dumpStore, serializeDumpObject } from "../../core/index.js";
import { corpusDirectory, loadCorpora } from "./corpus.js";

type Row = Readonly<Record<string, unknown>>;

const BINARY = resolve("dist/bin/runstone.js");
const directory = corpusDirectory();
const home = mkdtempSync(join(tmpdir(), "runstone-corpus-"));
after(() => rmSync(home, { recursive: true, force: true }));

for (const { name, root } of directory === null ? [] : loadCorpora(directory)) {
  describe(name, () => {
    const dumped = Array.from(
      dumpStore({ root, workspace: null }),
      (object) => JSON.parse(serializeDumpObject(object)) as Row,
    );

    test("points", () => {
      const points = dumped
        .filter(({ kind, run_id: run }) => kind === "metric" && run !== undefined)
        .map((point) => pointOf({ ...point, metric: point.key }));
      assert.deepEqual(exported(root, ["--metrics"]).map(pointOf).sort(), points.sort());
    });

    test("runs", () => {
      const runs = dumped.filter(({ kind }) => kind === "run").map(runOf);
      const readable = exported(root, []).filter(({ state }) => state !== "DAMAGED");
      assert.deepEqual(readable.map(runOf).sort(), runs.sort());
    });
  });
}

function exported(root: string, words: readonly string[]): readonly Row[] {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [BINARY, "export", "--store", root, "--view", "all", "--format", "jsonl", ...words],
    { encoding: "utf8", maxBuffer: 1 << 28, env: { HOME: home, XDG_CACHE_HOME: home } },
  );
  assert.equal(status, 0, stderr);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
}

function pointOf(row: Row): string {
  const keys = [
    "run_id",
    "experiment_id",
    "metric",
    "step",
    "timestamp",
    "value",
    "dataset_name",
    "model_id",
  ];
  return JSON.stringify(keys.map((key) => row[key] ?? null));
}

function runOf(row: Row): string {
  const keys = ["run_id", "experiment_id", "run_name", "status", "lifecycle_stage", "start_time", "end_time"];
  return JSON.stringify(keys.map((key) => row[key] ?? null));
}
