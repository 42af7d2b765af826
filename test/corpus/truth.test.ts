/** Every store of the corpus gives what its truth file says, which another program computed from the same files. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { listRunLocations, readRun, scanExperiments } from "../../core/index.js";
import type { Damage } from "../../store-format/index.js";
import { type Corpus, corpusDirectory, loadCorpora } from "./corpus.js";
import { digestEntry, digestOf } from "./digest.js";

const directory = corpusDirectory();

if (directory === null) {
  const told =
    "CORPUS NOT FOUND: set RUNSTONE_CORPUS to the directory of real stores; its tests were NOT RUN";
  test("corpus", { skip: process.env["CI"] === "true" ? false : told }, () => assert.fail(told));
  console.error(told);
} else {
  for (const corpus of loadCorpora(directory)) describe(corpus.name, () => testCorpus(corpus));
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

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
