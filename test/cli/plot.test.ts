/** `runstone plot`, by what it draws and writes. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type PlainRun, writePlainRun, writePlainStore } from "../helpers/plain-store.js";
import { newDirectory } from "./program.js";

const RUNS: readonly PlainRun[] = [
  {
    ...{ id: "aaaa1", name: "first", startTime: 1_748_764_800_000 },
    metrics: { loss: [4, 3, 2, 1], "val/loss": [5, 4], "val/acc": [0.1, 0.2] },
  },
  {
    id: "bbbb2",
    name: "second<&\x1b",
    startTime: 1_748_764_900_000,
    metrics: { loss: [4, Number.NaN, 1, 0.5] },
  },
];

test("words are metrics, patterns of them, and runs; without a run it is the newest", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, RUNS);
  const curves = (...args: string[]): string[] =>
    JSON.parse(place.read(["--store", root, "plot", "--json", ...args])).charts.flatMap(
      ({ curves: found }: { curves: readonly { name: string }[] }) => found.map(({ name }) => name),
    );
  assert.deepEqual(curves("loss"), ["bbbb200 second<&\\x1b".replace("\\x1b", "\x1b")]);
  assert.deepEqual(curves("loss", "aaaa1", "bbbb2").length, 2);
  assert.deepEqual(curves("loss", "val/*", "first"), ["loss", "val/acc", "val/loss"]);
  assert.deepEqual(curves("--run", "aaaa1", "val/loss"), ["aaaa100 first"]);
  const run = (...args: string[]) => place.run(["--store", root, "plot", ...args]);
  assert.match(run("los").stderr, /no run has a metric 'los'\n +Did you mean loss/);
  assert.match(run("loss", "val/los").stderr, /no metric and no run 'val\/los'\n +Did you mean val\/loss/);
  assert.equal(run().status, 2);
  assert.equal(run("val/acc", "bbbb2").status, 3);
  assert.equal(run("loss", "--smooth", "1").status, 2);
  assert.equal(run("loss", "--size", "10x10").status, 2);
});

test("the chart in a pipe has 80 columns, axes, a legend and the marks of odd values", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, RUNS);
  const page = place.read(["--store", root, "plot", "loss", "aaaa1", "bbbb2"]);
  assert.ok(page.split("\n").every((line) => line.length <= 80));
  assert.match(page, /[\u2801-\u28ff]/);
  assert.match(page, /└.*N/);
  assert.match(page, /^a aaaa100 first {2,}last 1 {2}min 1 {2}max 4 {2}4 points$/m);
  assert.match(page, /^b bbbb200 second<&\\x1b {2}last 0\.5 {2}1 NaN/m);
  assert.match(page, /step$/m);
  const ascii = place.read(["--store", root, "plot", "loss", "aaaa1", "--ascii", "--log", "--height", "5"]);
  assert.match(ascii, /^[\x20-\x7e\n]*$/);
  assert.match(ascii, /logarithmic y axis/);
  const blocks = place.read(["--store", root, "plot", "loss", "aaaa1"], { env: { TERM: "linux" } });
  assert.match(blocks, /[▘▝▀▖▌▞▛▗▚▐▜▄▙▟█]/);
  assert.doesNotMatch(blocks, /[\u2801-\u28ff]/);
});

test("over the time and relative to the start of the run", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, RUNS);
  const lines = (axis: string) =>
    JSON.parse(place.read(["--store", root, "plot", "loss", "aaaa1", "--json", "-x", axis])).charts[0]
      .curves[0].lines[0];
  assert.deepEqual(lines("step"), [
    [0, 4],
    [1, 3],
    [2, 2],
    [3, 1],
  ]);
  assert.deepEqual(lines("relative")[3], [3, 1]);
  assert.deepEqual(lines("time")[3], [1_748_764_803_000, 1]);
});

test("--svg and --png write files, complete, one for each chart when there are several", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, RUNS);
  const file = (name: string) => join(place.directory, name);
  const { stdout, stderr, status } = place.run([
    "--store",
    root,
    "plot",
    "loss",
    "aaaa1",
    "bbbb2",
    "--svg",
    "a.svg",
    "--png",
    "a.png",
    "--size",
    "400x300",
  ]);
  assert.deepEqual([status, stdout, stderr], [0, "", "wrote a.svg\nwrote a.png\n"]);
  const svg = readFileSync(file("a.svg"), "utf8");
  assert.match(svg, /^<svg [^>]*width="400" height="300"/);
  assert.ok(svg.includes("second&lt;&amp;\\x1b"));
  assert.ok(svg.includes("NaN</title>"));
  assert.equal(readFileSync(file("a.png")).toString("latin1", 1, 4), "PNG");
  place.read(["--store", root, "plot", "loss", "val/loss", "aaaa1", "--split", "--svg", "b.svg"]);
  assert.ok(existsSync(file("b-1.svg")) && existsSync(file("b-2.svg")) && !existsSync(file("b.svg")));
  assert.match(place.read(["--store", root, "plot", "loss", "aaaa1", "--svg", "-"]), /^<svg[\s\S]*<\/svg>$/);
});

test("damaged lines are told and the rest is drawn; a million points need little memory", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, []);
  const directory = writePlainRun(root, { id: "cccc3", name: "long" });
  const chunk = Array.from({ length: 10_000 }, (_, index) => `174876480${index % 10}000 0.5 ${index}\n`).join(
    "",
  );
  writeFileSync(join(directory, "metrics", "loss"), `${chunk.repeat(100)}oops\n1748764800000 7.25 9999\n`);
  const { stdout, stderr, status } = place.run(["--store", root, "plot", "loss"], {
    env: { NODE_OPTIONS: "--max-old-space-size=64" },
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /last 7\.25 {2}min 0\.5 {2}max 7\.25 {2}1000001 points/);
  assert.match(stderr, /metrics\/loss: line 1000001/);
});

test("values without a place are told, and no mark hides another", (t) => {
  const place = newDirectory(t);
  const loss = [Number.NaN, 1, 2, Number.NaN];
  const root = writePlainStore(place.directory, [{ id: "aaaa1", metrics: { loss } }]);
  const plot = (...args: string[]) => place.read(["--store", root, "plot", "loss", "--width", "80", ...args]);
  assert.match(plot("--log", "--log-x"), / 1 NaN .*1 point left of the x axis \(1 not finite\)/);
  const both = writePlainRun(root, {
    id: "bbbb2",
    metrics: { loss: "1 nan 0\n2 inf 0\n3 1 0\n4 2 5\n5 nan 5\n" },
  });
  assert.match(both, /bbbb2/);
  const chart = place.read(["--store", root, "plot", "loss", "bbbb2", "--width", "80"]);
  assert.match(chart, /└!.*N$/m);
  assert.match(chart, /on the x axis: N NaN, \^ inf, ! several of these$/m);
});

test("a colour is switched once for a stretch, not for each character", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, [{ id: "aaaa1", metrics: { loss: [1, 1, 1, 1] } }]);
  const chart = place.read(["--store", root, "plot", "loss", "--width", "80"], {
    env: { FORCE_COLOR: "1", NO_COLOR: "" },
  });
  for (const line of chart.split("\n")) assert.doesNotMatch(line, /\x1b\[(\d+)m[^\x1b]*\x1b\[\d+m\x1b\[\1m/);
  assert.match(chart, /\x1b\[\d+m[⠀-⣿]{60,}\x1b\[39m/);
});

test("--format writes the points that are drawn, and what has no place", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, RUNS);
  const plot = (...args: readonly string[]) => place.read(["--store", root, "plot", ...args]);
  const id = "bbbb2".padEnd(32, "0");
  const rows = plot("loss", "bbbb2", "--format", "tsv").split("\n");
  assert.equal(rows[0], "metric\trun_id\trun_name\tkind\tpiece\tx\ty");
  assert.deepEqual(
    rows.slice(1).map((row) => row.split("\t").slice(3)),
    [
      ["value", "1", "0", "4"],
      ["value", "2", "2", "1"],
      ["value", "2", "3", "0.5"],
      ["odd", "", "1", "NaN"],
    ],
  );
  assert.ok(rows.slice(1).every((row) => row.split("\t")[1] === id));
  const objects = plot("loss", "aaaa1", "--format", "jsonl", "--smooth", "0.5", "--log")
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly x: number; readonly y: number });
  const kinds = objects.map(({ kind }) => kind);
  assert.deepEqual(kinds, [...Array(4).fill("smoothed"), ...Array(4).fill("value")]);
  assert.deepEqual(
    objects.slice(4).map(({ x, y }) => [x, y]),
    [4, 3, 2, 1].map((value, step) => [step, value]),
  );
  assert.match(plot("loss", "aaaa1", "--axis", "time", "--format", "md"), /\| aaaa100 .* \d{4}-\d\d-\d\d /);
});

test("--output takes the chart, its points, or a picture, by the name of the file", (t) => {
  const place = newDirectory(t);
  const root = writePlainStore(place.directory, RUNS);
  const plot = (...args: readonly string[]) => place.run(["--store", root, "plot", "loss", "aaaa1", ...args]);
  const written = (name: string): string => {
    const { status, stdout, stderr } = plot("-o", name);
    assert.deepEqual([status, stdout], [0, ""], stderr);
    return readFileSync(join(place.directory, name), "latin1");
  };
  assert.match(written("loss.svg"), /^<svg /);
  assert.match(written("loss.png"), /^\x89PNG/);
  assert.match(written("loss.csv"), /^metric,run_id/);
  assert.match(written("loss.txt"), /^loss\n.*4 points\n$/s);
  assert.match(written("loss.json"), /^\{\s*"charts"/);
  for (const args of [
    ["--svg", "-", "--format", "csv"],
    ["--png", "a.png", "-o", "b.csv"],
    ["--svg", "a.svg", "-o", "b.svg"],
    ["--json", "--format", "csv"],
  ])
    assert.equal(plot(...args).status, 2, args.join(" "));
});
