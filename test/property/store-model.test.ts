/** Random sequences of calls against a simple in-memory model, the store opened anew after each call (T8). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createFileStore, type FileStore, fsck, openFileStore, repair } from "../../core/index.js";
import type { Point } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { type Command, commands, type Real } from "./commands.js";
import { latestOf, Model, type ModelRun } from "./model.js";

const full = process.env.RUNSTONE_TIER === "full";

test("any sequence of calls leaves what the model says, in every re-opened store", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(commands, { minLength: 1, maxLength: full ? 80 : 30 }), async (sequence) => {
      const place = mkdtempSync(join(tmpdir(), "runstone-model-"));
      try {
        await runSequence(place, sequence);
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
    }),
    {
      numRuns: full ? 1000 : 60,
      ...(process.env.RUNSTONE_SEED ? { seed: Number(process.env.RUNSTONE_SEED) } : {}),
    },
  );
});

async function runSequence(place: string, sequence: readonly Command[]): Promise<void> {
  const model = new Model();
  model.experiments.set("0", { experimentId: "0", name: "Default", deleted: false, tags: new Map() });
  const real: Real = { store: createFileStore({ cwd: place, path: "mlruns" }) };
  for (const [index, command] of sequence.entries()) {
    await command.run(model, real);
    real.store = openFileStore({ cwd: place, path: "mlruns" });
    await compare(model, real.store, `after call ${index}: ${command.text}`);
  }
  assertSound(real.store);
}

/** Nothing is damaged, nothing changed behind a seal, and there is nothing to repair. */
function assertSound(store: FileStore): void {
  const report = fsck(store.context);
  assert.deepEqual(
    report.damages.filter((damage) => damage.severity !== "note"),
    [],
  );
  // Calls on a sealed run seal it anew; points that come later make its metric files longer.
  const changes = report.changes.filter((change) => change.what !== "longer" && change.what !== "added");
  assert.deepEqual(changes, []);
  assert.deepEqual(repair(store.context).failures, []);
  assert.deepEqual(repair(store.context).actions, []);
}

async function compare(model: Model, store: FileStore, when: string): Promise<void> {
  const experiments = await store.listExperiments("all");
  assert.deepEqual(
    experiments.map(({ experimentId, name, lifecycleStage }) => [experimentId, name, lifecycleStage]).sort(),
    [...model.experiments.values()]
      .map(({ experimentId, name, deleted }) => [experimentId, name, deleted ? "deleted" : "active"])
      .sort(),
    when,
  );
  const found = new Set<string>();
  for await (const run of store.listRuns({ view: "all" })) found.add(run.info.runId);
  assert.deepEqual([...found].sort(), [...model.runs.keys()].sort(), when);
  for (const run of model.runs.values()) await compareRun(model, store, run, when);
}

async function compareRun(model: Model, store: FileStore, expected: ModelRun, when: string): Promise<void> {
  const run = await store.getRun(expected.runId);
  assert.equal(run.info.experimentId, expected.experimentId, when);
  assert.equal(run.info.runName, expected.name, when);
  assert.equal(run.info.status, expected.status, when);
  assert.equal(run.info.lifecycleStage, model.isWritable(expected) ? "active" : "deleted", when);
  assert.deepEqual(new Map(Object.entries(run.params)), expected.params, when);
  assert.deepEqual(new Map(Object.entries(run.tags)), expected.tags, when);
  assert.deepEqual(Object.keys(run.metrics).sort(), [...expected.points.keys()].sort(), when);
  for (const [key, points] of expected.points) {
    assert.deepEqual(run.metrics[key], latestOf(points), `${when}: latest ${key}`);
    const history: Point[] = [];
    for await (const point of store.getMetricHistory(expected.runId, key)) history.push(point);
    assert.deepEqual(history.map(pointText).sort(), points.map(pointText).sort(), `${when}: ${key}`);
  }
  await compareArtifacts(store, expected, when);
}

function pointText({ step, timestamp, value }: Point): string {
  return `${step} ${timestamp} ${Object.is(value, -0) ? "-0" : value}`;
}

async function compareArtifacts(store: FileStore, expected: ModelRun, when: string): Promise<void> {
  const owner = { runId: expected.runId };
  const entries = await store.artifacts.list(owner, "", { recursive: true });
  const files = entries.filter((entry) => !entry.isDir).map((entry) => entry.path);
  assert.deepEqual(files, [...expected.artifacts.keys()].sort(), when);
  for (const [path, text] of expected.artifacts) {
    const parts: Uint8Array[] = [];
    for await (const part of store.artifacts.read(owner, path)) parts.push(part);
    assert.equal(Buffer.concat(parts).toString("utf8"), text, `${when}: ${path}`);
  }
}
