/** Runstone's dialect of run filters: what it has beyond MLflow's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { searchRunTable } from "../../core/search/search-runs.js";
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import { randomOf } from "../helpers/seed.js";
import { tableOf } from "./search-records.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22, 12);

const TABLE = tableOf([
  {
    id: "a1b2",
    info: { startTime: NOW - HOUR, endTime: null, status: "RUNNING", runName: "Baseline one" },
    params: { lr: "0.1", model: "tree", layers: "9" },
    tags: {
      team: "nlp",
      "mlflow.note.content": "tried a warm start",
      "mlflow.source.git.commit": "c0ffee00aa",
      "mlflow.source.git.branch": "main",
      "mlflow.source.git.dirty": "true",
      "runstone.git.author": "Ana",
    },
    metrics: { loss: [0.9, 0.2, 0.5], "val/f1": [0.9] },
  },
  {
    id: "b1",
    info: {
      startTime: NOW - 3 * DAY,
      endTime: NOW - 3 * DAY + 2 * HOUR,
      runName: "sweep/7",
      experimentId: "2",
    },
    params: { lr: "1e-1", model: "cnn", layers: "10" },
    tags: { "mlflow.source.git.commit": "c1", "mlflow.source.git.dirty": "false", stage: "baseline-like" },
    metrics: { loss: [Number.NaN], "loss.min": [3] },
  },
  {
    id: "c1",
    info: { startTime: NOW - 40 * DAY, endTime: null, status: "RUNNING", runName: "" },
    lost: true,
    params: { lr: "auto" },
    metrics: { loss: [0.3] },
    datasets: [{ name: "iris", digest: "x", context: null }],
  },
  { id: "d1", damaged: true, params: { lr: "0.5" }, tags: { "mlflow.user": "baseline" } },
]);
const NAMES = new Map([
  ["1", "first"],
  ["2", "second"],
]);

function search(filter: string, orderBy: readonly string[] = ["id"]): string {
  const request = { filter, orderBy, dialect: "runstone", now: NOW, experimentNames: NAMES } as const;
  return searchRunTable(TABLE, request)
    .rows.map((row) => TABLE.runAt(row).runId.charAt(0))
    .join("");
}

const MATCHES: readonly (readonly [string, string])[] = [
  ["", "abcd"],
  ["  ", "abcd"],
  // Logic
  ["params.model = 'tree' OR params.model = 'cnn'", "ab"],
  ["params.model = tree or metrics.loss < 0.4 and params.lr = auto", "ac"],
  ["(params.model = tree or metrics.loss < 0.4) and params.lr = auto", "c"],
  ["NOT params.model = tree", "bcd"],
  ["not (params.model = tree or params.lr = 'auto')", "bd"],
  ["NOT NOT params.model = tree", "a"],
  ["params.model != tree", "b"],
  // Params as numbers
  ["params.lr = 0.1", "ab"],
  ["params.lr = '0.1'", "a"],
  ["params.lr == .1", "ab"],
  ["params.lr != 0.1", "cd"],
  ["params.lr <> '0.1'", "bcd"],
  ["params.layers < 10", "a"],
  ["params.layers >= '10'", "b"],
  ["params.lr < b", "abcd"],
  ["params.lr > 0.2", "d"],
  ["params.lr IN (0.1, 'auto')", "abc"],
  ["params.lr NOT IN (0.1)", "cd"],
  ["params.lr in (1e-1, 0.5)", "abd"],
  // Texts
  ["params.model NOT LIKE 't%'", "b"],
  ["params.model NOT ILIKE 'C%'", "a"],
  ["name =~ '^sweep/[0-9]+$'", "b"],
  ["name !~ 'one'", "b"],
  ["name =~ '(?i)BASE'", "a"],
  ["user IN ('ana')", "abc"],
  ["dataset.name IS NULL", "abd"],
  ["dataset.name IS NOT NULL", "c"],
  ["dataset.name =~ 'ir'", "c"],
  // Metrics
  ["metrics.val/f1 >= 0.9", "a"],
  ["metrics.loss = nan", "b"],
  ["metrics.loss != NaN", "ac"],
  ["metrics.loss < inf", "ac"],
  ["metrics.loss > -inf", "ac"],
  ["metrics.loss IN (0.5, 0.3)", "ac"],
  ["metrics.loss IS NULL", "d"],
  ["metrics.loss.max > 0.8", "a"],
  ["metrics.loss.first = 0.9", "a"],
  ["metrics.loss.last = 0.5", "a"],
  ["metrics.loss.count >= 3", "a"],
  ["metrics.loss.min = 3", "b"],
  ["metrics.`loss`.min <= 0.3", "ac"],
  ["metrics.`loss.min` IS NOT NULL", "b"],
  ["metrics.`val/f1`.count = 1", "a"],
  // Times
  ["started > 2026-11-21", "a"],
  ['started > "2026-11-19T11:00"', "ab"],
  ["started = 2026-11-19", "b"],
  ["started = 2026-11", "ab"],
  ["started != 2026-11", "c"],
  ["started >= '2026-11-19 12:00'", "ab"],
  ["started < '2026-11-19T14:00+02:00'", "c"],
  ["started >= '2026-11-19T14:00+02:00'", "ab"],
  ["started = 2026", "abc"],
  ["start_time = 2026", ""],
  ["start_time > 2026", "abc"],
  [`created = ${NOW - HOUR}`, "a"],
  [`created = ${NOW - HOUR}.5 or created = ${NOW - HOUR - 1}.5`, ""],
  [`started != ${NOW - HOUR}`, "bc"],
  ["started = today", "a"],
  ["started < yesterday", "bc"],
  [`start_time > ${NOW - 4 * DAY}`, "ab"],
  ["created IN (2026-11-19, 2026-11-22)", "ab"],
  ["ended IS NULL", "acd"],
  ["ended > 2026", "b"],
  ["ended < 2026", ""],
  ["age < 2h", "a"],
  ["age < 4d", "ab"],
  ["age >= 1w", "c"],
  ["age > 1.5h and age < 5d12h", "b"],
  ["duration >= 2h", "b"],
  ["duration = '60m'", "a"],
  ["duration > 0", "ab"],
  // States
  ["status = LOST", "c"],
  ["status = lost or status = 'LOST'", "c"],
  ["status = running", "ac"],
  ["status = 'running'", ""],
  ["state = running", "a"],
  ["state = 'Lost'", "c"],
  ["state != lost", "abd"],
  ["status != lost", "abd"],
  ["status IN (lost, damaged)", "cd"],
  ["state NOT IN (running, finished)", "cd"],
  ["state = damaged", "d"],
  // Git, ids, names
  ["commit = C0FFEE", "a"],
  ["commit != c0", "b"],
  ["commit in ('c0', 'c1')", "ab"],
  ["branch = main", "a"],
  ["author = Ana", "a"],
  ["dirty", "a"],
  ["not dirty", "bcd"],
  ["dirty = false", "b"],
  ["dirty != TRUE", "b"],
  ["id = A1", "a"],
  ["run_id = 'a1'", ""],
  ["experiment = second", "b"],
  ["experiment != 'second'", "acd"],
  ["experiment = 2 or experiment LIKE 'sec%'", "b"],
  ["experiment ILIKE 'SEC%'", "b"],
  ["experiment NOT ILIKE 'SEC%'", "acd"],
  ["note LIKE '%warm%'", "a"],
  ['name = "Baseline one"', "a"],
  ["\"run name\" = 'sweep/7'", "b"],
  // Keys alone
  ["lr > 0.2", "d"],
  ["`lr` = '0.1'", "a"],
  ["team = nlp", "a"],
  ["val/f1 > 0.5", "a"],
  ["loss < 0.4", "c"],
  ["NOT lr = 0.1", "cd"],
  // Signs for words
  ["params.model = tree && metrics.loss < 1", "a"],
  ["params.model = tree || params.model = cnn && metrics.loss < 1", "a"],
  // Times of two words
  ["started > 2026-11-22 10:59", "a"],
  ["started > 2026-11-22 11:01", ""],
  ["started > 2026-11-22 9:00 and dirty", "a"],
  ["started >= 2026-11-19 13:00+01:00", "ab"],
  ["started < 2026-11-19 12:00:00.5", "bc"],
  ["age < 2 days", "a"],
  ["age < 4 Days metrics.loss < 1", "a"],
  ["age > 1mo and age < 1y", "c"],
  ["age < 2 months and age > 1 month", "c"],
  ["duration < 1h30", "a"],
  ["duration <= '2 hours'", "ab"],
  // Ids
  ["a1b2", "a"],
  ["A1B2 OR c1c1", "a"],
  ["'a1b2'", ""],
  // Words
  ["baseline", "ab"],
  ["BASELINE metrics.loss < 1", "a"],
  ['"warm start"', "a"],
  ["'e one'", "a"],
  ["sweep/7", "b"],
  ["7 or nlp", "ab"],
  ["'status'", ""],
  // Keys that are anything
  ["params.__proto__ = 'x' or tags.constructor != 1", ""],
  ["metrics.__proto__.min < 1", ""],
];

describe("a filter of Runstone's dialect matches", () => {
  for (const [filter, ids] of MATCHES)
    test(filter === "" ? "nothing asked" : filter, () => {
      assert.equal(search(filter), ids);
    });
});

const REFUSED: readonly (readonly [string, number, RegExp])[] = [
  ["metrics.loss <", 14, /value/],
  ["metrics.loss < big", 15, /number/],
  ["metrics.loss < '1'", 15, /without quotes/],
  ["metrics.loss ~ 1", 13, /=~/],
  ["metrics.loss LIKE 'a'", 13, /< *,/],
  ["metrics.loss", 0, /quotes/],
  ["metric.loss OR", 0, /quotes/],
  ["params.lr = 1 OR", 16, /comparison/],
  ["OR params.lr = 1", 0, /comparison/],
  ["(params.lr = 1", 0, /not closed/],
  ["params.lr = 1)", 13, /no \(/],
  ["()", 1, /comparison/],
  ["params.lr IN ()", 14, /empty/],
  ["params.lr IN (1", 15, /comma/],
  ["params.lr IN 1", 13, /list/],
  ["params.lr = 'x", 12, /not closed/],
  ["params.lr BETWEEN 1 AND 2", 10, /two comparisons/],
  ["staus = running", 0, /status/],
  ["loos < 0.1", 0, /Attributes are/],
  ["metrcs.loss < 0.1", 0, /metrics\.loss/],
  ["status = runing", 9, /RUNNING/],
  ["state = 'xyzzy'", 8, /FINISHED/],
  ["started > monday", 10, /2026-11-22/],
  ["started > 2026-13-01", 10, /2026-11-22/],
  ["started > 2026-02-30", 10, /2026-11-22/],
  ["age < 2", 6, /2d/],
  ["age = 2d", 4, /</],
  ["duration > 5x", 11, /90s/],
  ["dirty = maybe", 8, /true or false/],
  ["name =~ '(a'", 8, /not closed/],
  ["name =~ '(?=a)'", 8, /look-around/],
  ["id = ''", 5, /nothing/],
  ["dataset.source = 'x'", 0, /digest/],
];

describe("what cannot be read is pointed at, with what to write instead", () => {
  for (const [filter, offset, words] of REFUSED)
    test(filter, () => {
      assert.throws(
        () => search(filter),
        (error) => {
          assert.ok(isInvalid(error));
          assert.equal(error.data["offset"], offset, error.message);
          assert.match(`${error.message} ${error.hint ?? ""}`, words);
          return true;
        },
      );
    });
});

function isInvalid(error: unknown): error is RunstoneError {
  return isRunstoneError(error, "INVALID_PARAMETER_VALUE");
}

const ORDERS: readonly (readonly [readonly string[], string])[] = [
  [[], "abcd"],
  [["params.layers"], "abcd"],
  [["params.layers DESC"], "bacd"],
  [["params.lr", "id"], "abdc"],
  [["params.lr desc", "id desc"], "dbac"],
  [["metrics.loss"], "cabd"],
  [["metrics.loss DESC"], "acbd"],
  [["metrics.loss.count desc", "id"], "abcd"],
  [["metrics.`loss`.min"], "acbd"],
  [["age"], "abcd"],
  [["age DESC"], "cbad"],
  [["duration desc"], "bacd"],
  [["experiment", "started"], "cadb"],
];

describe("orders of Runstone's dialect", () => {
  for (const [orderBy, ids] of ORDERS)
    test(JSON.stringify(orderBy), () => {
      assert.equal(search("", orderBy), ids);
    });
  test("a wrong name has a suggestion", () => {
    assert.throws(
      () => search("", ["loss"]),
      (error) => isInvalid(error) && error.hint === "Did you mean metrics.loss?",
    );
  });
});

test("a key that no run has is told, with the nearest one", () => {
  const hintsOf = (filter: string, orderBy: readonly string[] = []): readonly string[] =>
    searchRunTable(TABLE, { filter, orderBy, dialect: "runstone", now: NOW }).hints;
  assert.deepEqual(hintsOf("metrics.los < 1 or params.lr > 0", ["tags.tean desc"]), [
    'no run has a metric "los"; did you mean loss?',
    'no run has a tag "tean"; did you mean team?',
  ]);
  assert.deepEqual(hintsOf("metrics.loss.min < 1 and metrics.`loss`.count > 1 and params.lr IS NULL"), []);
  assert.deepEqual(hintsOf("metrics.zzzzzz.max < 1"), ['no run has a metric "zzzzzz"']);
});

describe("hostile filters end in an answer or a typed error", () => {
  const outcome = (filter: string): string => {
    try {
      return search(filter);
    } catch (error) {
      assert.ok(isInvalid(error), String(error));
      assert.ok(error.message.length < 400);
      return "refused";
    }
  };
  const many = (count: number, term: string, join: string): string =>
    new Array<string>(count).fill(term).join(join);

  test("a million characters", () => {
    for (const char of ["a", " ", "(", ")", "'", '"', "`", "=", "1", "-", ".", "\\", "é", "𝒳", "%"])
      assert.ok(["refused", "", "abcd"].includes(outcome(char.repeat(1_000_000))), char);
    assert.equal(outcome(`params.lr = '${"x".repeat(400_000)}'`), "");
  });

  test("ten thousand terms", () => {
    assert.equal(outcome(many(10_000, "metrics.loss < 1", " AND ")), "refused");
    assert.equal(outcome(many(2_001, "metrics.loss < 1", " OR ")), "refused");
    assert.equal(outcome(many(2_000, "metrics.loss < 1", " OR ")), "ac");
    assert.equal(outcome(`metrics.loss < 1 ${"AND ".repeat(2_000)}`), "ac");
    assert.equal(outcome(`metrics.loss < 1 ${"AND ".repeat(2_001)}`), "refused");
  });

  test("ten thousand elements", () => {
    const list = (field: string, count: number, value: string) =>
      outcome(`${field} IN (${many(count, value, ",")})`);
    assert.equal(list("params.lr", 10_000, "'auto'"), "c");
    assert.equal(list("params.lr", 10_001, "'auto'"), "refused");
    assert.equal(list("commit", 10_000, "c0"), "a");
    assert.equal(list("state", 10_000, "lost"), "c");
    assert.equal(list("started", 2_000, "2026-11-19"), "b");
    assert.equal(list("started", 2_001, "2026-11-19"), "refused");
    const half = `params.lr IN (${many(5_001, "a", ",")})`;
    assert.equal(outcome(`${half} OR ${half}`), "refused");
    assert.equal(outcome("commit IN (c0ffee00aabb, c, c0f)"), "ab");
    assert.equal(outcome("commit IN (c0ffee00aabb, c1c, c0f)"), "a");
  });

  test("a LIKE with a thousand wildcards", () => {
    assert.equal(outcome(`params.model LIKE '${"%a".repeat(1_000)}'`), "");
    assert.equal(outcome(`params.model LIKE '${"%_".repeat(1_000)}%'`), "");
    assert.equal(outcome(`params.model LIKE '${"%".repeat(1_000)}'`), "ab");
  });

  test("deep nesting", () => {
    assert.equal(outcome(`${"(".repeat(90)}metrics.loss < 1${")".repeat(90)}`), "ac");
    assert.equal(outcome(`${"(".repeat(100_000)}metrics.loss < 1${")".repeat(100_000)}`), "refused");
    assert.equal(outcome(`${"NOT ".repeat(100_000)}metrics.loss < 1`), "refused");
  });

  test("expressions that blow up elsewhere", () => {
    assert.equal(outcome(`name =~ '${"(a+)+".repeat(5)}$'`), "");
    assert.equal(outcome("name =~ '((a{100}){100}){100}'"), "refused");
    assert.equal(outcome(many(40, "name =~ '(a|b|c)*d{1,50}'", " OR ")), "");
    assert.equal(outcome(many(60, "name =~ '(a|b|c)*d{1,50}'", " OR ")), "refused");
  });

  test("long patterns", () => {
    assert.equal(outcome(`params.model LIKE '${"%_a".repeat(3_000)}'`), "");
    assert.equal(outcome(`params.model LIKE '${"%_a".repeat(4_000)}'`), "refused");
    assert.equal(outcome(many(6, `params.model ILIKE '${"%_a".repeat(600)}'`, " OR ")), "refused");
  });
});

describe("filters that cost too much", () => {
  const random = randomOf(1);
  const long = (): string =>
    Array.from({ length: 400 }, () => "abcdefgh".charAt(Math.floor(random() * 8))).join("");
  const table = tableOf(
    Array.from({ length: 3_000 }, (_, run) => ({
      id: run.toString(16).padStart(32, "0"),
      info: { startTime: run, runName: `run ${run}` },
      params: { lr: `${run}`, note: `${long()}${run}` },
      metrics: { loss: [run / 3_000] },
    })),
  );
  const totalOf = (filter: string, dialect: "mlflow" | "runstone" = "runstone"): number =>
    searchRunTable(table, { filter, dialect, now: NOW }).total;
  const many = (count: number, term: (index: number) => string, join: string): string =>
    Array.from({ length: count }, (_, index) => term(index)).join(join);
  const isRefused = (error: unknown): boolean => {
    assert.ok(isInvalid(error) && error.hint !== undefined, String(error));
    return error.message.includes("costs too much");
  };

  test("hundreds of comparisons of numbers do not, in either dialect", () => {
    const filter = many(1_000, (index) => `metrics.loss >= 0.${"0".repeat(index % 9)}1`, " AND ");
    for (const dialect of ["runstone", "mlflow"] as const) assert.equal(totalOf(filter, dialect), 2_700);
    const equals = many(300, (index) => `params.lr != '${index}'`, " AND ");
    for (const dialect of ["runstone", "mlflow"] as const) assert.equal(totalOf(equals, dialect), 2_700);
  });

  test("what no row is left for costs nothing", () => {
    const rest = many(400, (index) => `params.note LIKE '%a_${index}%z'`, " AND ");
    assert.throws(() => totalOf(`metrics.loss > 0 AND ${rest.replaceAll("LIKE", "NOT LIKE")}`), isRefused);
    assert.equal(totalOf(`metrics.loss > 1 AND ${rest}`), 0);
  });

  test("a few comparisons never do, however long the texts", () => {
    const filter = many(3, (index) => `params.note LIKE '%${index}_x%'`, " OR ");
    assert.equal(totalOf(filter), 0);
  });

  test("many patterns over long texts do", () => {
    for (const operator of ["LIKE", "NOT LIKE", "ILIKE", "=~"]) {
      const join = operator === "NOT LIKE" ? " AND " : " OR ";
      const filter = many(90, (index) => `params.note ${operator} 'x.%${index}'`, join);
      assert.throws(() => totalOf(filter), isRefused, operator);
    }
    assert.throws(() => totalOf(many(400, (index) => `zz${index}`, " OR ")), isRefused);
  });

  test("one pattern does when it is hostile", () => {
    assert.throws(() => totalOf("params.note =~ '(a|b|[c-h])*a.{150}z'"), isRefused);
    assert.throws(() => totalOf(`params.note LIKE '%a${"_".repeat(380)}z%'`), isRefused);
  });

  test("what is answered once is answered again", () => {
    for (let count = 1; count <= 60; count += 1) {
      const filter = many(count, (index) => `params.note LIKE '%a%x${count}-${index}%'`, " OR ");
      let refused = false;
      for (let time = 0; time < 3; time += 1) {
        try {
          assert.equal(totalOf(filter), 0);
        } catch (error) {
          assert.ok(isRefused(error) && (refused || time === 0));
          refused = true;
        }
      }
    }
  });
});
