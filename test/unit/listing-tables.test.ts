/** What listings make of a table of runs: several tables as one, groups, the ranks of a job, trees. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isGlob, matchesGlob } from "../../cli/parse/glob.js";
import { formatMean } from "../../cli/runs/mean-interval.js";
import { readOrderWord } from "../../cli/runs/order-words.js";
import { treeLines, treeOf } from "../../cli/runs/run-tree.js";
import { isSameRun } from "../../cli/store/same-run.js";
import { numberAt, textAt } from "../../core/search/cells.js";
import { groupRows } from "../../core/search/group-rows.js";
import { joinRanks } from "../../core/search/join-ranks.js";
import { JoinedRunTable } from "../../core/search/joined-run-table.js";
import { metricDirection } from "../../core/search/metric-direction.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import fc from "../helpers/fast-check.js";
import { type RunSpec, recordOf, tableOf } from "./search-records.js";

describe("several tables as one", () => {
  const left = [
    { id: "a", params: { lr: "0.1" }, metrics: { loss: [3, 1] } },
    { id: "b", tags: { team: "x" } },
  ];
  const right: readonly RunSpec[] = [
    { id: "c", params: { lr: "0.2" }, datasets: [{ name: "wine", digest: "1", context: null }] },
    { id: "d", params: { lr: "0.1" }, metrics: { loss: [2] } },
  ];

  test("columns, keys and records are those of the parts, in the order of the rows asked for", () => {
    const joined = new JoinedRunTable([
      { table: tableOf(left), rows: [1, 0] },
      { table: tableOf(right), rows: [0, 1] },
    ]);
    const texts = (entity: "param" | "tag", key: string) => {
      const column = joined.column({ entity, key });
      return [0, 1, 2, 3].map((row) => textAt(column, row));
    };
    assert.deepEqual(texts("param", "lr"), [null, "0.1", "0.2", "0.1"]);
    assert.deepEqual(texts("tag", "team"), ["x", null, null, null]);
    const loss = joined.column({ entity: "metric", key: "loss", aggregate: "last" });
    assert.deepEqual(
      [0, 1, 2, 3].map((row) => numberAt(loss, row)),
      [null, 1, null, 2],
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((row) => joined.runAt(row).runId),
      ["b", "a", "c", "d"],
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((row) => joined.partOf(row)),
      [0, 0, 1, 1],
    );
    assert.deepEqual([joined.rowOf("a"), joined.rowOf("d"), joined.rowOf("e")], [1, 3, null]);
    assert.deepEqual(joined.keys("param"), ["lr"]);
    assert.throws(() => joined.runAt(4), RangeError);
  });

  test("a search over the joined table finds what a search over one table of all runs finds", () => {
    const joined = new JoinedRunTable([
      { table: tableOf(left), rows: [0, 1] },
      { table: tableOf(right), rows: [0, 1] },
    ]);
    const whole = tableOf([...left, ...right]);
    const searches = ["params.lr = 0.1", "metrics.loss < 2", "tags.team = 'x'", "dataset.name = 'wine'", ""];
    for (const filter of searches) {
      const search = { filter, dialect: "runstone", orderBy: ["metrics.loss DESC"], now: 0 } as const;
      assert.deepEqual(searchRunTable(joined, search), searchRunTable(whole, search), filter);
    }
  });
});

describe("copies of a run", () => {
  const run = recordOf({
    id: "a",
    params: { lr: "1" },
    metrics: { loss: [1, Number.NaN] },
    tags: { t: "1" },
  });

  test("where it lies and what Runstone noted do not count", () => {
    const copy = { ...run, directory: "/elsewhere", sealed: true, tags: { t: "1", "runstone.host": "h" } };
    assert.ok(isSameRun(run, copy));
  });

  test("every value counts", () => {
    for (const change of [
      { params: { lr: "2" } },
      { tags: { t: "2" } },
      { metrics: recordOf({ id: "a", metrics: { loss: [1, 2] } }).metrics },
      { info: { ...run.info!, status: "FAILED" as const } },
      { info: null },
    ])
      assert.ok(!isSameRun(run, { ...run, ...change }), JSON.stringify(Object.keys(change)));
  });
});

test("groups: numbers by size, then texts, then runs without a value; all runs of equal values together", () => {
  const specs = ["10", "9", "1e1", "adam", undefined, "9", ""].map((lr, index) => ({
    id: `r${index}`,
    params: lr === undefined ? {} : { lr },
  }));
  const groups = groupRows(tableOf(specs), [0, 1, 2, 3, 4, 5, 6], [{ entity: "param", key: "lr" }]);
  assert.deepEqual(
    groups.map(({ values, rows }) => [values[0], rows]),
    [
      ["9", [1, 5]],
      ["10", [0]],
      ["1e1", [2]],
      ["", [6]],
      ["adam", [3]],
      [null, [4]],
    ],
  );
});

describe("ranks of a job", () => {
  const rank = (id: string, number: number, more: Partial<RunSpec> = {}): RunSpec => ({
    id,
    info: { startTime: 1_000_000 + number },
    ...more,
    tags: { "runstone.rank": String(number), "runstone.world_size": "2", ...more.tags },
  });
  const joined = (specs: readonly RunSpec[]) => {
    const table = tableOf(specs);
    const jobs = joinRanks(table, [...specs.keys()]);
    return jobs.map(({ row, others }) => [row, ...others].map((one) => table.runAt(one).runId).join(""));
  };

  test("ranks that began together are one job, led by the lowest; other runs stay alone", () => {
    assert.deepEqual(joined([rank("b", 1), { id: "x" }, rank("a", 0)]), ["ab", "x"]);
  });

  test("a rank that comes again begins the next job", () => {
    const again = { info: { startTime: 1_100_000 } };
    assert.deepEqual(joined([rank("a", 0), rank("b", 1), rank("c", 0, again), rank("d", 1, again)]), [
      "ab",
      "cd",
    ]);
  });

  test("ranks hours apart are one job only where SLURM says so", () => {
    const late = { info: { startTime: 20_000_000 } };
    const slurm = { "runstone.slurm.job_id": "7" };
    assert.deepEqual(joined([rank("a", 0), rank("b", 1, late)]), ["a", "b"]);
    assert.deepEqual(joined([rank("a", 0, { tags: slurm }), rank("b", 1, { ...late, tags: slurm })]), ["ab"]);
  });

  test("another job, command, commit, experiment or number of processes is another job", () => {
    for (const tags of [
      { "runstone.slurm.job_id": "8" },
      { "runstone.command": "other" },
      { "mlflow.source.git.commit": "f" },
      { "runstone.world_size": "4" },
    ])
      assert.deepEqual(joined([rank("a", 0), rank("b", 1, { tags })]), ["a", "b"]);
    assert.deepEqual(joined([rank("a", 0), rank("b", 1, { info: { experimentId: "2" } })]), ["a", "b"]);
  });

  test("a rank that is no number is none", () => {
    assert.deepEqual(joined([rank("a", 0), rank("b", 1, { tags: { "runstone.rank": "-1" } })]), ["a", "b"]);
  });
});

describe("trees", () => {
  type Item = readonly [id: string, parent: string | null];
  const family = { id: ([id]: Item) => id, parent: ([, parent]: Item) => parent };
  const drawn = (items: readonly Item[]) =>
    [...treeLines(treeOf(items, family))].map(({ lead, node }) => lead + node.item[0]);

  test("children hang below their parents, in their order; a missing parent makes a top", () => {
    const items: readonly Item[] = [
      ["b", "a"],
      ["a", null],
      ["c", "a"],
      ["d", "b"],
      ["e", "gone"],
    ];
    assert.deepEqual(drawn(items), ["a", "├─ b", "│  └─ d", "└─ c", "e"]);
  });

  test("parents in a circle, and a run that is its own parent, are still shown", () => {
    assert.deepEqual(drawn([["a", "a"]]), ["a"]);
    assert.deepEqual(
      drawn([
        ["a", "b"],
        ["b", "a"],
        ["c", "a"],
      ]),
      ["a", "├─ b", "└─ c"],
    );
  });

  test("every item is drawn exactly once, whoever is whose parent", () => {
    const ids = fc.nat(12).map(String);
    const items = fc.array(fc.tuple(ids, fc.option(ids)), { maxLength: 30 });
    fc.assert(
      fc.property(items, (list) => {
        const lines = [...treeLines(treeOf<Item>(list, family))].map(({ node }) => node.item);
        assert.equal(lines.length, list.length);
        assert.deepEqual(new Set(lines), new Set(list));
      }),
    );
  });

  test("a chain of 100,000 runs is no trouble", () => {
    const chain = Array.from(
      { length: 100_000 },
      (_, index): Item => [`${index}`, index === 0 ? null : `${index - 1}`],
    );
    const lines = [...treeLines(treeOf(chain, family))];
    assert.equal(lines.length, 100_000);
    assert.equal(lines.at(-1)?.depth, 99_999);
    assert.ok(lines.every(({ lead }) => lead.length < 250));
  });
});

describe("words", () => {
  test("globs match whole names, in time that does not blow up", () => {
    assert.ok(isGlob("val_*") && !isGlob("val_loss"));
    for (const [pattern, name, fits] of [
      ["val_*", "val_loss", true],
      ["val_?", "val_loss", false],
      ["*/loss", "a/b/loss", true],
      ["*", "", true],
      ["a*b*c", "aXbYbZc", true],
      ["a*b*c", "aXbYbZ", false],
      [".*", "x", false],
    ] as const)
      assert.equal(matchesGlob(pattern, name), fits, `${pattern} ${name}`);
    assert.equal(matchesGlob(`${"*a".repeat(2_000)}b`, "a".repeat(5_000)), false);
  });

  test("orders: a mark before, a word behind", () => {
    assert.deepEqual(readOrderWord("-metrics.loss"), { name: "metrics.loss", descending: true });
    assert.deepEqual(readOrderWord("loss desc"), { name: "loss", descending: true });
    assert.deepEqual(readOrderWord(" loss ASC "), { name: "loss", descending: false });
    assert.deepEqual(readOrderWord("desc"), { name: "desc", descending: false });
  });

  test("a metric's name tells which way is better only where everybody agrees", () => {
    for (const key of ["loss", "val/loss", "train_loss", "valLoss", "test.rmse", "eval-perplexity"])
      assert.equal(metricDirection(key), "min", key);
    for (const key of ["acc", "val/accuracy", "testAcc", "roc_auc", "f1", "mean_reward"])
      assert.equal(metricDirection(key), "max", key);
    for (const key of ["epoch", "lr", "glossary", "accumulated", "loss_score", "grad_norm"])
      assert.equal(metricDirection(key), null, key);
  });

  test("a mean ends where its interval ends", () => {
    assert.equal(formatMean(0.183_21, 0.012_34), "0.183 ± 0.012");
    assert.equal(formatMean(12.3, 4.56), "12.3 ± 4.6");
    assert.equal(formatMean(1234.5, 321), "1230 ± 320");
    assert.equal(formatMean(171_083, 377_864), "170000 ± 380000");
    assert.equal(formatMean(0.695, 0.0996), "0.69 ± 0.10");
    assert.equal(formatMean(12_345_678.9, 1234), "1.23457e7 ± 1200");
    assert.equal(formatMean(0.5, 0), "0.5 ± 0");
    assert.equal(formatMean(0.5, null), "0.5");
    assert.equal(formatMean(3e-5, 2e-6), "3.00e-5 ± 2.0e-6");
  });
});
