import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type HistoryCommit,
  metricOnHistory,
  readCommits,
  recordsOverTime,
  walkCommits,
  walkHistory,
} from "../../core/git/history/index.js";
import { openRepository, type Repository } from "../../core/git/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

type Body = (files: TestRepository, repository: Repository) => Promise<void>;

function inRepository(name: string, body: Body): void {
  test(name, async () => {
    const files = TestRepository.create();
    try {
      await body(files, await openRepository({ cwd: files.root, env: GIT_ENV }));
    } finally {
      files.remove();
    }
  });
}

describe("walking the history", () => {
  inRepository("the graph beside every line, and what a commit says", async (files, repository) => {
    const first = files.commit("a.txt", "a\n");
    files.git("checkout", "-q", "-b", "side");
    const side = files.commit("b.txt", "b\n");
    files.git("checkout", "-q", "main");
    const main = files.commit("c.txt", "c\n");
    files.git("merge", "-q", "--no-edit", "side");
    const merge = files.git("rev-parse", "HEAD");
    files.git("update-ref", "refs/runstone/runs/0a", merge);
    const lines = await all(walkHistory(repository));
    const commits = lines.flatMap(({ commit }) => commit ?? []);
    assert.deepEqual(commits[0], {
      commit: merge,
      parents: [main, side],
      author: "Ada Example",
      time: Number(files.git("log", "-1", "--format=%at")) * 1000,
      refs: ["HEAD -> main"],
      subject: "Merge branch 'side'",
    });
    assert.deepEqual(new Set(commits.map(({ commit }) => commit)), new Set([merge, main, side, first]));
    const ofMerge = lines.find(({ commit }) => commit?.commit === merge)!;
    assert.deepEqual(
      [ofMerge.graph.trimEnd(), ofMerge.below.map((one) => one.trimEnd())],
      ["*", ["|\\", "| |"]],
    );
    const ofFirst = lines.find(({ commit }) => commit?.commit === first)!;
    assert.deepEqual([ofFirst.graph, ofFirst.below.map((one) => one.trim())], ["* ", ["", ""]]);
  });

  inRepository("paths are literal, ranges are Git's", async (files, repository) => {
    const first = files.commit("a*.txt", "a\n");
    const second = files.commit("ab.txt", "b\n");
    const commitsOf = async (options: Parameters<typeof walkCommits>[1]): Promise<string[]> =>
      (await all(walkCommits(repository, options))).map(({ commit }) => commit);
    assert.deepEqual(await commitsOf({ paths: ["a*.txt"] }), [first]);
    assert.deepEqual(await commitsOf({ revisions: [`${first}..main`] }), [second]);
  });

  inRepository("a subject with marks of ours in it", async (files, repository) => {
    files.write("a.txt", "a\n");
    files.git("add", "a.txt");
    files.git("commit", "-q", "-m", "one \x01 two \x02 three");
    const [line] = await all(walkCommits(repository));
    assert.match(line!.subject, /^one .* two .* three$/);
  });

  inRepository("what could be an option, or names nothing", async (files, repository) => {
    files.commit("a.txt", "a\n");
    const walk = (revision: string) => all(walkCommits(repository, { revisions: [revision] }));
    await assert.rejects(walk("--output=x"), (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"));
    await assert.rejects(walk("nowhere"), (error) => isRunstoneError(error, "GIT_FAILED"));
  });
});

describe("commits by their ids", () => {
  inRepository("those that are there; others are left out", async (files, repository) => {
    const commit = files.commit("a.txt", "a\n");
    const found = await readCommits(repository, [commit, "0".repeat(40), "--all", commit]);
    assert.deepEqual([...found.keys()], [commit]);
    assert.equal(found.get(commit)!.subject, "add a.txt");
    assert.equal((await readCommits(repository, ["0".repeat(40)])).size, 0);
  });
});

test("records over time: better than all before, finite", () => {
  const values = [Number.NaN, 0.5, 0.5, null, 0.6, 0.4, Number.NEGATIVE_INFINITY];
  const rows = values.map((_, row) => row);
  assert.deepEqual(recordsOverTime(rows, { direction: "min", bestOfRow: (row) => values[row] ?? null }), [
    { row: 1, value: 0.5, before: null },
    { row: 5, value: 0.4, before: 0.5 },
  ]);
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const commit = (id: string, ...parents: string[]): HistoryCommit => ({
  ...{ commit: id, parents, author: "", time: 0, refs: [], subject: "" },
});

describe("a metric on the history", () => {
  const table = [0.5, 0.4, 0.45, Number.NaN, 0.4] as const;
  const bestOfRow = (row: number): number | null => table[row] ?? null;

  test("is compared with the nearest commits before, over commits without runs", () => {
    const commits = [commit("d", "c"), commit("c", "b"), commit("b", "a"), commit("a")];
    const rows: Readonly<Record<string, readonly number[]>> = { a: [0, 1], c: [3], d: [2] };
    const values = metricOnHistory(commits, (id) => rows[id] ?? [], { direction: "min", bestOfRow });
    assert.deepEqual(
      [...values],
      [
        ["a", { row: 1, value: 0.4, before: null, isRegression: false, isBest: true }],
        ["d", { row: 2, value: 0.45, before: 0.4, isRegression: true, isBest: false }],
      ],
    );
  });

  test("of several lines the best counts; what is within the tolerance is no regression; the first of equals is best", () => {
    const commits = [commit("m", "x", "y"), commit("x", "a"), commit("y", "a"), commit("a")];
    const rows: Readonly<Record<string, readonly number[]>> = { x: [0], y: [1], m: [2] };
    const options = { direction: "min", bestOfRow, tolerance: 0.06 } as const;
    const values = metricOnHistory(commits, (id) => rows[id] ?? [], options);
    assert.equal(values.get("m")!.before, 0.4);
    assert.equal(values.get("m")!.isRegression, false);
    const equal = metricOnHistory([commit("b", "a"), commit("a")], (id) => (id === "a" ? [1] : [4]), options);
    assert.deepEqual([equal.get("a")!.isBest, equal.get("b")!.isBest], [true, false]);
  });

  test("on a line: what comes before is the last value before, and one is best", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ noDefaultInfinity: true }), { nil: null })), (drawn) => {
        const commits = drawn.map((_, at) => commit(`c${at}`, ...(at === 0 ? [] : [`c${at - 1}`]))).reverse();
        const values = metricOnHistory(commits, (id) => [Number(id.slice(1))], {
          direction: "max",
          bestOfRow: (row) => drawn[row] ?? null,
        });
        let before: number | null = null;
        for (const [at, value] of drawn.entries()) {
          if (value === null || !Number.isFinite(value)) continue;
          const found = values.get(`c${at}`)!;
          assert.deepEqual([found.value, found.before], [value, before]);
          assert.equal(found.isRegression, before !== null && value < before);
          before = value;
        }
        const best = [...values.values()].filter(({ isBest }) => isBest);
        assert.equal(best.length, values.size === 0 ? 0 : 1);
      }),
    );
  });
});
