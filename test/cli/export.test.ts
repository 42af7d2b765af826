/** `runstone export`: what leaves a store as CSV, JSON lines and Parquet. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import { writePlainStore } from "../helpers/plain-store.js";
import { madeOnce, newDirectory } from "./program.js";

/** Two runs in one experiment, a third that was deleted in another. */
const newProject = madeOnce(({ read }) => {
  read(["init"]);
  const runs: Record<string, string> = {};
  for (const [name, experiment] of [
    ["first", "wine"],
    ["second", "wine"],
    ["gone", "old"],
  ] as const)
    runs[name] = read(["start", "--experiment", experiment, "--name", name]);
  const log = (name: string, words: readonly string[]) => read(["log", ...words, "--run", runs[name]!]);
  log("first", ["param", "lr=0.10", "model==cmd()"]);
  log("first", ["metric", "loss=0.5", "step=1", "timestamp=1000"]);
  log("first", ["metric", "loss=0.30000000000000004", "step=2", "timestamp=2000"]);
  log("first", ["metric", "val/acc=0.9", "step=2", "timestamp=2000"]);
  log("second", ["metric", "loss=nan", "step=9223372036854775807", "timestamp=3000"]);
  log("second", ["tag", "note=two\nlines"]);
  for (const id of Object.values(runs)) read(["end", "--run", id]);
  read(["delete", runs.gone!]);
  return { runs };
});

function directoryOf(project: string, runId: string): string {
  const store = join(project, "mlruns");
  const experiment = readdirSync(store).find((name) => existsSync(join(store, name, runId)));
  return join(store, experiment!, runId);
}

function lines(text: string): Record<string, unknown>[] {
  return text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
}

function parquet(path: string): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: new Uint8Array(readFileSync(path)).buffer });
}

describe("a row for each run", () => {
  test("attributes, last values, params and tags of the active runs, the newest first", (t) => {
    const { read, runs } = newProject(t);
    const rows = lines(read(["export", "--format", "jsonl"]));
    assert.deepEqual(
      rows.map((row) => row.run_id),
      [runs.second, runs.first],
    );
    const first = rows[1]!;
    assert.equal(first.run_name, "first");
    assert.equal(first.experiment, "wine");
    assert.equal(first.state, "FINISHED");
    assert.equal(first["metrics.loss"], 0.30000000000000004);
    assert.equal(first["params.lr"], "0.10");
    assert.equal(first["tags.note"], null);
    assert.equal(rows[0]!["metrics.loss"], "NaN");
    assert.equal(rows[0]!["metrics.val/acc"], null);
  });

  test("CSV is the default, and a formula in a param is disarmed in it", (t) => {
    const { read, runs } = newProject(t);
    const [head, row] = read(["export", runs.first!.slice(0, 8)]).split("\r\n");
    const cell = (key: string) => row!.split(",")[head!.split(",").indexOf(key)];
    assert.equal(cell("params.model"), "'=cmd()");
    assert.equal(cell("params.lr"), "0.10");
    assert.equal(cell("metrics.loss"), "0.30000000000000004");
  });

  test("Parquet has the types: text, 64-bit integers, doubles", async (t) => {
    const { directory, read, runs } = newProject(t);
    read(["export", "first", "second", "--output", "runs.parquet"]);
    const rows = await parquet(join(directory, "runs.parquet"));
    assert.deepEqual(
      rows.map((row) => row.run_id),
      [runs.first, runs.second],
    );
    assert.equal(typeof rows[0]!.start_time, "bigint");
    assert.equal(rows[0]!["params.model"], "=cmd()");
    assert.equal(rows[0]!["metrics.loss"], 0.30000000000000004);
    assert.equal(rows[1]!["metrics.loss"], Number.NaN);
    assert.equal(rows[1]!["tags.note"], "two\nlines");
  });

  test("deleted runs are written when they are named or asked for", (t) => {
    const { read, runs } = newProject(t);
    for (const words of [[runs.gone!], ["--view", "deleted"], ["--view", "all", "-e", "old"]]) {
      const rows = lines(read(["export", "--format", "jsonl", ...words]));
      assert.deepEqual(
        rows.map((row) => [row.run_id, row.lifecycle_stage]),
        [[runs.gone, "deleted"]],
      );
    }
  });

  test("a damaged run is a row that says so", (t) => {
    const { directory, read, run, runs } = newProject(t);
    writeFileSync(join(directoryOf(directory, runs.first!), "meta.yaml"), "{{{");
    const { stdout, stderr } = run(["export", "--format", "jsonl"]);
    const damaged = lines(stdout.trimEnd()).find((row) => row.run_id === runs.first)!;
    assert.deepEqual(
      [damaged.state, damaged.status, damaged.damages, damaged["params.lr"]],
      ["DAMAGED", null, 1, "0.10"],
    );
    assert.match(stderr, /meta\.yaml/);
    assert.match(read(["export", runs.first!, "--metrics"]), /,val\/acc,2,2000,0\.9,/);
  });

  test("runs come from standard input, too", (t) => {
    const { read, runs } = newProject(t);
    const rows = lines(read(["export", "-", "--format", "jsonl"], { input: `${runs.second}\n` }));
    assert.deepEqual(
      rows.map((row) => row.run_name),
      ["second"],
    );
  });
});

/** Held together, these rows alone would take more memory than the test allows. */
const MANY = 200_000;

describe("a row for each point", () => {
  const HEAD =
    "run_id,run_name,experiment_id,metric,step,timestamp,value,dataset_name,dataset_digest,model_id";

  test("every point with all its digits, metric by metric", (t) => {
    const { read, runs } = newProject(t);
    const [head, ...rows] = read(["export", "first", "second", "--metrics"]).trimEnd().split("\r\n");
    assert.equal(head, HEAD);
    assert.deepEqual(
      rows.map((row) => row.replace(/^(\w{32}),(\w+),\d+,/, "$1 $2 ")),
      [
        `${runs.first} first loss,1,1000,0.5,,,`,
        `${runs.first} first loss,2,2000,0.30000000000000004,,,`,
        `${runs.first} first val/acc,2,2000,0.9,,,`,
        `${runs.second} second loss,9223372036854775807,3000,NaN,,,`,
      ],
    );
  });

  test("--metric takes names and globs", (t) => {
    const { read } = newProject(t);
    const keys = (words: readonly string[]) =>
      lines(read(["export", "first", "--format", "jsonl", ...words])).map((row) => row.metric);
    assert.deepEqual(keys(["--metric", "val/*"]), ["val/acc"]);
    assert.deepEqual(keys(["-m", "los?", "-m", "val/acc"]), ["loss", "loss", "val/acc"]);
  });

  test("Parquet keeps NaN and 64-bit steps", async (t) => {
    const { directory, read, runs } = newProject(t);
    read(["export", "--metrics", "second", "-o", "points.parquet"]);
    const [point] = await parquet(join(directory, "points.parquet"));
    assert.equal(point!.run_id, runs.second);
    assert.equal(point!.step, 9223372036854775807n);
    assert.equal(point!.timestamp, 3000n);
    assert.equal(point!.value, Number.NaN);
    assert.equal(point!.dataset_name, null);
  });

  test("a line that is no point is named and hides no other", (t) => {
    const { directory, run, runs } = newProject(t);
    const file = join(directoryOf(directory, runs.first!), "metrics", "loss");
    appendFileSync(file, "nonsense\n4000 0.1 3\n");
    const { status, stdout, stderr } = run(["export", runs.first!, "-m", "loss", "--format", "tsv"]);
    assert.equal(status, 0);
    assert.match(stdout, /\t3\t4000\t0\.1\t/);
    assert.match(stderr, /metrics\/loss/);
  });

  test("memory does not grow with the points", (t) => {
    const { directory, run, runs } = newProject(t);
    const file = join(directoryOf(directory, runs.first!), "metrics", "loss");
    let text = "";
    for (let step = 3; step < MANY; step += 1) text += `${step} ${step / 7} ${step}\n`;
    appendFileSync(file, text);
    for (const format of ["csv", "jsonl", "parquet"]) {
      const env = { NODE_OPTIONS: "--max-old-space-size=28" };
      const { status, stderr } = run(["export", runs.first!, "--metrics", "-o", `points.${format}`], { env });
      assert.equal(status, 0, `${format}: ${stderr}`);
    }
    const csv = readFileSync(join(directory, "points.csv"), "utf8");
    assert.equal(csv.split("\r\n").length, 1 + MANY + 1);
    assert.match(csv, new RegExp(`,${MANY - 1},${MANY - 1},${(MANY - 1) / 7},,,\r\n`));
  });

  test("a reader that goes away ends it quietly", (t) => {
    const { script } = newProject(t);
    const { stdout, stderr, status } = script("runstone export --metrics | head -n 1");
    assert.deepEqual([status, stdout.trim(), stderr], [0, HEAD, ""]);
  });
});

test("reading a store that is not writable leaves nothing behind", (t) => {
  const { directory, read } = newProject(t);
  const before = readdirSync(directory, { recursive: true }).sort();
  read(["export", "--metrics"]);
  read(["export"]);
  assert.deepEqual(readdirSync(directory, { recursive: true }).sort(), before);
});

test("mistakes are told before anything is written", (t) => {
  const { directory, run } = newProject(t);
  mkdirSync(join(directory, "out"));
  const failing: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["nobody"], 3, /there is no run 'nobody'/],
    [["--format", "md"], 2, /--format cannot be 'md'/],
    [["-o", "runs.md"], 2, /export does not write md/],
    [["--json", "--format", "csv"], 2, /both given/],
    [["-o", "none/runs.csv"], 3, /there is no such directory/],
    [["-o", "out"], 2, /it is a directory/],
  ];
  for (const [words, status, message] of failing) {
    const ended = run(["export", ...words]);
    assert.equal(ended.status, status, words.join(" "));
    assert.match(ended.stderr, message);
    assert.equal(ended.stdout, "");
  }
  rmSync(join(directory, "out"), { recursive: true });
});

test("a pattern that no metric matches is named, and the others are written", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, [{ id: "aaaa1", metrics: { loss: [1] } }]);
  const { status, stdout, stderr } = place.run([...["--store", root, "export", "-m", "nope*", "-m", "lo*"]]);
  assert.equal(status, 0);
  assert.match(stdout, /,loss,0,/);
  assert.equal(stderr, "runstone: none of these runs has a metric 'nope*'\n");
});
