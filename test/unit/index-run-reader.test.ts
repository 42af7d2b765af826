import assert from "node:assert/strict";
import { rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { LOCAL_MARGINS, NETWORK_MARGINS } from "../../core/index/facts-sum.js";
import { NESTED, SETTLED, UNSURE } from "../../core/index/index-flags.js";
import { plainStructure, walkRunDirectories, walkRunFacts } from "../../core/index/run-facts.js";
import { RunReader } from "../../core/index/run-reader.js";
import { readRunRecord } from "../../core/search/read-run-record.js";
import { searchableRuns } from "../../core/search/searchable-runs.js";
import type { RunLocation } from "../../core/store/read/located.js";
import type { Damage } from "../../store-format/index.js";
import { corpusDirectory, loadCorpora } from "../corpus/corpus.js";
import fc from "../helpers/fast-check.js";
import { contextOf } from "../helpers/new-store.js";
import { newSeed } from "../helpers/seed.js";
import { addFiles, experimentMeta, makeStore, RUN, runMeta, type Tree } from "./read-fixture.js";

const reader = new RunReader(LOCAL_MARGINS);
/** Reads as if the files had been left alone for a while. */
const later = new RunReader({ fineMs: -60_000, coarseMs: -60_000 });

/** The fast reader and the general one agree on everything, what they report included; and so do the two ways to sign. */
function assertAgreement(location: RunLocation): void {
  const fast: Damage[] = [];
  const slow: Damage[] = [];
  const { record, signature } = reader.read(location, (damage) => fast.push(damage));
  assert.deepStrictEqual(
    record,
    readRunRecord(location, (damage) => slow.push(damage)),
  );
  assert.deepStrictEqual(fast, slow);
  const options = { readAtMs: Date.now(), margins: LOCAL_MARGINS };
  const walked = walkRunFacts(location.directory, options);
  assert.ok(walked !== null);
  if (((signature.flags | walked.flags) & UNSURE) !== 0) return;
  assert.equal(walked.structure.value, signature.structure);
  assert.equal(walked.content.value, signature.content);
  assert.equal(walkRunDirectories(location.directory, options)?.structure.value, signature.structure);
  if ((signature.flags & NESTED) === 0)
    assert.equal(plainStructure(location.directory, signature.flags, options), signature.structure);
}

function runsOf(root: string): RunLocation[] {
  return [...searchableRuns(contextOf(root), undefined, () => {})];
}

describe("runs are read for the index as the general reader reads them", () => {
  const corpus = corpusDirectory();
  test("in the corpus", { skip: corpus === null ? "no corpus here" : false }, () => {
    for (const { root } of loadCorpora(corpus ?? "")) for (const run of runsOf(root)) assertAgreement(run);
  });

  test("whatever lies in a run", (t) => {
    const { root } = makeStore(t, { "1/meta.yaml": experimentMeta("1", "one") });
    let number = 0;
    const property = fc.property(TREES, (tree) => {
      number += 1;
      addRun(root, `r${number}`, tree);
      const run = runsOf(root).find(({ runId }) => runId === `r${number}`);
      if (run !== undefined) assertAgreement(run);
      // Nothing at all is a case too: then there is no directory.
      rmSync(join(root, "1", `r${number}`), { recursive: true, force: true });
    });
    fc.assert(property, { seed: newSeed("RUNSTONE_SEED"), numRuns: 300 });
  });
});

function addRun(root: string, runId: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    try {
      const own = typeof content === "string" ? content.replaceAll(RUN, runId) : content;
      addFiles(root, { [`1/${runId}/${path}`]: own });
    } catch (error) {
      // A name that is too long, or a file where a directory is wanted: then it is not there.
      if (
        !["ENOTDIR", "EEXIST", "EISDIR", "ENAMETOOLONG"].includes(String((error as { code?: unknown }).code))
      )
        throw error;
    }
  }
}

const KEYS = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "loss",
    "train/loss",
    "train/a/b",
    "é",
    "日/x",
    "😀",
    "\ufb01",
    "mlflow.runName",
    "Ärger 1",
  ),
  fc.constantFrom(
    ".gitkeep",
    "a.swp",
    "a~",
    "x/.DS_Store",
    "q?",
    "..a",
    "a/",
    ".ipynb_checkpoints/a",
    "__proto__",
  ),
);
const TEXTS = fc.oneof(
  fc.constantFrom(
    "",
    "0.1",
    "1e-3\n",
    "é",
    "\ufeffx",
    "\ufffd",
    "a\r\nb",
    "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n",
    "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n",
    "x".repeat(300_000),
  ),
  fc.uint8Array({ maxLength: 6 }),
  fc.string({ unit: "binary" }),
);
const LINES = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.nat(9), fc.double(), fc.integer({ min: -3, max: 9 }))
      .map((p) => `${p.join(" ").replace("Infinity", "inf").replace("NaN", "nan")}\n`),
  },
  fc.constantFrom(
    "1 2\n",
    "1 2 3 d 4\n",
    "5 0.5 1 name digest\n",
    "\n",
    "1 2 3\r\n",
    "x y z\n",
    "1 1_0 3\n",
    "1 2 3",
    "9".repeat(70_000),
  ),
);
const POINTS = fc.oneof(
  fc.array(LINES, { maxLength: 6 }).map((lines) => lines.join("")),
  fc.constantFrom(
    "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n",
    "<<<<<<< a\n1 2 3\n=======\n1 3 3\n>>>>>>> b\n",
  ),
);
const METAS = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      runMeta(RUN, "1"),
      runMeta(RUN, "1", { run_name: "''" }),
      runMeta(RUN, "1", { status: "1" }),
    ),
  },
  fc.constantFrom(
    "",
    "no: {",
    runMeta(RUN, "1", { status: "9" }),
    runMeta(RUN, "1", { run_name: "null" }),
    "\u0000",
  ),
);
/** Old enough that an empty meta.yaml is not looked at again in case somebody is writing it. */
const EMPTY_LINKS = fc.constantFrom(
  "",
  '{"key":"loss","timestamp":1,"value":2,"step":3,"modelId":"m-1"}\n',
  "x\n",
);
const OTHERS = fc.constantFrom<Tree>(
  {},
  {},
  {},
  { "manifest.yaml": "" },
  { "lease.yaml": "x" },
  { "writers/1/metrics/loss": "1 2 3\n" },
  {
    "inputs/i1/meta.yaml":
      "source_type: DATASET\nsource_id: d1\ndestination_type: RUN\ndestination_id: r\ntags: {}\n",
  },
  {
    "inputs/i1/meta.yaml":
      "source_type: MODEL_OUTPUT\nsource_id: m1\ndestination_type: RUN\ndestination_id: r\ntags: {}\n",
  },
  {
    "outputs/o1/meta.yaml":
      "source_type: RUN_OUTPUT\nsource_id: r\ndestination_type: MODEL_OUTPUT\ndestination_id: m1\ntags: {}\nstep: 3\n",
  },
  { "outputs/x": "a file" },
  { "artifacts/a": "1", ".gitignore": "*" },
);

/** Everything that lies in a run, by path. */
const TREES: fc.Arbitrary<Tree> = fc
  .record({
    meta: fc.option(METAS),
    params: fc.dictionary(KEYS, TEXTS, { maxKeys: 4 }),
    tags: fc.dictionary(KEYS, TEXTS, { maxKeys: 4 }),
    metrics: fc.dictionary(KEYS, POINTS, { maxKeys: 4 }),
    links: fc.option(EMPTY_LINKS, { freq: 4 }),
    others: OTHERS,
  })
  .map(({ meta, params, tags, metrics, links, others }) => ({
    ...(meta === null || meta.length < 2 ? {} : { "meta.yaml": meta }),
    ...below("params", params),
    ...below("tags", tags),
    ...below("metrics", metrics),
    ...(links === null ? {} : { "links.jsonl": links }),
    ...others,
  }));

function below(directory: string, tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([path, content]) => [`${directory}/${path}`, content]));
}

const PLAIN: Tree = {
  "meta.yaml": runMeta(RUN, "1"),
  "params/lr": "0.1",
  "tags/mlflow.runName": "x",
  "metrics/loss": "1 2 3\n",
};

function oneRunOf(t: TestContext, tree: Tree): RunLocation {
  const { root } = makeStore(t, { "1/meta.yaml": experimentMeta("1", "one"), ...below(`1/${RUN}`, tree) });
  const [run] = runsOf(root);
  assert.ok(run !== undefined);
  return run;
}

function flagsOf(run: RunLocation, by = later): number {
  return by.read(run, () => {}).signature.flags;
}

describe("a signature", () => {
  test("of files that lie still is sure", (t) => {
    assert.equal(flagsOf(oneRunOf(t, PLAIN)) & (UNSURE | SETTLED), 0);
  });

  test("of files that were just written is unsure, whatever their mtime says", (t) => {
    const run = oneRunOf(t, PLAIN);
    assert.notEqual(flagsOf(run, new RunReader(NETWORK_MARGINS)) & UNSURE, 0);
    for (const name of [
      "",
      "params",
      "params/lr",
      "tags",
      "tags/mlflow.runName",
      "metrics",
      "metrics/loss",
      "meta.yaml",
    ])
      utimesSync(join(run.directory, name), 1_000, 1_000);
    assert.notEqual(flagsOf(run, new RunReader(NETWORK_MARGINS)) & UNSURE, 0, "the ctime is young");
  });

  test("of a sealed run that ended is settled, unless it has a lease", (t) => {
    const sealed = { ...PLAIN, "manifest.yaml": "" };
    assert.notEqual(flagsOf(oneRunOf(t, sealed)) & SETTLED, 0);
    assert.equal(flagsOf(oneRunOf(t, { ...sealed, "lease.yaml": "" })) & SETTLED, 0);
    const running = { ...sealed, "meta.yaml": runMeta(RUN, "1", { status: "1" }) };
    assert.equal(flagsOf(oneRunOf(t, running)) & SETTLED, 0);
  });

  test("of a run with writers is unsure: whether they live is in no file", (t) => {
    const run = oneRunOf(t, { ...PLAIN, "writers/1/metrics/loss": "1 2 3\n" });
    assert.notEqual(flagsOf(run) & UNSURE, 0);
  });
});
