/** The evaluator by columns against one that looks at run after run; matching and selection against the plain way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { foldCase } from "../../core/search/fold-case.js";
import { likePredicate } from "../../core/search/like-pattern.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import { firstRows, rowOrdering } from "../../core/search/sort-rows.js";
import type { NumberColumn } from "../../core/search/table.js";
import { SearchWork } from "../../core/search/work.js";
import { compareCodePoints } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { type RunSpec, recordOf, tableOf } from "./search-records.js";

const KEYS = ["a", "b", "x.y", "a b", "__proto__", "min"];
const key = fc.constantFrom(...KEYS);
const text = fc.constantFrom(
  "",
  "1",
  "1.0",
  "10",
  "9",
  "x",
  "X",
  "ab",
  "a%b",
  "a\nb",
  "é",
  "𝒳",
  "\uffee",
  "nan",
);
const number = fc.constantFrom(0, -0, 1, -1, 0.5, 1e-5, 10, Number.NaN, Number.POSITIVE_INFINITY);
const mapOf = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> =>
  fc.dictionary(key, value, { noNullPrototype: false, maxKeys: 4 });

const specs = fc
  .array(
    fc.record({
      start: fc.constantFrom(null, 100, 200, 300),
      end: fc.constantFrom(null, 400, 500),
      name: fc.constantFrom("", "Alpha", "beta"),
      status: fc.constantFrom("RUNNING" as const, "FINISHED" as const),
      params: mapOf(text),
      tags: mapOf(text),
      metrics: mapOf(fc.array(number, { minLength: 1, maxLength: 3 })),
      datasets: fc.array(fc.record({ name: text, digest: text, context: fc.option(text) }), { maxLength: 2 }),
    }),
    { maxLength: 12 },
  )
  .map((runs) =>
    runs.map(
      (run, index): RunSpec => ({
        id: String.fromCharCode(97 + ((index * 7) % 26)),
        info: { startTime: run.start, endTime: run.end, runName: run.name, status: run.status },
        params: run.params,
        tags: run.tags,
        metrics: run.metrics,
        datasets: run.datasets,
      }),
    ),
  );

/** A filter as text, and what it says of one run. */
interface Term {
  readonly text: string;
  readonly matches: (run: RunRecord) => boolean;
}

const quotedKey = (name: string): string => `\`${name}\``;
const quoted = (value: string): string => (value.includes("'") ? `"${value}"` : `'${value}'`);

const SIZES: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

const metricTerm: fc.Arbitrary<Term> = fc
  .record({
    key,
    operator: fc.constantFrom(...Object.keys(SIZES)),
    value: fc.constantFrom(0, 1, 0.5, -1, 1e-5),
  })
  .map(({ key, operator, value }) => ({
    text: `metrics.${quotedKey(key)} ${operator} ${value}`,
    matches: ({ metrics }) => {
      const last = metrics[key]?.last.value;
      return last !== undefined && SIZES[operator]!(last, value);
    },
  }));

const TEXT_TESTS: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  "=": (value, wanted) => value === wanted,
  "!=": (value, wanted) => value !== wanted,
  LIKE: (value, wanted) => plainLike(value, wanted, ""),
  ILIKE: (value, wanted) => plainLike(value, wanted, "i"),
};

/** By a regular expression, as MLflow does it. */
function plainLike(value: string, pattern: string, flags: string): boolean {
  const body = [...pattern]
    .map((char) =>
      char === "%" ? "[^\\n]*" : char === "_" ? "[^\\n]" : char.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"),
    )
    .join("");
  return new RegExp(`^${body}${pattern.endsWith("%") ? "" : "\\n?$"}`, `u${flags}`).test(value);
}

const textTerm: fc.Arbitrary<Term> = fc
  .record({
    entity: fc.constantFrom("params" as const, "tags" as const),
    key,
    operator: fc.constantFrom(...Object.keys(TEXT_TESTS)),
    value: fc.oneof(text, fc.constantFrom("%", "a%", "%b", "_", "%\nb", "a_b", "_%_")),
  })
  .map(({ entity, key, operator, value }) => ({
    text: `${entity}.${quotedKey(key)} ${operator} ${quoted(value)}`,
    matches: (run) => {
      const found = run[entity][key];
      return found !== undefined && TEXT_TESTS[operator]!(found, value);
    },
  }));

const nullTerm: fc.Arbitrary<Term> = fc
  .record({ entity: fc.constantFrom("params" as const, "tags" as const), key, not: fc.boolean() })
  .map(({ entity, key, not }) => ({
    text: `${entity}.${quotedKey(key)} IS ${not ? "NOT " : ""}NULL`,
    matches: (run) => (run[entity][key] === undefined) !== not,
  }));

const timeTerm: fc.Arbitrary<Term> = fc
  .record({ operator: fc.constantFrom(...Object.keys(SIZES)), value: fc.constantFrom(200, 400, 450.5) })
  .map(({ operator, value }) => ({
    text: `end_time ${operator} ${value}`,
    matches: ({ info }) => info?.endTime !== null && SIZES[operator]!(Number(info?.endTime), value),
  }));

const listTerm: fc.Arbitrary<Term> = fc
  .record({
    ids: fc.array(fc.constantFrom<string>("a", "h", "o", "Z"), { minLength: 1, maxLength: 3 }),
    not: fc.boolean(),
  })
  .map(({ ids, not }) => ({
    text: `run_id ${not ? "NOT " : ""}IN (${ids.map(quoted).join(", ")})`,
    matches: ({ runId }) => ids.includes(runId) !== not,
  }));

const datasetTerm: fc.Arbitrary<Term> = fc
  .record({
    key: fc.constantFrom("name" as const, "context" as const),
    operator: fc.constantFrom(...Object.keys(TEXT_TESTS)),
    value: text,
  })
  .map(({ key, operator, value }) => ({
    text: `dataset.${key} ${operator} ${quoted(value)}`,
    matches: ({ datasets }) =>
      datasets.some((use) => use[key] !== null && TEXT_TESTS[operator]!(use[key] ?? "", value)),
  }));

const term = fc.oneof(metricTerm, textTerm, nullTerm, timeTerm, listTerm, datasetTerm);

const conjunction: fc.Arbitrary<Term> = fc.array(term, { minLength: 1, maxLength: 3 }).map((terms) => ({
  text: terms.map(({ text }) => text).join(" AND "),
  matches: (run) => terms.every(({ matches }) => matches(run)),
}));

const { formula } = fc.letrec<{ formula: Term }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 4 },
    term,
    tie("formula").map(
      (part): Term => ({ text: `NOT (${part.text})`, matches: (run) => !part.matches(run) }),
    ),
    fc.tuple(tie("formula"), tie("formula")).map(
      ([a, b]): Term => ({
        text: `(${a.text}) OR (${b.text})`,
        matches: (run) => a.matches(run) || b.matches(run),
      }),
    ),
    fc.tuple(tie("formula"), tie("formula")).map(
      ([a, b]): Term => ({
        text: `(${a.text}) AND (${b.text})`,
        matches: (run) => a.matches(run) && b.matches(run),
      }),
    ),
  ),
}));

function found(runs: readonly RunSpec[], filter: string, dialect: "mlflow" | "runstone"): string {
  const table = tableOf(runs);
  const { rows, total } = searchRunTable(table, { filter, dialect, now: 0 });
  assert.equal(rows.length, total);
  return rows
    .map((row) => table.runAt(row).runId)
    .sort()
    .join("");
}

function expected(runs: readonly RunSpec[], { matches }: Term): string {
  return runs
    .map(recordOf)
    .filter(matches)
    .map(({ runId }) => runId)
    .sort()
    .join("");
}

describe("by column or run by run", () => {
  test("a filter of MLflow's dialect matches the same runs, and in Runstone's dialect too", () => {
    fc.assert(
      fc.property(specs, conjunction, (runs, filter) => {
        const wanted = expected(runs, filter);
        assert.equal(found(runs, filter.text, "mlflow"), wanted);
        assert.equal(found(runs, filter.text, "runstone"), wanted);
      }),
      { numRuns: 200 },
    );
  });

  test("so does any formula of Runstone's dialect", () => {
    fc.assert(
      fc.property(specs, formula, (runs, filter) => {
        assert.equal(found(runs, filter.text, "runstone"), expected(runs, filter));
      }),
      { numRuns: 200 },
    );
  });
});

interface Clause {
  readonly text: string;
  readonly value: (run: RunRecord) => number | string | undefined;
  readonly descending: boolean;
}

const clause: fc.Arbitrary<Clause> = fc
  .record({ entity: fc.constantFrom("metrics", "params", "tags", "end_time"), key, descending: fc.boolean() })
  .map(({ entity, key, descending }) => ({
    text: `${entity === "end_time" ? entity : `${entity}.${quotedKey(key)}`}${descending ? " DESC" : ""}`,
    value: (run) => {
      if (entity === "metrics") return run.metrics[key]?.last.value;
      if (entity === "params") return run.params[key];
      return entity === "tags" ? run.tags[key] : numberOrNothing(run.info?.endTime);
    },
    descending,
  }));

function numberOrNothing(value: number | bigint | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function rank(value: number | string | undefined): number {
  if (value === undefined) return 2;
  return Number.isNaN(value) ? 1 : 0;
}

function compare({ value, descending }: Clause, a: RunRecord, b: RunRecord): number {
  const [x, y] = [value(a), value(b)];
  if (rank(x) !== rank(y) || rank(x) > 0) return rank(x) - rank(y);
  const order =
    typeof x === "string" && typeof y === "string" ? compareCodePoints(x, y) : x! < y! ? -1 : x! > y! ? 1 : 0;
  return descending ? -order : order;
}

const BASE: readonly Clause[] = [
  { text: "", value: ({ info }) => numberOrNothing(info?.startTime), descending: true },
  { text: "", value: ({ runId }) => runId, descending: false },
];

describe("orders and pages", () => {
  test("rows are in MLflow's order, and the pages together are all of them", () => {
    fc.assert(
      fc.property(
        specs,
        fc.array(clause, { maxLength: 3 }),
        fc.integer({ min: 1, max: 5 }),
        (runs, clauses, size) => {
          const table = tableOf(runs);
          const all = [...clauses, ...BASE];
          const wanted = runs
            .map(recordOf)
            .sort((a, b) => all.reduce((result, next) => result || compare(next, a, b), 0))
            .map(({ runId }) => runId);
          const seen: string[] = [];
          let pageToken: string | undefined;
          do {
            const orderBy = clauses.map(({ text }) => text);
            const page = searchRunTable(table, {
              dialect: "mlflow",
              orderBy,
              maxResults: size,
              pageToken,
              now: 0,
            });
            seen.push(...page.rows.map((row) => table.runAt(row).runId));
            pageToken = page.nextPageToken ?? undefined;
          } while (pageToken !== undefined);
          assert.deepEqual(seen, wanted);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("the first rows are those of the whole sorted", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 })), fc.nat({ max: 60 }), (values, count) => {
        const order = (a: number, b: number): number => values[a]! - values[b]! || a - b;
        const rows = Uint32Array.from(values, (_, index) => index);
        const sorted = Uint32Array.from(rows).sort(order).subarray(0, count);
        assert.deepEqual([...firstRows(rows, count, { compare: order, leading: [] })], [...sorted]);
      }),
    );
  });
});

test("thousands of rows are sorted as few are", () => {
  const values = [0, -0, 1, -1, 1.5, -1e300, 1e-300, 1795e9, Number.NaN, Infinity, -Infinity];
  const count = 5_000;
  const columnOf = (step: number): NumberColumn => ({
    kind: "number",
    values: Float64Array.from({ length: count }, (_, row) => values[(row * step) % values.length]!),
    present: Uint8Array.from({ length: count }, (_, row) => (row % (step + 2) === 0 ? 0 : 1)),
  });
  const codes = Uint32Array.from({ length: count }, (_, row) => (row * 31) % 4);
  for (const [first, second] of [
    [true, false],
    [false, true],
  ]) {
    const ordering = rowOrdering([
      { column: columnOf(3), descending: first! },
      { column: null, descending: false },
      { column: columnOf(7), descending: second! },
      { column: { kind: "text", codes, texts: ["b", "a", "c"] }, descending: first! },
    ]);
    const rows = Uint32Array.from({ length: count }, (_, row) => row);
    const compared = rows.slice().sort(ordering.compare);
    assert.equal(ordering.leading.length, 2);
    assert.deepEqual(firstRows(rows.slice(), count, ordering), compared);
    assert.deepEqual(firstRows(rows.slice(), 7, ordering), compared.slice(0, 7));
    assert.deepEqual(
      firstRows(rows.slice(100, 4_000), count, ordering),
      rows.slice(100, 4_000).sort(ordering.compare),
    );
  }
});

describe("LIKE", () => {
  test("is what the regular expression of MLflow is", () => {
    const piece = fc.constantFrom("a", "b", "A", "%", "%", "_", "\n", "𝒳", ".", "é", "É");
    const joined = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(joined, joined, (value, pattern) => {
        const work = new SearchWork(1);
        assert.equal(likePredicate(pattern)(value, work), plainLike(value, pattern, ""), "LIKE");
        assert.equal(
          likePredicate(foldCase(pattern))(foldCase(value), work),
          plainLike(value, pattern, "i"),
          "ILIKE",
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("any text at all", () => {
  test("is answered, or refused with an offset inside it", () => {
    const words = fc.constantFrom(
      "metrics.a",
      "<",
      "=",
      "1",
      "'x'",
      "(",
      ")",
      "AND",
      "OR",
      "NOT",
      "IN",
      ",",
      "IS",
      "NULL",
      "`",
      '"',
      "LIKE",
      "age",
      "2d",
      "~",
      "x",
    );
    const wild = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.array(words, { maxLength: 12 }).map((parts) => parts.join(" ")),
    );
    const table = tableOf([{ id: "a", metrics: { a: [1] } }]);
    fc.assert(
      fc.property(wild, fc.constantFrom("mlflow" as const, "runstone" as const), (filter, dialect) => {
        try {
          searchRunTable(table, { filter, dialect, now: 0 });
        } catch (error) {
          assert.ok(
            error instanceof Error && "code" in error && error.code === "INVALID_PARAMETER_VALUE",
            String(error),
          );
          const { offset } = (error as unknown as { data: { offset: number } }).data;
          assert.ok(offset >= 0 && offset <= filter.length);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
