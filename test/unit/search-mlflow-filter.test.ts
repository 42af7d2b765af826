/** The MLflow dialect of run filters: what MLflow's file store (3.17) answers, value by value. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { searchRunTable } from "../../core/search/search-runs.js";
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import { tableOf } from "./search-records.js";

const TABLE = tableOf([
  {
    id: "a",
    info: { startTime: 300, endTime: null, status: "RUNNING", runName: "Alpha" },
    params: { lr: "0.1", "a b": "x", model: "tree" },
    tags: { team: "nlp", note: "first\nsecond", "mlflow.source.name": "train.py" },
    metrics: { loss: [0.5], "val/f1": [0.9], "loss.min": [7] },
    datasets: [
      { name: "Train", digest: "d1", context: "training" },
      { name: "eval", digest: "d2", context: null },
    ],
  },
  {
    id: "b",
    info: { startTime: 200, runName: "beta", userId: "ben" },
    params: { lr: "0.10", model: "it's" },
    tags: { team: "NLP" },
    metrics: { loss: [Number.NaN] },
  },
  {
    id: "c",
    info: { startTime: 200, status: "FAILED", runName: "" },
    params: { model: "" },
    metrics: { loss: [Number.POSITIVE_INFINITY] },
    datasets: [{ name: "eval", digest: "d2", context: "test" }],
  },
  { id: "d", info: { startTime: 100, lifecycleStage: "deleted" } },
]);

function idsOf(filter: string, orderBy: readonly string[] = []): string {
  const page = searchRunTable(TABLE, { filter, orderBy, dialect: "mlflow", now: 0, view: "all" });
  return page.rows.map((row) => TABLE.runAt(row).runId).join("");
}

const MATCHES: readonly (readonly [string, string])[] = [
  ["", "abcd"],
  ["metrics.loss < 1", "a"],
  ["metric.loss <= 0.5", "a"],
  ["metrics.`loss` > .5", "c"],
  ['metrics."val/f1" >= 9e-1', "a"],
  ["metrics.'val/f1' >= 9E-1", "a"],
  ["metrics.loss.min = 7", "a"],
  ["metrics.loss != 0.5", "bc"],
  ["`metrics`.loss<-1", ""],
  ["metrics.loss < 5.", "a"],
  ["params.lr = '0.1'", "a"],
  ["params.lr != '0.1'", "b"],
  ['parameters.model = "it\'s"', "b"],
  ["param.model = ''", "c"],
  ["params.`a b` = 'x'", "a"],
  ["params.lr IS NULL", "cd"],
  ["params.lr is not  null", "ab"],
  ["tags.team LIKE 'n%'", "a"],
  ["tags.team ilike 'N_P'", "ab"],
  ["tags.note LIKE 'first'", ""],
  ["tags.note LIKE 'first%'", "a"],
  ["tags.note LIKE '%second'", ""],
  ["tag.mlflow.source.name = 'train.py'", "a"],
  ["tags.`mlflow.source.name` = 'train.py'", "a"],
  ["status = 'FINISHED'", "bd"],
  ["status = 'finished'", ""],
  ["attributes.status != 'FINISHED'", "ac"],
  ["run.`Run name` LIKE '%a'", "ab"],
  ["user_id = 'ben'", "b"],
  ["run_id IN ('a', \"c\")", "ac"],
  ["run_id NOT IN ('a',)", "bcd"],
  ["run_id IN('\\x61')", "a"],
  ["start_time >= 200", "abc"],
  ["attr.created > 199.5", "abc"],
  ["end_time > 0", "bcd"],
  ["dataset.name = 'eval'", "ac"],
  ["datasets.name != 'eval'", "a"],
  ["dataset.name IN ('Train')", "a"],
  ["dataset.context LIKE 't%'", "ac"],
  ["dataset.context NOT IN ('test')", "a"],
  ["metrics.loss < 1 AND params.lr = '0.1'", "a"],
  ["params.model = 'tree'AND tags.team='nlp'", "a"],
  ["metrics.loss < 1 params.lr = '0.2'", ""],
  ["AND metrics.loss < 1 and And", "a"],
  ["and", "abcd"],
  ["params.__proto__ = 'x'", ""],
  ["metrics.__proto__ != 1", ""],
];

describe("a filter of MLflow's dialect matches", () => {
  for (const [filter, ids] of MATCHES)
    test(filter === "" ? "nothing asked" : filter, () => {
      assert.equal(idsOf(filter), ids);
    });
});

const REFUSED: readonly (readonly [string, number])[] = [
  ["   ", 3],
  ["metrics.loss == 1", 13],
  ["metrics.loss <> 1", 13],
  ["metrics.loss < '1'", 15],
  ["metrics.loss < nan", 15],
  ["metrics.loss < 1e+5", 15],
  ["metrics.loss LIKE 'a'", 13],
  ["metrics.loss IS NULL", 13],
  ["metrics.a-b < 1", 9],
  ["metrics.loss", 0],
  ["metrics.loss <", 14],
  ["1 < metrics.loss", 0],
  ["'a' = params.lr", 0],
  ["params.lr = 0.1", 12],
  ["params.lr = x", 12],
  ["params.lr = `x`", 12],
  ["params.lr > '0.1'", 10],
  ["params.lr IN ('0.1')", 10],
  ["params.lr NOT LIKE 'a'", 10],
  ["params.lr RLIKE 'a'", 10],
  ["params.lr =~ 'a'", 10],
  ["params.lr = 'x", 12],
  ["params.lr = 'x' OR params.lr = 'y'", 16],
  ["NOT params.lr = 'x'", 0],
  ["(params.lr = 'x')", 0],
  ["status IN ('RUNNING')", 7],
  ["status IS NULL", 7],
  ["run_id IN ()", 11],
  ["run_id IN (1)", 11],
  ["run_id = ('a')", 9],
  ["start_time = '5'", 13],
  ["Metrics.loss < 1", 0],
  ["name = 'x'", 0],
  ["experiment_id = '1'", 0],
  ["lifecycle_stage = 'active'", 0],
  ["dataset.source = 'x'", 0],
  ["metrics.loss < 1;", 16],
  ["baseline", 0],
];

describe("a filter that MLflow refuses is refused, pointing at the token", () => {
  for (const [filter, offset] of REFUSED)
    test(filter, () => {
      assert.throws(
        () => idsOf(filter),
        (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE") && error.data["offset"] === offset,
      );
    });
});

const ORDERS: readonly (readonly [readonly string[], string])[] = [
  [[], "abcd"],
  [["metrics.loss"], "acbd"],
  [["metrics.loss DESC"], "cabd"],
  [["params.lr desc"], "bacd"],
  [["params.`lr`  ASC"], "abcd"],
  [["tags.team"], "bacd"],
  [["end_time", "run_id DESC"], "dcba"],
  [["status", "start_time"], "cdba"],
  [["Created ASC"], "dbca"],
  // By code point: capitals before small letters.
  [["run_name"], "abdc"],
];

describe("orders of MLflow's dialect", () => {
  for (const [orderBy, ids] of ORDERS)
    test(JSON.stringify(orderBy), () => {
      assert.equal(idsOf("", orderBy), ids);
    });
  for (const order of [
    "",
    "metrics.a, b",
    "dataset.name",
    "`Run name`",
    "metrics.a NULLS LAST",
    "order by x",
    "metrics.a-b",
  ])
    test(`refused: ${order}`, () => {
      assert.throws(() => idsOf("", [order]), isInvalid);
    });
});

function isInvalid(error: unknown): error is RunstoneError {
  return isRunstoneError(error, "INVALID_PARAMETER_VALUE");
}

describe("pages", () => {
  const pageOf = (maxResults: number | undefined, pageToken?: string) =>
    searchRunTable(TABLE, { dialect: "mlflow", maxResults, pageToken, now: 0 });

  test("tokens have MLflow's form, and lead through all rows once", () => {
    const first = pageOf(2);
    assert.deepEqual(first, { rows: [0, 1], total: 3, nextPageToken: "eyJvZmZzZXQiOiAyfQ==", hints: [] });
    assert.deepEqual(pageOf(2, "eyJvZmZzZXQiOiAyfQ=="), {
      rows: [2],
      total: 3,
      nextPageToken: null,
      hints: [],
    });
  });

  test("a page after the end is empty", () => {
    const token = Buffer.from('{"offset": 9}').toString("base64");
    assert.deepEqual(pageOf(2, token), { rows: [], total: 3, nextPageToken: null, hints: [] });
  });

  test("limits", () => {
    for (const most of [0, -1, 1.5, 50_001, Number.NaN]) assert.throws(() => pageOf(most), isInvalid);
    assert.equal(pageOf(50_000).rows.length, 3);
  });

  test("what is no token is refused", () => {
    for (const text of ["x", "{}", '{"offset": 0}', '{"offset": -1}', '{"offset": "2"}', "[2]"])
      assert.throws(() => pageOf(2, Buffer.from(text).toString("base64")), isInvalid);
  });

  test("views and experiments restrict", () => {
    const totalOf = (view: "active" | "deleted" | "all", experimentIds?: readonly string[]) =>
      searchRunTable(TABLE, { dialect: "mlflow", view, experimentIds, now: 0 }).total;
    assert.deepEqual([totalOf("active"), totalOf("deleted"), totalOf("all")], [3, 1, 4]);
    assert.deepEqual([totalOf("all", ["1"]), totalOf("all", ["2"]), totalOf("all", [])], [4, 0, 0]);
  });
});
