import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { createLoggedModel } from "../../core/store/logged-models/index.js";
import { findLoggedModel, readLoggedModel } from "../../core/store/read/logged-models.js";
import { mustReadRegisteredModel, scanModelVersions } from "../../core/store/read/registry.js";
import {
  createModelVersion,
  createRegisteredModel,
  deleteAlias,
  deleteModelVersion,
  deleteModelVersionTag,
  getModelVersionByAlias,
  setAlias,
  setModelVersionTags,
  transitionStage,
  updateModelVersion,
} from "../../core/store/registry/index.js";
import type { ModelVersion } from "../../store-format/index.js";
import { contextOf, newStore, treeOf } from "../helpers/new-store.js";
import { atOnce, killedEverywhere } from "../helpers/store-children.js";

const RUN_ID = "7c1f0a9be24d4c53a8d6e0137f52b9ad";
const LATER = 1_748_764_900_000;

function withVersions(context: StoreContext, count: number): StoreContext {
  createRegisteredModel(context, "m");
  for (let i = 0; i < count; i += 1) createModelVersion(context, { name: "m", source: `s3://x/${i}` });
  return context;
}

function stagesOf(context: StoreContext): string[] {
  return scanModelVersions(context, "m").map(({ currentStage }) => currentStage);
}

describe("model versions", () => {
  test("a new one is what MLflow writes", (t) => {
    const context = newStore(t);
    createRegisteredModel(context, "m");
    const spec = {
      name: "m",
      source: "s3://bucket/m",
      runId: RUN_ID,
      runLink: "http://ci/7",
      tags: { a: "1" },
    };
    const version = createModelVersion({ ...context, now: () => LATER }, { ...spec, description: "first" });
    const tree = treeOf(join(context.root, "models", "m"));
    assert.equal(
      tree["version-1/meta.yaml"],
      `creation_timestamp: ${LATER}
current_stage: None
deployment_job_state: null
description: first
last_updated_timestamp: ${LATER}
model_id: null
name: m
run_id: ${RUN_ID}
run_link: http://ci/7
source: s3://bucket/m
status: READY
status_message: null
storage_location: s3://bucket/m
user_id: null
version: 1
`,
    );
    assert.equal(tree["version-1/tags/a"], "1");
    assert.match(tree["meta.yaml"] ?? "", new RegExp(`last_updated_timestamp: ${LATER}`, "u"));
    assert.deepEqual([version.version, version.currentStage, { ...version.tags }], [1, "None", { a: "1" }]);
  });

  test("numbers go on after the highest directory, whatever its state", (t) => {
    const context = withVersions(newStore(t), 2);
    deleteModelVersion(context, "m", 2);
    assert.equal(createModelVersion(context, { name: "m", source: "x" }).version, 3);
    mkdirSync(join(context.root, "models", "m", "version-9"));
    assert.equal(createModelVersion(context, { name: "m", source: "x" }).version, 10);
  });

  test("16 processes create versions of one model: 16 numbers", async (t) => {
    const context = withVersions(newStore(t), 1);
    const args = [{ name: "m", source: "x", tags: { a: "1" } }];
    const task = { root: context.root, operation: "createModelVersion", args };
    const results = await atOnce(Array.from({ length: 16 }, () => task));
    const numbers = results.map((result) =>
      "value" in result ? (result.value as ModelVersion).version : -1,
    );
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, i) => i + 2),
    );
    assert.equal(scanModelVersions(context, "m", (damage) => assert.fail(JSON.stringify(damage))).length, 17);
  });

  test("killed while one is created: whole or not at all", (t) => {
    killedEverywhere(
      () => {
        const { root } = withVersions(newStore(t), 1);
        return {
          root,
          operation: "createModelVersion",
          args: [{ name: "m", source: "x", tags: { a: "1" } }],
        };
      },
      (root) => {
        const versions = scanModelVersions(contextOf(root), "m", (damage) =>
          assert.fail(JSON.stringify(damage)),
        );
        for (const { version, tags } of versions.slice(1))
          assert.deepEqual([version, { ...tags }], [2, { a: "1" }]);
      },
    );
  });

  test("sources inside the store are resolved, and a logged model is told of its versions", (t) => {
    const context = newStore(t);
    createRegisteredModel(context, "m");
    const logged = createLoggedModel(context, { experimentId: "0", name: "parser", sourceRunId: RUN_ID });
    const source = `models:/${logged.modelId}`;
    const one = createModelVersion(context, { name: "m", source });
    assert.deepEqual(
      [one.source, one.storageLocation, one.runId, one.modelId],
      [source, logged.artifactLocation, RUN_ID, logged.modelId],
    );
    setAlias(context, "m", "best", 1);
    const two = createModelVersion(context, { name: "m", source: "models:/m/1", modelId: logged.modelId });
    const three = createModelVersion(context, { name: "m", source: "models:/m@best" });
    assert.deepEqual(
      [two.storageLocation, three.storageLocation],
      [logged.artifactLocation, logged.artifactLocation],
    );
    const location = findLoggedModel(context, logged.modelId);
    assert.ok(location);
    const tags = readLoggedModel(location, () => undefined).tags;
    assert.deepEqual(JSON.parse(tags["mlflow.modelVersions"] ?? ""), [
      { name: "m", version: 1 },
      { name: "m", version: 2 },
    ]);
  });

  test("the artifacts of a run of this store are its storage location", (t) => {
    const context = newStore(t);
    createRegisteredModel(context, "m");
    const run = join(context.root, "0", RUN_ID);
    mkdirSync(run);
    const meta = `artifact_uri: s3://b/r/artifacts\nend_time: null\nexperiment_id: '0'\nrun_id: ${RUN_ID}\nstart_time: 1\nstatus: 1\nuser_id: a\n`;
    writeFileSync(join(run, "meta.yaml"), meta);
    const version = createModelVersion(context, { name: "m", source: `runs:/${RUN_ID}/model` });
    assert.deepEqual([version.storageLocation, version.runId], ["s3://b/r/artifacts/model", RUN_ID]);
    const foreign = createModelVersion(context, { name: "m", source: "runs:/elsewhere/model" });
    assert.deepEqual([foreign.storageLocation, foreign.runId], ["runs:/elsewhere/model", null]);
  });

  test("refusals leave nothing behind", (t) => {
    const context = withVersions(newStore(t), 1);
    const before = treeOf(context.root);
    const create = (change: object) => () =>
      createModelVersion(context, { name: "m", source: "x", ...change });
    assert.throws(create({ name: "x" }), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(create({ name: "../0" }), { code: "RESOURCE_DOES_NOT_EXIST" });
    for (const change of [
      { source: "" },
      { source: "models:/m-00" },
      { source: "models:/m/7" },
      { source: "models:/m@none" },
      { source: "models:/../0/1" },
      { tags: { "../x": "1" } },
      { tags: { a: "x".repeat(100_001) } },
    ]) {
      assert.throws(create(change), { code: "INVALID_PARAMETER_VALUE" }, JSON.stringify(change).slice(0, 80));
    }
    for (const version of [0, -1, 1.5, Number.NaN, 7]) {
      assert.throws(() => updateModelVersion(context, "m", version, "x"), {
        code: "RESOURCE_DOES_NOT_EXIST",
      });
    }
    assert.deepEqual(treeOf(context.root), before);
  });

  test("description and tags", (t) => {
    const context = withVersions(newStore(t), 2);
    const later = { ...context, now: () => LATER };
    updateModelVersion(later, "m", 2, "second");
    setModelVersionTags(later, "m", 2, { a: "1", b: "" });
    deleteModelVersionTag(later, "m", 2, "a");
    deleteModelVersionTag(later, "m", 2, "not there");
    const [first, second] = scanModelVersions(context, "m");
    assert.deepEqual(
      [second?.description, { ...second?.tags }, second?.lastUpdatedTime],
      ["second", { b: "" }, LATER],
    );
    assert.deepEqual([first?.description, first?.lastUpdatedTime], [null, 1_748_764_800_123]);
  });
});

describe("stages", () => {
  test("any case; the others of the stage are archived when asked", (t) => {
    const context = withVersions(newStore(t), 3);
    assert.equal(transitionStage(context, "m", 1, "production").currentStage, "Production");
    transitionStage(context, "m", 2, "PRODUCTION");
    assert.deepEqual(stagesOf(context), ["Production", "Production", "None"]);
    transitionStage(context, "m", 3, "Production", { archiveExisting: true });
    assert.deepEqual(stagesOf(context), ["Archived", "Archived", "Production"]);
    assert.match(
      readFileSync(join(context.root, "models/m/version-3/meta.yaml"), "utf8"),
      /current_stage: Production/u,
    );
  });

  test("refusals", (t) => {
    const context = withVersions(newStore(t), 2);
    deleteModelVersion(context, "m", 2);
    assert.throws(() => transitionStage(context, "m", 1, "Prod"), { code: "INVALID_PARAMETER_VALUE" });
    assert.throws(() => transitionStage(context, "m", 1, "Deleted_Internal"), {
      code: "INVALID_PARAMETER_VALUE",
    });
    const archive = { archiveExisting: true };
    assert.throws(() => transitionStage(context, "m", 1, "Archived", archive), {
      code: "INVALID_PARAMETER_VALUE",
    });
    assert.throws(() => transitionStage(context, "m", 2, "Staging"), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.deepEqual(stagesOf(context), ["None", "Deleted_Internal"]);
  });

  test("killed at any step: some version serves, and a repeat finishes", (t) => {
    const archive = { archiveExisting: true };
    killedEverywhere(
      () => {
        const context = withVersions(newStore(t), 2);
        transitionStage(context, "m", 1, "Production");
        return { root: context.root, operation: "transitionStage", args: ["m", 2, "Production", archive] };
      },
      (root) => {
        const context = contextOf(root);
        assert.ok(stagesOf(context).includes("Production"));
        transitionStage(context, "m", 2, "Production", archive);
        assert.deepEqual(stagesOf(context), ["Archived", "Production"]);
      },
    );
  });
});

describe("aliases", () => {
  test("are files without a line break, and move", (t) => {
    const context = withVersions(newStore(t), 2);
    setAlias(context, "m", "champion", 1);
    setAlias(context, "m", "champion", 2);
    setAlias(context, "m", "old-1", 1);
    const tree = treeOf(join(context.root, "models", "m"));
    assert.deepEqual([tree["aliases/champion"], tree["aliases/old-1"]], ["2", "1"]);
    assert.match(tree["meta.yaml"] ?? "", /^aliases:\n {2}champion: '2'\n {2}old-1: '1'\n/u);
    assert.equal(getModelVersionByAlias(context, "m", "champion").version, 2);
    assert.deepEqual(getModelVersionByAlias(context, "m", "old-1").aliases, ["old-1"]);
    deleteAlias(context, "m", "champion");
    deleteAlias(context, "m", "champion");
    assert.deepEqual({ ...mustReadRegisteredModel(context, "m").aliases }, { "old-1": "1" });
    assert.match(
      treeOf(join(context.root, "models", "m"))["meta.yaml"] ?? "",
      /^aliases:\n {2}old-1: '1'\ncreation/u,
    );
  });

  test("latest is the highest version that is not deleted", (t) => {
    const context = withVersions(newStore(t), 0);
    assert.throws(() => getModelVersionByAlias(context, "m", "latest"), { code: "RESOURCE_DOES_NOT_EXIST" });
    for (const source of ["1", "2", "3"]) createModelVersion(context, { name: "m", source });
    deleteModelVersion(context, "m", 3);
    assert.equal(getModelVersionByAlias(context, "m", "Latest").version, 2);
  });

  test("refusals", (t) => {
    const context = withVersions(newStore(t), 2);
    deleteModelVersion(context, "m", 2);
    for (const alias of ["", "a b", "a/b", "..", "latest", "LATEST", "v1", "x".repeat(256)]) {
      assert.throws(() => setAlias(context, "m", alias, 1), { code: "INVALID_PARAMETER_VALUE" }, alias);
    }
    assert.throws(() => setAlias(context, "m", "a", 2), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(() => setAlias(context, "x", "a", 1), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(() => getModelVersionByAlias(context, "m", "none"), { code: "INVALID_PARAMETER_VALUE" });
    assert.throws(() => getModelVersionByAlias(context, "x", "none"), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.equal(existsSync(join(context.root, "models", "m", "aliases")), false);
  });
});

describe("deleteModelVersion", () => {
  test("hides the version and takes its aliases, those of others stay", (t) => {
    const context = withVersions(newStore(t), 2);
    setAlias(context, "m", "a", 1);
    setAlias(context, "m", "b", 2);
    deleteModelVersion(context, "m", 1);
    assert.deepEqual(stagesOf(context), ["Deleted_Internal", "None"]);
    assert.deepEqual({ ...mustReadRegisteredModel(context, "m").aliases }, { b: "2" });
    assert.throws(() => deleteModelVersion(context, "m", 1), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(() => setModelVersionTags(context, "m", 1, { a: "1" }), {
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  });

  test("killed at any step: no alias points at a deleted version, and a repeat finishes", (t) => {
    killedEverywhere(
      () => {
        const context = withVersions(newStore(t), 2);
        setAlias(context, "m", "a", 1);
        setAlias(context, "m", "b", 1);
        return { root: context.root, operation: "deleteModelVersion", args: ["m", 1] };
      },
      (root) => {
        const context = contextOf(root);
        const isDeleted = stagesOf(context)[0] === "Deleted_Internal";
        if (isDeleted) assert.deepEqual({ ...mustReadRegisteredModel(context, "m").aliases }, {});
        else deleteModelVersion(context, "m", 1);
        assert.deepEqual(stagesOf(context), ["Deleted_Internal", "None"]);
      },
    );
  });
});
