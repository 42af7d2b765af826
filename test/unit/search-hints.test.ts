/** What a search says when what was written is valid, but was probably meant in another way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { orderClauses } from "../../cli/runs/order-words.js";
import { searchExperiments } from "../../core/search/search-experiments.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import { isRunstoneError } from "../../store-format/index.js";
import { tableOf } from "./search-records.js";

const TABLE = tableOf([
  {
    id: "a1b2",
    info: { runName: "lr1-one", experimentId: "1" },
    params: { lr: "0.1", "two words": "x" },
    tags: { team: "nlp" },
    metrics: { "F1 Score": [0.7], F1: [0.6], 'a "quoted" key': [1] },
  },
  {
    id: "b1",
    info: { runName: "it's", experimentId: "2" },
    params: { lr: "1" },
    metrics: { both: [1] },
    tags: { both: "1" },
  },
]);
const experimentNames = new Map([
  ["1", "wine"],
  ["2", "two parts"],
  ["3", "empty"],
]);

function search(filter: string, orderBy: readonly string[] = []) {
  return searchRunTable(TABLE, { filter, orderBy, dialect: "runstone", now: 0, experimentNames });
}

const TOLD: readonly (readonly [string, readonly string[]])[] = [
  ["'&&'", ["the word '&&' is in no name, tag or note"]],
  [
    "status: finished",
    [
      "the word 'status:' is in no name, tag or note; a comparison is written with =: status = finished",
      "the word 'finished' is in no name, tag or note",
    ],
  ],
  ["lr:0.1", ["the word 'lr:0.1' is in no name, tag or note; a comparison is written with =: lr = 0.1"]],
  [
    "select",
    ["the word 'select' is in no name, tag or note; a filter is what SQL has after WHERE, and nothing else"],
  ],
  ["name = 'it''s'", [`nothing is escaped between quotes; write "it's"`]],
  ["name = 'it\\'s'", [`nothing is escaped between quotes; write "it's"`]],
  ["name = lr1-*", ["= compares whole texts, and * is no wildcard; write name LIKE 'lr1-%'"]],
  ["lr9*", ["the word 'lr9*' is in no name, tag or note; * is no wildcard here; write name LIKE 'lr9%'"]],
  [
    "Wine",
    ["the word 'Wine' is in no name, tag or note; for the runs of that experiment, write experiment = wine"],
  ],
  [
    "'two parts' wine",
    [
      "the word 'two parts' is in no name, tag or note",
      "the word 'wine' is in no name, tag or note; for the runs of that experiment, write experiment = wine",
    ],
  ],
  ["experiment = win", ["no experiment is called 'win'; did you mean wine?"]],
  ["experiment = 'zzzzzzzz'", ["no experiment is called 'zzzzzzzz'"]],
];

describe("what nothing passes is told, with what to write", () => {
  for (const [filter, hints] of TOLD)
    test(filter, () => {
      const found = search(filter);
      assert.equal(found.total, 0);
      assert.deepEqual(found.hints, hints);
    });
});

test("nothing is told of what some run passes, or of what is plain", () => {
  const plain = [
    "lr1-one",
    `name = "it's"`,
    `nlp or "it's"`,
    "experiment = empty",
    "experiment = 3",
    "team = x",
    "a1b2",
    "",
  ];
  for (const filter of plain) assert.deepEqual(search(filter).hints, [], filter);
});

const REFUSED: readonly (readonly [string, number, string])[] = [
  ["metrics.F1 Score > 0.5", 0, 'Write metrics."F1 Score".'],
  ["team = nlp and params.two words = x", 15, 'Write params."two words".'],
  ["!dirty", 0, "Write NOT, as in NOT dirty."],
  ["params.lr:0.1", 0, "Write params.lr = 0.1."],
  ["metrics.loss", 0, "To search for the word itself, write it in quotes."],
  ["both = 1", 0, "Did you mean metrics.both or tags.both?"],
  ["team = “nlp”", 7, `Write straight quotes, ' or ", in place of “.`],
];

describe("what cannot be read has a hint", () => {
  for (const [filter, offset, hint] of REFUSED)
    test(filter, () => {
      assert.throws(
        () => search(filter),
        (error) => {
          assert.ok(isRunstoneError(error, "INVALID_PARAMETER_VALUE"));
          assert.deepEqual([error.data["offset"], error.hint], [offset, hint]);
          return true;
        },
      );
    });
  test("an order by a key with blanks", () => {
    assert.throws(
      () => search("", ["metrics.F1 Score DESC"]),
      (error) =>
        isRunstoneError(error, "INVALID_PARAMETER_VALUE") && error.hint === 'Write metrics."F1 Score".',
    );
    const clauses = orderClauses(["metrics.F1 Score DESC", "-F1 Score", "param.two words"], TABLE);
    assert.deepEqual(clauses, ["metrics.`F1 Score` DESC", "metrics.`F1 Score` DESC", "params.`two words`"]);
    assert.equal(search("", clauses).total, 2);
    assert.equal(search("", ['metrics."F1 Score" DESC']).total, 2);
    assert.equal(search('metrics."F1 Score" > 0.5').total, 1);
  });
});

test("what is asked with the wrong types is refused by its name", () => {
  for (const wrong of [{ filter: 5 }, { filter: null }, { filter: {} }, { orderBy: "lr" }, { orderBy: [1] }])
    for (const dialect of ["mlflow", "runstone"] as const)
      assert.throws(
        () => searchRunTable(TABLE, { ...(wrong as object), dialect, now: 0 }),
        (error) =>
          isRunstoneError(error, "INVALID_PARAMETER_VALUE") && error.message.includes(Object.keys(wrong)[0]!),
      );
  assert.throws(
    () => searchExperiments([], { ...({ filter: 5 } as object), dialect: "runstone", now: 0 }),
    (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
  );
});

test("no message repeats more than a few characters of a long filter", () => {
  const long = "x".repeat(100_000);
  const filters = [
    `${long}.a = 1`,
    `${long} = 1`,
    `metrics.${long} = 'a'`,
    `metrics.${long} LIKE 'a'`,
    `metrics.a = '${"0".repeat(90_000)}1'`,
    `started > ${long}`,
    `started < '${long}'`,
    `tags.${long} > \`${long}\``,
    `params.${long}`,
    `name =~ '${long}'`,
    `name =~ '(${long.slice(0, 900)}'`,
    `status = ${long}`,
    `age < ${long}`,
    `name = "${long}`,
    `name ${"<".repeat(100_000)} 1`,
  ];
  for (const filter of filters)
    assert.throws(
      () => search(filter),
      (error) => {
        assert.ok(isRunstoneError(error, "INVALID_PARAMETER_VALUE"));
        const told = JSON.stringify([error.message, error.hint, error.data]);
        assert.ok(told.length < 1_000, told.slice(0, 400));
        assert.doesNotMatch(told, /x{81}|<{81}|0{81}/);
        return true;
      },
    );
  for (const filter of [long, `${long}:a`, `name = '${long}*'`, `experiment = ${long}`, `${long}*`])
    for (const hint of search(filter).hints) assert.ok(hint.length < 250, filter.slice(0, 20));
});
