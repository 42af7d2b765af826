/** Every store of the corpus gives what its truth file says, which another program computed from the same files. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  dumpStore,
  listRunLocations,
  type RecordOwner,
  readRun,
  scanExperiments,
  scanModelVersions,
  scanRegisteredModels,
  scanStore,
  serializeDumpObject,
} from "../../core/index.js";
import type { Damage, DamageKind } from "../../store-format/index.js";
import { type Corpus, corpusDirectory, loadCorpora } from "./corpus.js";
import { digestEntry, digestOf } from "./digest.js";

const directory = corpusDirectory();

if (directory === null) {
  const told =
    "CORPUS NOT FOUND: set RUNSTONE_CORPUS to the directory of real stores; its tests were NOT RUN";
  test("corpus", { skip: process.env.CI === "true" ? false : told }, () => assert.fail(told));
  console.error(told);
} else {
  for (const corpus of loadCorpora(directory)) {
    describe(corpus.name, () => {
      testCorpus(corpus);
      testScan(corpus);
    });
  }
}

function testCorpus({ root, truth }: Corpus): void {
  const paths = { root, workspace: null };
  const damages: Damage[] = [];
  const runs = [...listRunLocations(paths)];
  const entries = runs.map((location) => ({
    location,
    entry: digestEntry(location, (damage) => damages.push(damage)),
  }));
  const known = entries.filter(({ location }) => !location.orphan);

  test("digest over all runs", () => {
    assert.equal(digestOf(known.map(({ entry }) => entry)), truth.digest_all_runs);
  });

  test("digest over the orphans", () => {
    const orphans = entries.filter(({ location }) => location.orphan).map(({ entry }) => entry);
    assert.equal(orphans.length === 0 ? null : digestOf(orphans), truth.digest_orphans);
  });

  test("experiments", () => {
    const experiments = scanExperiments(paths, (damage) => damages.push(damage));
    const byPlace = (a: { place: string; id: string }, b: { place: string; id: string }) =>
      a.place === b.place ? (a.id < b.id ? -1 : 1) : a.place === "root" ? -1 : 1;
    assert.deepEqual(
      experiments.map((experiment) => ({
        id: experiment.experimentId,
        name: experiment.name,
        place: experiment.place,
        tags: Object.keys(experiment.tags).length,
        creation_time: experiment.creationTime,
        digest: digestOf(
          known.flatMap(({ entry }) =>
            entry.experimentId === experiment.experimentId && entry.place === experiment.place ? [entry] : [],
          ),
        ),
      })),
      truth.experiments
        .filter(({ orphan }) => !orphan)
        .sort(byPlace)
        .map(({ id, name, place, tags, creation_time, digest }) => ({
          id,
          name,
          place,
          tags,
          creation_time,
          digest,
        })),
    );
    assert.deepEqual(countBy(experiments.map((e) => e.lifecycleStage)), {
      ...truth.totals.experiments_effective,
    });
  });

  test("totals", () => {
    const sum = (count: (entry: (typeof known)[number]["entry"]) => number) =>
      known.reduce((total, { entry }) => total + count(entry), 0);
    assert.equal(known.length, truth.totals.run_count);
    assert.equal(
      sum(({ params }) => params.size),
      truth.totals.params,
    );
    assert.equal(
      sum(({ tags }) => tags.size),
      truth.totals.tags,
    );
    assert.equal(
      sum(({ metrics }) => metrics.size),
      truth.totals.metrics - truth.totals.metrics_empty,
    );
    assert.equal(
      sum(({ metrics }) => [...metrics.values()].reduce((total, { points }) => total + points, 0)),
      truth.totals.metric_points,
    );
    assert.deepEqual(countBy(known.map(({ entry }) => entry.status)), { ...truth.totals.status });
  });

  test("runs of the sample", () => {
    for (const expected of truth.runs_sample) {
      const found = entries.find(
        ({ location }) => location.runId === expected.run_id && location.place === expected.place,
      );
      assert.ok(found !== undefined, expected.run_id);
      assert.equal(digestOf([found.entry]), expected.digest);
      const run = readRun(found.location, () => {});
      const latest = Object.entries(run.metrics)
        .filter(([key]) => key in expected.latest)
        .map(([key, { value, step, timestamp }]) => [key, { value, step, timestamp }]);
      const truths = Object.entries(expected.latest).map(([key, { value, step, timestamp }]) => [
        key,
        { value: Number(value), step, timestamp },
      ]);
      assert.deepEqual(Object.fromEntries(latest), Object.fromEntries(truths));
    }
  });
}

/** Kinds that the truth does not count: they tell of oddities, and hide nothing. */
const NOTES: ReadonlySet<string> = new Set<DamageKind>([
  "metric_points_repeated",
  "key_not_portable",
  "sync_copy",
]);

function testScan({ root, truth }: Corpus): void {
  const paths = { root, workspace: null };
  const damages: Damage[] = [];
  const counts: Record<string, number> = {};
  const count = (name: string, more = 1) => {
    counts[name] = (counts[name] ?? 0) + more;
  };
  for (const item of scanStore(paths, (damage) => damages.push(damage))) {
    if (item.kind === "points") {
      count(`${"modelId" in item.owner ? "model" : "run"} points`, item.points.length);
    } else if ("owner" in item) count(`${ownerOf(item.owner)} ${item.kind}`);
    else count(item.kind);
  }

  test("damage", () => {
    const counted = damages.filter(({ kind }) => !NOTES.has(kind));
    assert.deepEqual(countBy(counted.map(({ kind }) => kind)), { ...truth.damage_counts });
    for (const [kind, examples] of Object.entries(truth.damage_examples)) {
      const paths = new Set(counted.filter((damage) => damage.kind === kind).map(({ path }) => path));
      for (const { path } of examples) assert.ok(paths.has(path), `${kind} ${path}`);
    }
  });

  test("counts of the walk", () => {
    const { other, ...totals } = truth.totals;
    const expected: Record<string, number | undefined> = {
      experiment: totals.experiment_count,
      run: totals.run_count + totals.orphan_runs,
      "experiment tag": totals.experiment_tags,
      "run param": totals.params,
      "run tag": totals.tags,
      "run points": totals.metric_points,
      dataset: other.datasets,
      input: other.inputs,
      output: other.outputs,
      logged_model: other.logged_models,
      "model param": other.logged_model_params,
      "model tag": other.logged_model_tags,
      "model points": other.logged_model_points,
      registered_model: other.registered_models,
      model_version: other.model_versions,
      trace: other.traces,
      "trace tag": other.trace_tags,
      "trace request_metadata": other.trace_metadata,
    };
    for (const [name, number] of Object.entries(expected)) assert.equal(counts[name] ?? 0, number ?? 0, name);
  });

  test("points that stand twice are told", () => {
    const repeated = damages
      .filter(({ kind, path }) => kind === "metric_points_repeated" && !path.includes("/models/"))
      .reduce((total, { reason }) => total + Number.parseInt(reason, 10), 0);
    assert.equal(repeated, truth.totals.other.points_equal_to_the_line_before ?? 0);
  });

  test("registry", () => {
    const models = scanRegisteredModels(paths, () => {}).map(({ name, aliases }) => ({
      name,
      versions: scanModelVersions(paths, name).length,
      aliases: { ...aliases },
    }));
    assert.deepEqual(models, truth.registry);
  });

  test("the dump has the same", () => {
    const kinds = countBy(
      [...dumpStore(paths)].map((object) => serializeDumpObject(object).slice(0, 20)).map(kindOf),
    );
    assert.equal(kinds.run ?? 0, truth.totals.run_count + truth.totals.orphan_runs);
    assert.equal(kinds.damage ?? 0, damages.length);
    assert.equal(kinds.metric ?? 0, (counts["run points"] ?? 0) + (counts["model points"] ?? 0));
  });
}

function kindOf(line: string): string {
  return /^\{"kind":"(\w+)/.exec(line)?.[1] ?? "";
}

function ownerOf(owner: RecordOwner): string {
  if ("modelId" in owner) return "model";
  if ("traceId" in owner) return "trace";
  if ("name" in owner) return "registry";
  return owner.runId === undefined ? "experiment" : "run";
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
