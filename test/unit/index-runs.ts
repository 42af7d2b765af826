/** Indexed runs as a reader of damaged and hostile stores may give them. */

import { MAX_FLAGS } from "../../core/index/index-flags.js";
import type { IndexedRun } from "../../core/index/indexed-run.js";
import type { DatasetUse, MetricMark, MetricSummary } from "../../core/search/run-record.js";
import { type Integer, RUN_STATUSES, type RunInfo, toInteger } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

/** Objects as literals make them; `required`: the keys that are never left out, default all. */
function plain<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T>;
function plain<T extends object, K extends keyof T>(
  model: { [K in keyof T]: fc.Arbitrary<T[K]> },
  required: K[],
): fc.Arbitrary<Partial<T> & Pick<T, K>>;
function plain<T extends object>(
  model: { [K in keyof T]: fc.Arbitrary<T[K]> },
  required?: (keyof T)[],
): fc.Arbitrary<Partial<T>> {
  const requiredKeys = required ?? (Object.keys(model) as (keyof T)[]);
  return fc.record(model, { requiredKeys, noNullPrototype: true }) as fc.Arbitrary<Partial<T>>;
}

/** Few different ones, so that columns have equal texts; lone surrogates, wide texts, long ones, names of the language. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    "0.01",
    "adam",
    "日本",
    "\ud800",
    "x\udc00y",
    "\u0000",
    "é",
    "__proto__",
    "\ufffd",
    "\ufeff",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constant("long ".repeat(60)),
);
const key = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "lr",
    "__proto__",
    "constructor",
    "toString",
    "7",
    "é/日",
    "😀",
    "\uffff",
    "\ud800",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

const integer: fc.Arbitrary<Integer> = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1_700_000_000_000),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(toInteger),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(toInteger),
);
const value = fc.oneof(
  fc.constantFrom(0, -0, 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324),
  fc.double(),
  fc.integer(),
);
const number = value.filter((given) => !Number.isNaN(given));
const mark = (of: fc.Arbitrary<number>): fc.Arbitrary<MetricMark> => plain({ value: of, step: integer });

const point = plain(
  {
    timestamp: integer,
    value,
    step: integer,
    dataset: plain({ name: text, digest: text }),
    modelId: text,
  },
  ["timestamp", "value", "step"],
);
const freeSummary: fc.Arbitrary<MetricSummary> = plain({
  last: point,
  min: fc.option(mark(number)),
  max: fc.option(mark(number)),
  first: mark(value),
  count: fc.integer({ min: 1, max: 1_000_000 }),
});
const onePoint: fc.Arbitrary<MetricSummary> = point.map((last) => {
  const only = { value: last.value, step: last.step };
  const known = Number.isNaN(last.value) ? null : only;
  return { last, min: known, max: known, first: only, count: 1 };
});

function map<T>(item: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  const few = fc.array(fc.tuple(key, item), { maxLength: 4 });
  return few.map((entries) => {
    const made: Record<string, T> = Object.create(null);
    for (const [name, given] of entries) made[name] = given;
    return made;
  });
}

const runId = fc.oneof(
  fc.constantFrom("0123456789abcdef0123456789abcdef", "1 (2)"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 6 }),
);
const info = (id: string): fc.Arbitrary<RunInfo> =>
  plain({
    runId: fc.oneof({ weight: 4, arbitrary: fc.constant(id) }, { weight: 1, arbitrary: text }),
    experimentId: fc.constantFrom("1", "2"),
    runName: text,
    userId: text,
    status: fc.constantFrom(...RUN_STATUSES),
    startTime: fc.option(integer),
    endTime: fc.option(integer),
    deletedTime: fc.option(integer),
    lifecycleStage: fc.constantFrom("active" as const, "deleted" as const),
    artifactUri: fc.oneof(fc.constant(`./mlruns/1/${id}/artifacts`), fc.constant(`${id}${id}`), text),
  });
const dataset: fc.Arbitrary<DatasetUse> = plain({ name: text, digest: text, context: fc.option(text) });
const damage = plain(
  {
    kind: text,
    severity: fc.constantFrom("note" as const, "rebuildable" as const, "lost" as const),
    path: text,
    offset: fc.nat(),
    reason: text,
    experimentId: text,
    runId: text,
  },
  ["kind", "severity", "path", "reason"],
);

const recordOf = (id: string) =>
  plain({
    runId: fc.constant(id),
    experimentId: fc.constantFrom("1", "2"),
    place: fc.constantFrom("root" as const, "trash" as const),
    orphan: fc.boolean(),
    info: fc.option(info(id)),
    params: map(text),
    tags: map(text),
    metrics: map(fc.oneof(freeSummary, onePoint)),
    datasets: fc.array(dataset, { maxLength: 2 }),
    modelInputs: fc.array(text, { maxLength: 2 }),
    modelOutputs: fc.array(plain({ modelId: text, step: integer }), { maxLength: 2 }),
    sealed: fc.boolean(),
    damage: fc.option(damage),
    damageCount: fc.nat(),
  });
const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const signature = plain({
  structure: hash,
  content: hash,
  readAtMs: fc.oneof(fc.nat(), fc.constant(1_700_000_000_000.25)),
  flags: fc.nat({ max: MAX_FLAGS }),
});

export const indexedRun: fc.Arbitrary<IndexedRun> = runId.chain((id) =>
  plain({ record: recordOf(id), signature }),
);

/** Single runs, and lists with repeated runs, so that columns are full. */
export const indexedRuns: fc.Arbitrary<readonly IndexedRun[]> = fc.oneof(
  fc.array(indexedRun, { maxLength: 8 }),
  fc
    .tuple(fc.array(indexedRun, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 40 }))
    .map(([runs, times]) => Array.from({ length: times }, (_, index) => runs[index % runs.length]!)),
);
