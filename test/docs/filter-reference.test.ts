/** docs/reference/filter.md says what the filter language does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ATTRIBUTES, ENTITIES, EXAMPLES, filterHelp, GRAMMAR, TYPES } from "../../cli/help/filter-help.js";
import type { Operator } from "../../core/search/filter.js";
import {
  MAX_COMPARISONS,
  MAX_DEPTH,
  MAX_ELEMENTS,
  MAX_LIKE_LENGTH,
  MAX_REGEXP_LENGTH,
  parseFilter,
} from "../../core/search/parse-filter.js";
import { MAX_ORDER_CLAUSES } from "../../core/search/parse-order.js";
import { runstoneRuns } from "../../core/search/run-schema.js";
import { OWN_OPERATORS, type ValueType } from "../../core/search/search-schema.js";
import { MAX_FILTER_LENGTH } from "../../core/search/tokenize.js";
import { COST, FREE_TESTS, MAX_WORK, ROW_LOOKS } from "../../core/search/work.js";
import { readPage } from "./pages.js";

const PAGE = readPage("docs/reference/filter.md");
const SCHEMA = runstoneRuns();

/** Texts in code spans of a table cell. */
function codes(cell: string): readonly string[] {
  return Array.from(
    cell.matchAll(/``\s?(.+?)\s?``(?!`)|`([^`]+)`/g),
    ([, double, single]) => double ?? single!,
  );
}

/** The rows of the table whose first column has this title. */
function rowsOf(title: string): readonly (readonly string[])[] {
  const lines = PAGE.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\| ${title} +\\|`).test(line));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test("every example is a filter", () => {
  const examples = rowsOf("Filter").map(([filter]) => codes(filter!)[0]!);
  assert.ok(examples.length > 10);
  for (const example of examples) parseFilter(example, { schema: SCHEMA, now: 0 });
});

test("the table of attributes is the list of attributes", () => {
  const spellings = ["Created", "run name", "Run name", "Run Name"];
  const described = new Map(
    rowsOf("Attribute").flatMap(([names, type]) => codes(names!).map((name) => [name, type!] as const)),
  );
  const known = new Map([...SCHEMA.attributes].map(([name, { type }]) => [name, type as string]));
  for (const spelling of spellings) {
    assert.ok(PAGE.includes(`\`${spelling}\``));
    assert.ok(known.delete(spelling));
  }
  assert.deepEqual([...described].sort(), [...known].sort());
});

test("the table of entities is the list of entities", () => {
  const described = rowsOf("Entity").flatMap(([names]) => codes(names!));
  assert.deepEqual([...described].sort(), [...SCHEMA.prefixes.keys()].sort());
});

test("the table of types has the operators of each", () => {
  const described = new Map(
    rowsOf("Type").map(([type, operators]) => [type!, withNegations(codes(operators!)[0]!)]),
  );
  const types = Object.keys(OWN_OPERATORS) as ValueType[];
  assert.deepEqual([...described.keys()].sort(), [...types].sort());
  for (const type of types) assert.deepEqual(described.get(type), [...OWN_OPERATORS[type]].sort(), type);
});

function withNegations(operators: string): readonly string[] {
  const all = operators
    .split(" ")
    .flatMap((operator) => (/^[A-Z]+$/.test(operator) ? [operator, `NOT ${operator}`] : [operator]));
  return ([...all, "IS NULL", "IS NOT NULL"] as Operator[]).sort();
}

test("the limits are the limits", () => {
  const described = rowsOf("What").map(([, limit]) => limit);
  const limits = [
    MAX_FILTER_LENGTH,
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_ORDER_CLAUSES,
    MAX_ELEMENTS,
    MAX_LIKE_LENGTH,
    MAX_REGEXP_LENGTH,
  ];
  assert.deepEqual(
    described.slice(0, limits.length),
    limits.map((limit) => limit.toLocaleString("en-US")),
  );
});

test("what a filter may cost is what the page says", () => {
  const page = PAGE.replaceAll(/\s+/g, " ");
  for (const sentence of [
    `The first ${FREE_TESTS} comparisons and words look at every value`,
    `${ROW_LOOKS} comparisons of numbers are always answered`,
    `may take ${MAX_WORK / 1_000_000} million steps and ${ROW_LOOKS * COST.row} for each run`,
  ])
    assert.ok(page.includes(sentence), sentence);
});

/** A cell as a terminal shows it. */
function plain(cell: string): string {
  const text = cell.replace(/``\s?(.+?)\s?``(?!`)|`([^`]+)`/g, (_, double, single) => double ?? single);
  return text.replaceAll("\\|", "|");
}

test("runstone help filter says what the page says", () => {
  const table = (title: string) => rowsOf(title).map((row) => row.map(plain));
  assert.deepEqual(EXAMPLES, table("Filter"));
  assert.deepEqual(ENTITIES, table("Entity"));
  assert.deepEqual(ATTRIBUTES, table("Attribute"));
  assert.deepEqual(TYPES, table("Type"));
  assert.ok(PAGE.includes(`\`\`\`text\n${GRAMMAR}\n\`\`\``));
  const unbroken = [...EXAMPLES.map(([filter]) => filter), ...GRAMMAR.split("\n").map((line) => line.trim())];
  for (const width of [60, 80, 100])
    for (const line of filterHelp(width).split("\n"))
      assert.ok(line.length <= width || unbroken.includes(line.trim()), line);
});
