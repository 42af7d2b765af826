import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import {
  createExperiment,
  deleteExperiment,
  deleteExperimentTag,
  renameExperiment,
  restoreExperiment,
  setExperimentTags,
} from "../../core/store/experiments/index.js";
import { findExperiment, findExperimentsByName, readExperiment } from "../../core/store/read/experiments.js";
import {
  parseExperimentMeta,
  parseRunMeta,
  type RunMeta,
  serializeRunMeta,
} from "../../store-format/index.js";
import { contextOf, newStore, treeOf } from "../helpers/new-store.js";
import { atOnce, killedEverywhere } from "../helpers/store-children.js";

const CREATED = 1_748_764_800_123;
const EARLIER = CREATED - 5_000;
const LATER = CREATED + 60_000;

function readExperimentById(context: StoreContext, experimentId: string) {
  const location = findExperiment(context, experimentId);
  assert.ok(location);
  return readExperiment(location, (damage) => assert.fail(JSON.stringify(damage)));
}

function readRunMetaIn(directory: string, runId: string): RunMeta {
  return parseRunMeta(readFileSync(join(directory, runId, "meta.yaml")));
}

/** An experiment with two active runs and one that was deleted a while ago. */
function experimentWithRuns(context: StoreContext): string {
  const { experimentId } = createExperiment(context, { name: "one", tags: { team: "a" } });
  writeRun(context, experimentId, "a1", {});
  writeRun(context, experimentId, "a2", {});
  writeRun(context, experimentId, "d1", { lifecycleStage: "deleted", deletedTime: EARLIER });
  return experimentId;
}

function writeRun(
  context: StoreContext,
  experimentId: string,
  runId: string,
  change: Partial<RunMeta>,
): void {
  const directory = join(context.root, experimentId, runId);
  for (const name of ["metrics", "params", "artifacts"])
    mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, "params", "lr"), "0.1");
  const meta = {
    runId,
    experimentId,
    runName: `run ${runId}`,
    userId: "ana",
    status: "FINISHED",
    startTime: CREATED,
    endTime: CREATED + 1,
    deletedTime: null,
    lifecycleStage: "active",
    artifactUri: `/x/${runId}/artifacts`,
    ...change,
  } as const;
  writeFileSync(join(directory, "meta.yaml"), serializeRunMeta(meta));
}

describe("deleteExperiment and restoreExperiment", () => {
  test("deleted: in .trash with its runs, as MLflow leaves it", (t) => {
    const context = newStore(t, { now: () => LATER });
    const experimentId = experimentWithRuns(context);
    deleteExperiment(context, experimentId);
    const directory = join(context.root, ".trash", experimentId);
    assert.deepEqual(readdirSync(context.root).sort(), [".trash", "0"]);
    const meta = parseExperimentMeta(readFileSync(join(directory, "meta.yaml")));
    assert.equal(meta.lifecycleStage, "deleted");
    assert.equal(meta.lastUpdateTime, LATER);
    const stages = ["a1", "a2", "d1"].map((runId) => {
      const { lifecycleStage, deletedTime } = readRunMetaIn(directory, runId);
      return [lifecycleStage, deletedTime];
    });
    assert.deepEqual(stages, [
      ["deleted", LATER],
      ["deleted", LATER],
      ["deleted", EARLIER],
    ]);
    assert.deepEqual(readdirSync(join(directory, "a1")).sort(), [
      "artifacts",
      "meta.yaml",
      "metrics",
      "params",
    ]);
  });

  test("restored: as it was but for last_update_time; runs deleted before stay deleted", (t) => {
    const context = newStore(t, { now: () => LATER });
    const experimentId = experimentWithRuns(context);
    const before = treeOf(context.root);
    deleteExperiment(context, experimentId);
    restoreExperiment({ ...context, now: () => LATER + 9 }, experimentId);
    const path = `${experimentId}/meta.yaml`;
    const after = treeOf(context.root);
    assert.match(after[path] ?? "", new RegExp(`last_update_time: ${LATER + 9}`));
    assert.deepEqual({ ...after, [path]: "" }, { ...before, [path]: "" });
  });

  test("what MLflow deleted is restored: run times a little later, or none", (t) => {
    const context = newStore(t, { now: () => LATER });
    const experimentId = experimentWithRuns(context);
    deleteExperiment(context, experimentId);
    const directory = join(context.root, ".trash", experimentId);
    for (const [runId, deletedTime] of [
      ["a1", LATER + 3],
      ["a2", null],
    ] as const) {
      const meta = { ...readRunMetaIn(directory, runId), deletedTime };
      writeFileSync(join(directory, runId, "meta.yaml"), serializeRunMeta(meta));
    }
    restoreExperiment(context, experimentId);
    const stages = ["a1", "a2", "d1"].map(
      (runId) => readRunMetaIn(join(context.root, experimentId), runId).lifecycleStage,
    );
    assert.deepEqual(stages, ["active", "active", "deleted"]);
  });

  test("refusals", (t) => {
    const context = newStore(t);
    const experimentId = experimentWithRuns(context);
    assert.throws(() => deleteExperiment(context, "0"), { code: "INVALID_PARAMETER_VALUE" });
    assert.throws(() => deleteExperiment(context, "42"), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(() => deleteExperiment(context, "../0"), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(() => restoreExperiment(context, experimentId), { code: "INVALID_STATE" });
    deleteExperiment(context, experimentId);
    assert.throws(() => deleteExperiment(context, experimentId), { code: "INVALID_STATE" });
    assert.throws(() => renameExperiment(context, experimentId, "two"), { code: "INVALID_STATE" });
    assert.throws(() => setExperimentTags(context, experimentId, { a: "b" }), { code: "INVALID_STATE" });
  });

  test("an id that is there twice is not moved over the other", (t) => {
    const context = newStore(t);
    const experimentId = experimentWithRuns(context);
    mkdirSync(join(context.root, ".trash", experimentId));
    assert.throws(() => deleteExperiment(context, experimentId), { code: "INVALID_STATE" });
    assert.ok(existsSync(join(context.root, experimentId, "a1", "meta.yaml")));
  });

  test("a run with a damaged meta.yaml goes along and hides no other", (t) => {
    const warnings: string[] = [];
    const context = newStore(t, { warn: (message) => warnings.push(message) });
    const experimentId = experimentWithRuns(context);
    writeFileSync(join(context.root, experimentId, "a1", "meta.yaml"), "status: [\n");
    deleteExperiment(context, experimentId);
    restoreExperiment(context, experimentId);
    assert.equal(warnings.filter((warning) => warning.includes("a1")).length, 2);
    assert.equal(readFileSync(join(context.root, experimentId, "a1", "meta.yaml"), "utf8"), "status: [\n");
    assert.equal(readRunMetaIn(join(context.root, experimentId), "a2").lifecycleStage, "active");
  });

  test("delete killed at any step: nothing is lost, and a repeat finishes", (t) => {
    const calls = killedEverywhere(
      () => {
        const context = newStore(t);
        return { root: context.root, operation: "deleteExperiment", args: [experimentWithRuns(context)] };
      },
      (root) => {
        const context = contextOf(root, { now: () => LATER });
        const experimentId = theExperiment(context);
        if (existsSync(join(root, experimentId))) deleteExperiment(context, experimentId);
        assertClean(root);
        const runs = ["a1", "a2"].map((runId) => readRunMetaIn(join(root, ".trash", experimentId), runId));
        assert.ok(runs.every(({ lifecycleStage }) => lifecycleStage === "deleted"));
        assert.equal(new Set(runs.map(({ deletedTime }) => deletedTime)).size, 1);
        restoreExperiment(context, experimentId);
        assertAsBefore(root, experimentId);
      },
    );
    assert.ok(calls >= 10, `${calls} calls`);
  });

  test("restore killed at any step: a repeat finishes", (t) => {
    const calls = killedEverywhere(
      () => {
        const context = newStore(t, { now: () => LATER });
        const experimentId = experimentWithRuns(context);
        deleteExperiment(context, experimentId);
        return { root: context.root, operation: "restoreExperiment", args: [experimentId] };
      },
      (root) => {
        const context = contextOf(root);
        const experimentId = theExperiment(context);
        if (existsSync(join(root, ".trash", experimentId))) restoreExperiment(context, experimentId);
        assertClean(root);
        assertAsBefore(root, experimentId);
      },
    );
    assert.ok(calls >= 10, `${calls} calls`);
  });
});

function theExperiment(context: StoreContext): string {
  const [experiment, ...others] = findExperimentsByName(context, "one");
  assert.ok(experiment);
  assert.deepEqual(others, []);
  return experiment.experimentId;
}

/** No directory in the root but experiments: a temporary file in a run, which nobody reads, is all a kill may leave. */
function assertClean(root: string): void {
  for (const name of readdirSync(root)) assert.match(name, /^(?:\.trash|0|[0-9]{18})$/u);
}

function assertAsBefore(root: string, experimentId: string): void {
  const stages = ["a1", "a2", "d1"].map(
    (runId) => readRunMetaIn(join(root, experimentId), runId).lifecycleStage,
  );
  assert.deepEqual(stages, ["active", "active", "deleted"]);
  assert.equal(readFileSync(join(root, experimentId, "a1", "params", "lr"), "utf8"), "0.1");
  assert.equal(readExperimentById(contextOf(root), experimentId).lifecycleStage, "active");
}

describe("renameExperiment", () => {
  test("changes name and last_update_time, and nothing else", (t) => {
    const context = newStore(t);
    const { experimentId } = createExperiment(context, { name: "one", tags: { team: "a" } });
    const before = treeOf(context.root);
    renameExperiment({ ...context, now: () => LATER }, experimentId, "two: 2");
    const path = `${experimentId}/meta.yaml`;
    const expected = before[path]
      ?.replace("name: one", "name: 'two: 2'")
      .replace(`last_update_time: ${CREATED}`, `last_update_time: ${LATER}`);
    assert.deepEqual(treeOf(context.root), { ...before, [path]: expected });
  });

  test("refuses names that are taken or break the rules", (t) => {
    const context = newStore(t);
    const one = createExperiment(context, { name: "one" });
    const two = createExperiment(context, { name: "two" });
    deleteExperiment(context, two.experimentId);
    const before = treeOf(context.root);
    const { experimentId } = one;
    assert.throws(() => renameExperiment(context, experimentId, "two"), { code: "RESOURCE_ALREADY_EXISTS" });
    assert.throws(() => renameExperiment(context, experimentId, "Default"), {
      code: "RESOURCE_ALREADY_EXISTS",
    });
    assert.throws(() => renameExperiment(context, experimentId, ""), { code: "INVALID_PARAMETER_VALUE" });
    assert.throws(() => renameExperiment(context, "99", "x"), { code: "RESOURCE_DOES_NOT_EXIST" });
    renameExperiment(context, experimentId, "one");
    assert.deepEqual(treeOf(context.root), before);
  });

  test("many give their experiments one name at once, while others create it: never two of that name", async (t) => {
    const context = newStore(t);
    const ids = Array.from(
      { length: 5 },
      (_, i) => createExperiment(context, { name: `n${i}` }).experimentId,
    );
    const renames = ids.map((id) => ({
      root: context.root,
      operation: "renameExperiment",
      args: [id, "goal"],
    }));
    const create = { root: context.root, operation: "createExperiment", args: [{ name: "goal" }] };
    const results = await atOnce([...renames, create, create, create]);
    const lost = results.filter((result) => "error" in result && result.error === "RESOURCE_ALREADY_EXISTS");
    const won = results.filter((result) => "value" in result);
    assert.equal(lost.length + won.length, results.length, JSON.stringify(results));
    assert.ok(won.length <= 1, JSON.stringify(results));
    assert.equal(findExperimentsByName(context, "goal").length, won.length);
  });

  test("killed at any step: the old name or the new one", (t) => {
    const calls = killedEverywhere(
      () => {
        const context = newStore(t);
        const { experimentId } = createExperiment(context, { name: "one" });
        return { root: context.root, operation: "renameExperiment", args: [experimentId, "two"] };
      },
      (root) => {
        const names = ["one", "two"].map((name) => findExperimentsByName(contextOf(root), name).length);
        assert.equal(names[0]! + names[1]!, 1);
      },
    );
    assert.ok(calls >= 3, `${calls} calls`);
  });
});

describe("experiment tags", () => {
  test("are files of exactly their bytes, and no other file appears", (t) => {
    const context = newStore(t);
    setExperimentTags(context, "0", { a: "1", "b/c": "two\r\nlines\n", é: "ü" });
    setExperimentTags(context, "0", { a: "" });
    deleteExperimentTag(context, "0", "b/c");
    setExperimentTags(context, "0", { b: "free again" });
    const tree = treeOf(join(context.root, "0"));
    assert.deepEqual(Object.keys(tree).sort(), ["meta.yaml", "tags/a", "tags/b", "tags/é"].sort());
    assert.equal(tree["tags/a"], "");
    assert.deepEqual({ ...readExperimentById(context, "0").tags }, { a: "", b: "free again", é: "ü" });
  });

  test("a key that would be a file and a directory is refused, nothing changes", (t) => {
    const context = newStore(t);
    setExperimentTags(context, "0", { loss: "1", "val/loss": "2" });
    const before = treeOf(context.root);
    for (const key of ["loss/train", "val", "val/loss/x"]) {
      const call = () => setExperimentTags(context, "0", { [key]: "x" });
      assert.throws(call, { code: "INVALID_PARAMETER_VALUE", message: /another key/u }, key);
    }
    assert.deepEqual(treeOf(context.root), before);
  });

  test("all are checked before one is written", (t) => {
    const context = newStore(t);
    const before = treeOf(context.root);
    for (const tags of [
      { a: "1", "../../x": "2" },
      { a: "1", b: "y".repeat(20_001) },
    ]) {
      assert.throws(() => setExperimentTags(context, "0", tags), { code: "INVALID_PARAMETER_VALUE" });
    }
    assert.throws(() => deleteExperimentTag(context, "0", "../meta.yaml"), {
      code: "INVALID_PARAMETER_VALUE",
    });
    assert.throws(() => deleteExperimentTag(context, "0", "gone"), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.deepEqual(treeOf(context.root), before);
    setExperimentTags(context, "0", { b: "😀".repeat(20_000) });
  });
});
