import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  createExperiment,
  createStore,
  deleteExperiment,
  ensureDefaultExperiment,
  renameExperiment,
} from "../../core/store/experiments/index.js";
import { type Experiment, experimentIdFromHash } from "../../store-format/index.js";
import { contextOf, newStore, temporaryDirectory, treeOf } from "../helpers/new-store.js";
import { atOnce, killedEverywhere } from "../helpers/store-children.js";

describe("a new store", () => {
  test("is the root, .trash and the default experiment, as MLflow wants them", (t) => {
    const context = newStore(t);
    assert.deepEqual(treeOf(context.root), {
      ".trash/": "",
      "0/meta.yaml": `artifact_location: file://${context.root}/0
creation_time: 1748764800123
experiment_id: '0'
last_update_time: 1748764800123
lifecycle_stage: active
name: Default
`,
    });
    assert.deepEqual(readdirSync(context.root).sort(), [".trash", "0"]);
  });

  test("is the same after a repeat, also when MLflow holds other experiments", (t) => {
    const context = newStore(t);
    const before = treeOf(context.root);
    createStore({ ...context, now: () => 1 });
    assert.deepEqual(treeOf(context.root), before);
  });

  test("many processes make it at once", async (t) => {
    const root = join(temporaryDirectory(t), "mlruns");
    const results = await atOnce(
      Array.from({ length: 8 }, () => ({ root, operation: "createStore", args: [] })),
    );
    assert.deepEqual(new Set(results.map((result) => JSON.stringify(result))), new Set(['{"value":null}']));
    assert.deepEqual(Object.keys(treeOf(root)), [".trash/", "0/meta.yaml"]);
  });

  test("another experiment of the name Default is the default experiment", (t) => {
    const context = contextOf(join(temporaryDirectory(t), "mlruns"));
    mkdirSync(context.root);
    const { experimentId } = createExperiment(context, { name: "Default" });
    assert.equal(ensureDefaultExperiment(context).experimentId, experimentId);
    assert.deepEqual(readdirSync(context.root), [experimentId]);
  });

  test("a 0 that lost its meta.yaml gets a new one and keeps its runs", (t) => {
    const context = newStore(t);
    rmSync(join(context.root, "0", "meta.yaml"));
    mkdirSync(join(context.root, "0", "ab12", "metrics"), { recursive: true });
    assert.equal(ensureDefaultExperiment(context).name, "Default");
    assert.deepEqual(readdirSync(join(context.root, "0")).sort(), ["ab12", "meta.yaml"]);
  });
});

describe("createExperiment", () => {
  test("writes what MLflow reads, under an id that follows from the name", (t) => {
    const context = newStore(t);
    const experiment = createExperiment(context, {
      name: "résumé parser: v2",
      tags: { team: "nlp", "mlflow.note.content": "first\nsecond" },
    });
    assert.match(experiment.experimentId, /^[1-9][0-9]{17}$/u);
    const directory = join(context.root, experiment.experimentId);
    assert.deepEqual(treeOf(directory), {
      "meta.yaml": `artifact_location: file://${directory}
creation_time: 1748764800123
experiment_id: '${experiment.experimentId}'
last_update_time: 1748764800123
lifecycle_stage: active
name: 'résumé parser: v2'
`,
      "tags/mlflow.note.content": "first\nsecond",
      "tags/team": "nlp",
    });
    assert.deepEqual({ ...experiment.tags }, { team: "nlp", "mlflow.note.content": "first\nsecond" });
    assert.equal(experiment.lifecycleStage, "active");
    assert.deepEqual(readdirSync(context.root).sort(), [".trash", "0", experiment.experimentId].sort());
    const elsewhere = createExperiment(newStore(t), { name: "résumé parser: v2" });
    assert.equal(elsewhere.experimentId, experiment.experimentId);
  });

  test("the id is the one of SPEC.md: 10^17 + SHA-256(name) mod 9*10^17", (t) => {
    const { experimentId } = createExperiment(newStore(t), { name: "abc" });
    // The well-known digest of "abc" (FIPS 180-2).
    const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert.equal(experimentId, experimentIdFromHash(digest));
    assert.equal(experimentId, String(10n ** 17n + (BigInt(`0x${digest}`) % (9n * 10n ** 17n))));
  });

  test("a location may be given, or is seen from the workspace", (t) => {
    const context = newStore(t);
    const given = createExperiment(context, { name: "a", artifactLocation: "s3://bucket/a" });
    assert.equal(given.artifactLocation, "s3://bucket/a");
    const inGit = { ...context, workspace: join(context.root, ".."), locations: "relative" as const };
    const relative = createExperiment(inGit, { name: "b" });
    assert.equal(relative.artifactLocation, `./mlruns/${relative.experimentId}`);
  });

  test("a name is unique over active and deleted experiments and those of MLflow", (t) => {
    const context = newStore(t);
    const first = createExperiment(context, { name: "one" });
    const taken = {
      code: "RESOURCE_ALREADY_EXISTS",
      data: { name: "one", experimentId: first.experimentId },
    };
    assert.throws(() => createExperiment(context, { name: "one" }), taken);
    deleteExperiment(context, first.experimentId);
    assert.throws(() => createExperiment(context, { name: "one" }), taken);
    writeForeign(context.root, "482913750264817359", "two");
    assert.throws(() => createExperiment(context, { name: "two" }), { code: "RESOURCE_ALREADY_EXISTS" });
  });

  test("an id that a renamed experiment holds is passed over", (t) => {
    const context = newStore(t);
    const first = createExperiment(context, { name: "one" });
    renameExperiment(context, first.experimentId, "uno");
    const second = createExperiment(context, { name: "one" });
    assert.notEqual(second.experimentId, first.experimentId);
    deleteExperiment(context, second.experimentId);
    renameTrashed(context.root, second, "eins");
    const third = createExperiment(context, { name: "one" });
    assert.equal(new Set([first, second, third].map(({ experimentId }) => experimentId)).size, 3);
  });

  test("a damaged experiment under the id is left alone", (t) => {
    const warnings: string[] = [];
    const context = newStore(t, { warn: (message) => warnings.push(message) });
    const { experimentId } = createExperiment(context, { name: "one" });
    writeFileSync(join(context.root, experimentId, "meta.yaml"), "");
    const second = createExperiment(context, { name: "one" });
    assert.notEqual(second.experimentId, experimentId);
    assert.equal(readFileSync(join(context.root, experimentId, "meta.yaml"), "utf8"), "");
    assert.match(warnings.join(), new RegExp(experimentId));
  });

  test("refuses what breaks the rules and leaves nothing behind", (t) => {
    const context = newStore(t);
    const before = treeOf(context.root);
    const bad = [
      { name: "" },
      { name: "it's" },
      { name: "a\nb" },
      { name: "x", tags: { "../escape": "1" } },
      { name: "x", tags: { a: "1", "a/b": "2" } },
      { name: "x", tags: { a: "y".repeat(20_001) } },
      { name: "x", tags: { a: 1 as unknown as string } },
      { name: "x", artifactLocation: "runs:/abc/model" },
      { name: "x", artifactLocation: "x".repeat(2_049) },
      { name: "x", artifactLocation: "a\nb" },
    ];
    for (const spec of bad) {
      assert.throws(
        () => createExperiment(context, spec),
        { code: "INVALID_PARAMETER_VALUE" },
        JSON.stringify(spec),
      );
    }
    assert.deepEqual(treeOf(context.root), before);
    const tag = { [`__proto__`]: "kept" };
    assert.deepEqual(
      Object.entries(createExperiment(context, { name: "x", tags: tag }).tags),
      Object.entries(tag),
    );
  });

  test("16 processes create one name: one wins, the others are told", async (t) => {
    const { root } = newStore(t);
    const task = { root, operation: "createExperiment", args: [{ name: "race", tags: { a: "b" } }] };
    const results = await atOnce(Array.from({ length: 16 }, () => task));
    const won = results.filter((result) => "value" in result);
    assert.equal(won.length, 1);
    const lost = results.filter((result) => "error" in result && result.error === "RESOURCE_ALREADY_EXISTS");
    assert.equal(lost.length, 15);
    const { experimentId } = (won[0] as { value: Experiment }).value;
    assert.deepEqual(Object.keys(treeOf(root)), [
      ".trash/",
      "0/meta.yaml",
      `${experimentId}/meta.yaml`,
      `${experimentId}/tags/a`,
    ]);
  });

  test("killed at any step: it is there whole or not at all, and can be created again", (t) => {
    const calls = killedEverywhere(
      () => ({
        root: newStore(t).root,
        operation: "createExperiment",
        args: [{ name: "one", tags: { a: "b" } }],
      }),
      (root) => {
        const context = contextOf(root);
        const before = Object.keys(treeOf(root)).filter((path) => /^[0-9]{18}/u.test(path));
        assert.ok(before.length === 0 || before.length === 2, before.join());
        if (before.length === 0) assert.equal(createExperiment(context, { name: "one" }).name, "one");
        else
          assert.throws(() => createExperiment(context, { name: "one" }), {
            code: "RESOURCE_ALREADY_EXISTS",
          });
      },
    );
    assert.ok(calls >= 8, `${calls} calls`);
  });
});

function writeForeign(root: string, experimentId: string, name: string): void {
  mkdirSync(join(root, experimentId));
  const text = `artifact_location: /x\nexperiment_id: '${experimentId}'\nlifecycle_stage: active\nname: ${name}\n`;
  writeFileSync(join(root, experimentId, "meta.yaml"), text);
}

function renameTrashed(root: string, { experimentId, name }: Experiment, newName: string): void {
  const path = join(root, ".trash", experimentId, "meta.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace(`name: ${name}`, `name: ${newName}`));
}
