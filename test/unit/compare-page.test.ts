import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { curveShape, sharedAxes } from "../../cli/compare/curve-shapes.js";
import { fitApart, formatApart } from "../../cli/compare/format-apart.js";
import { printComparison } from "../../cli/compare/print-comparison.js";
import type { CommandContext } from "../../cli/context.js";
import { Output } from "../../cli/output/output.js";
import { PLAIN } from "../../cli/output/style.js";
import { displayWidth } from "../../cli/output/width.js";
import { type PageView, watchedPage } from "../../cli/watch/watched-page.js";
import { compareRuns } from "../../core/compare/compare-runs.js";
import { COMPARED_SECTIONS } from "../../core/compare/sections.js";
import { FollowedRun } from "../../core/follow/followed-run.js";
import { scanRunTable } from "../../core/search/scan-run-table.js";
import { SeriesBuckets } from "../../core/series/series-buckets.js";
import fc from "../helpers/fast-check.js";
import { contextOf, temporaryDirectory } from "../helpers/new-store.js";
import { type PlainRun, writePlainStore } from "../helpers/plain-store.js";

/** Runs that differ in a long param, near its end. */
function manyRuns(count: number): readonly PlainRun[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${index}`.padStart(4, "0"),
    name: `run-${index}-with-a-long-name`,
    params: { data: `/some/long/path/to/the/data/v${index}/train.csv`, same: "1" },
    metrics: {
      loss: [3, 2, 1 + index / 1000],
      mean_absolute_error: [0.0500812345 + index / 1e9, 9],
      mean_squared_error: [index / 7],
    },
  }));
}

/** The page as a terminal of that width gets it. */
function pageOf(t: TestContext, count: number, width: number | undefined): readonly string[] {
  const directory = temporaryDirectory(t);
  const context = contextOf(writePlainStore(directory, manyRuns(count)));
  const table = scanRunTable(context);
  const runs = Array.from({ length: count }, (_, row) => table.runAt(row));
  const comparison = compareRuns(runs, {
    sections: new Set(COMPARED_SECTIONS),
    tolerance: 0,
    resolution: 64,
    placeOf: () => ({ context, onDamage: () => {} }),
  });
  const path = join(directory, "page");
  const fd = openSync(path, "w");
  const out = new Output(fd);
  printComparison({ out, style: PLAIN, width } as CommandContext, {
    ...{ comparison, all: false, atStep: undefined, tolerance: 0, prefix: 7, ascii: false },
    stateOf: () => "FINISHED",
    storesOf: () => [],
  });
  out.flush();
  closeSync(fd);
  return readFileSync(path, "utf8").split("\n");
}

describe("the page of a comparison", () => {
  test("fits 80 columns with any number of runs, and shows every run", (t) => {
    for (const count of [2, 3, 5, 12]) {
      const lines = pageOf(t, count, 80);
      for (const line of lines)
        if (!line.startsWith("same:")) assert.ok(displayWidth(line) <= 80, `${displayWidth(line)}: ${line}`);
      const text = lines.join("\n");
      for (let index = 0; index < count; index += 1)
        assert.ok(text.includes(`${index}`.padStart(4, "0").padEnd(7, "0")), `run ${index} of ${count}`);
    }
  });

  test("cuts long values so that what differs is seen", (t) => {
    const shown = pageOf(t, 5, 80)
      .filter((line) => line.startsWith("  data"))
      .join("\n");
    for (let index = 0; index < 5; index += 1) assert.ok(shown.includes(`v${index}`), shown);
  });

  test("cuts no number, however narrow the terminal is, and no two keys to the same text", (t) => {
    for (const width of [40, 60, 80]) {
      const lines = pageOf(t, 5, width);
      const metrics = lines.slice(lines.indexOf("Metrics") + 1, lines.indexOf("", lines.indexOf("Metrics")));
      assert.ok(metrics.some((line) => line.includes("0.0500812345 @ 0")));
      for (const line of metrics) assert.doesNotMatch(line, /\d\u2026|\u2026[ @\d]*\d/);
      const keys = metrics.map((line) => line.trim().split(/ {2,}/)[0]);
      assert.equal(new Set(keys).size, keys.length, keys.join(", "));
    }
  });

  test("repeats the first run at the left of each block", (t) => {
    const heads = pageOf(t, 12, 80).filter((line) => /^ +0000000 /.test(line));
    assert.ok(heads.length > 1);
  });

  test("in a pipe nothing is cut and all runs stand side by side", (t) => {
    const lines = pageOf(t, 12, undefined);
    assert.equal(lines.filter((line) => line.startsWith("name")).length, 1);
    assert.ok(lines.some((line) => line.includes("/some/long/path/to/the/data/v11/train.csv")));
  });
});

describe("values side by side", () => {
  test("different numbers look different, equal ones alike", () => {
    const number = fc.oneof(
      fc.double({ noNaN: true }),
      fc.constantFrom(1, 1 + Number.EPSILON, 0.1, 0.1000001),
    );
    fc.assert(
      fc.property(fc.array(fc.option(number), { minLength: 1, maxLength: 5 }), (numbers) => {
        const texts = formatApart(numbers);
        for (const [i, a] of numbers.entries())
          for (const [j, b] of numbers.entries())
            assert.equal(texts[i] === texts[j], a === b, `${a} ${b}: ${texts}`);
      }),
    );
  });

  test("texts that are cut stay different where they begin to differ", () => {
    const [a, b] = fitApart(["/a/long/way/to/one/file.csv", "/a/long/way/to/two/file.csv"], 12);
    assert.notEqual(a, b);
    assert.ok(displayWidth(a!) <= 12 && displayWidth(b!) <= 12);
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 }),
        fc.integer({ min: 4, max: 30 }),
        (texts, width) => {
          for (const text of fitApart(texts, width)) assert.ok(displayWidth(text) <= width);
        },
      ),
    );
  });
});

test("curves on shared axes start and end where their steps do", () => {
  const [long, short] = [10, 5].map((count) => {
    const buckets = new SeriesBuckets();
    for (let step = 0; step < count; step += 1) buckets.add(step, step);
    return buckets.buckets();
  });
  const axes = sharedAxes([long!, short!])!;
  assert.match(curveShape(short!, axes, { width: 10, ascii: true }), /^\S{5} {5}$/);
  assert.match(curveShape(long!, axes, { width: 10, ascii: false }), /^▁.*█$/);
});

test("the live page does not change while nothing happens, and fits any terminal", (t) => {
  const root = writePlainStore(temporaryDirectory(t), [
    { id: "a", name: "one", status: 1, metrics: { loss: [3, 2], "system/cpu": [9] } },
    { id: "b", name: "twó\x1b[31m", status: 1, metrics: { loss: [3, 2], acc: [Number.NaN] } },
  ]);
  const table = scanRunTable(contextOf(root));
  const runs = [0, 1].map((row) => new FollowedRun(table.runAt(row)));
  for (const run of runs) run.poll();
  const start = 1_748_764_800_000;
  const view: PageView = {
    ...{ width: 80, height: 24, now: start + 600_000, style: PLAIN, glyphs: "braille", prefix: 7 },
    ...{ metrics: ["loss"], waiting: "" },
  };
  const page = watchedPage(runs, view);
  assert.deepEqual(watchedPage(runs, { ...view, now: start + 659_000 }), page);
  assert.notDeepEqual(watchedPage(runs, { ...view, now: start + 660_000 }), page);
  for (const width of [30, 50, 80, 200])
    for (const height of [6, 12, 24, 60])
      for (const metrics of [[], ["loss"], ["loss", "acc"], ["los", "ac", "x\x1b[31m"]]) {
        for (const shown of [runs, runs.slice(1)]) {
          const lines = watchedPage(shown, { ...view, width, height, metrics });
          assert.ok(lines.length <= height, `${lines.length} rows of ${height}`);
          for (const line of lines) {
            assert.ok(displayWidth(line) <= width, `${displayWidth(line)} of ${width}: ${line}`);
            assert.doesNotMatch(line, /\x1b/);
          }
        }
      }
});
