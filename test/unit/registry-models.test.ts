import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { mustReadRegisteredModel, scanModelVersions } from "../../core/store/read/registry.js";
import {
  createModelVersion,
  createRegisteredModel,
  deleteRegisteredModel,
  deleteRegisteredModelTag,
  renameRegisteredModel,
  setAlias,
  setModelVersionTags,
  setRegisteredModelTags,
  updateRegisteredModel,
} from "../../core/store/registry/index.js";
import { parseModelVersionMeta, parseRegisteredModelMeta } from "../../store-format/index.js";
import { contextOf, newStore, treeOf } from "../helpers/new-store.js";
import { atOnce, killedEverywhere } from "../helpers/store-children.js";

const LATER = 1_748_764_900_000;

describe("registered models", () => {
  test("a new one is what MLflow writes", (t) => {
    const context = newStore(t);
    const model = createRegisteredModel(context, "invoice-parser", {
      description: "Invoices",
      tags: { a: "1" },
    });
    assert.deepEqual(treeOf(join(context.root, "models")), {
      "invoice-parser/meta.yaml": `aliases: {}
creation_timestamp: 1748764800123
deployment_job_id: null
deployment_job_state: null
description: Invoices
last_updated_timestamp: 1748764800123
name: invoice-parser
`,
      "invoice-parser/tags/a": "1",
    });
    assert.deepEqual(
      [model.name, model.description, { ...model.tags }],
      ["invoice-parser", "Invoices", { a: "1" }],
    );
    assert.deepEqual(readdirSync(context.root).sort(), [".trash", "0", "models"]);
  });

  test("names are unique, and such as every disk can hold", (t) => {
    const context = newStore(t);
    createRegisteredModel(context, "a b.c-1_é");
    assert.throws(() => createRegisteredModel(context, "a b.c-1_é"), { code: "RESOURCE_ALREADY_EXISTS" });
    const before = treeOf(context.root);
    const bad = [
      ..."/:\\%".split("").map((c) => `a${c}b`),
      ...[
        "",
        " ",
        ".",
        "..",
        ".hidden",
        "a\nb",
        "a\u0000b",
        "nul",
        "com1.txt",
        "a.",
        "a ",
        'a"b',
        "a?b",
        "a*b",
      ],
      ...["x".repeat(256), "model~", "Thumbs.db", "../0"],
    ];
    for (const name of bad) {
      assert.throws(
        () => createRegisteredModel(context, name),
        { code: "INVALID_PARAMETER_VALUE" },
        JSON.stringify(name),
      );
    }
    assert.deepEqual(treeOf(context.root), before);
  });

  test("description and tags: each change is written, durably dated, and others stay", (t) => {
    const context = newStore(t);
    createRegisteredModel(context, "m", { description: "old", tags: { a: "1" } });
    const later = { ...context, now: () => LATER };
    updateRegisteredModel(later, "m", "new");
    setRegisteredModelTags(later, "m", { b: "2", "c/d": "3" });
    deleteRegisteredModelTag(later, "m", "a");
    deleteRegisteredModelTag(later, "m", "not there");
    const model = mustReadRegisteredModel(context, "m");
    assert.deepEqual({ ...model.tags }, { b: "2", "c/d": "3" });
    assert.deepEqual(
      [model.description, model.lastUpdatedTime, model.creationTime],
      ["new", LATER, 1_748_764_800_123],
    );
    for (const call of [
      () => updateRegisteredModel(context, "x", ""),
      () => setRegisteredModelTags(context, "x", {}),
      () => setRegisteredModelTags(context, "../0", { a: "1" }),
      () => deleteRegisteredModelTag(context, "x", "a"),
      () => deleteRegisteredModel(context, "x"),
      () => deleteRegisteredModel(context, ".."),
      () => deleteRegisteredModel(context, ""),
    ]) {
      assert.throws(call, { code: "RESOURCE_DOES_NOT_EXIST" });
    }
    assert.throws(() => setRegisteredModelTags(context, "m", { a: "x".repeat(100_001) }), {
      code: "INVALID_PARAMETER_VALUE",
    });
  });

  test("deleting removes it with its versions", (t) => {
    const context = newStore(t);
    createRegisteredModel(context, "m");
    createModelVersion(context, { name: "m", source: "s3://x" });
    deleteRegisteredModel(context, "m");
    assert.deepEqual(readdirSync(join(context.root, "models")), []);
    assert.equal(createRegisteredModel(context, "m").name, "m");
    assert.equal(createModelVersion(context, { name: "m", source: "s3://x" }).version, 1);
  });

  test("16 processes create one name: one wins", async (t) => {
    const { root } = newStore(t);
    const results = await atOnce(
      Array.from({ length: 16 }, () => ({ root, operation: "createRegisteredModel", args: ["race"] })),
    );
    assert.equal(results.filter((result) => "value" in result).length, 1);
    const told = results.filter((result) => "error" in result && result.error === "RESOURCE_ALREADY_EXISTS");
    assert.equal(told.length, 15);
  });
});

/** A model with all that a rename must keep. */
function fullModel(context: StoreContext): void {
  createRegisteredModel(context, "old", { description: "text", tags: { team: "a" } });
  for (const source of ["s3://1", "s3://2"])
    createModelVersion(context, { name: "old", source, tags: { s: source } });
  setAlias(context, "old", "champion", 2);
  setModelVersionTags(context, "old", 1, { "a/b": "c" });
}

describe("renameRegisteredModel", () => {
  test("keeps tags, aliases, versions and their tags; only names and the date change", (t) => {
    const context = newStore(t);
    fullModel(context);
    const models = join(context.root, "models");
    const before = treeOf(join(models, "old"));
    renameRegisteredModel({ ...context, now: () => LATER }, "old", "new");
    assert.deepEqual(readdirSync(models), ["new"]);
    const after = treeOf(join(models, "new"));
    assert.deepEqual(Object.keys(after), Object.keys(before));
    for (const [path, text] of Object.entries(before)) {
      const expected = path.endsWith("meta.yaml") ? text.replace("name: old\n", "name: new\n") : text;
      const dated =
        path === "meta.yaml" ? expected.replace(/(last_updated_timestamp:) \d+/u, `$1 ${LATER}`) : expected;
      assert.equal(after[path], dated, path);
    }
    const model = mustReadRegisteredModel(context, "new");
    assert.deepEqual([{ ...model.aliases }, { ...model.tags }], [{ champion: "2" }, { team: "a" }]);
  });

  test("never over another model", (t) => {
    const context = newStore(t);
    fullModel(context);
    createRegisteredModel(context, "new");
    const before = treeOf(context.root);
    assert.throws(() => renameRegisteredModel(context, "old", "new"), { code: "RESOURCE_ALREADY_EXISTS" });
    assert.throws(() => renameRegisteredModel(context, "old", "../new"), { code: "INVALID_PARAMETER_VALUE" });
    assert.throws(() => renameRegisteredModel(context, "gone", "x"), { code: "RESOURCE_DOES_NOT_EXIST" });
    assert.throws(() => renameRegisteredModel(context, "gone", "new"), { code: "RESOURCE_DOES_NOT_EXIST" });
    renameRegisteredModel(context, "old", "old");
    assert.deepEqual(treeOf(context.root), before);
  });

  test("killed at any step: one model with everything, and a repeat finishes", (t) => {
    const template = newStore(t);
    fullModel(template);
    const calls = killedEverywhere(
      () => {
        const { root } = newStore(t);
        cpSync(template.root, root, { recursive: true });
        return { root, operation: "renameRegisteredModel", args: ["old", "new"] };
      },
      (root) => {
        const context = contextOf(root);
        const models = join(root, "models");
        const [name, ...others] = readdirSync(models);
        assert.deepEqual(others, []);
        assert.equal(scanModelVersions(context, name ?? "").length, 2);
        if (name === "old" || nameInFiles(models, "new").has("old"))
          renameRegisteredModel(context, "old", "new");
        assert.deepEqual(readdirSync(models), ["new"]);
        assert.deepEqual(nameInFiles(models, "new"), new Set(["new"]));
        const model = mustReadRegisteredModel(context, "new");
        assert.deepEqual([{ ...model.aliases }, { ...model.tags }], [{ champion: "2" }, { team: "a" }]);
        assert.equal(readFileSync(join(models, "new/version-1/tags/a/b"), "utf8"), "c");
      },
    );
    assert.ok(calls >= 10, `${calls} calls`);
  });

  test("a version that arrives during the rename leaves no directory that MLflow fails on", async (t) => {
    for (let round = 0; round < 4; round += 1) {
      const context = newStore(t);
      fullModel(context);
      const { root } = context;
      const create = { root, operation: "createModelVersion", args: [{ name: "old", source: "s3://x" }] };
      const rename = { root, operation: "renameRegisteredModel", args: ["old", "new"] };
      const results = await atOnce([create, create, rename, create]);
      const created = results.filter((result, i) => i !== 2 && "value" in result).length;
      assert.deepEqual(readdirSync(join(root, "models")), ["new"]);
      // One that was there when the model got its new name came along, even where its creator was told of the old one.
      assert.ok(scanModelVersions(context, "new").length >= 2 + created);
    }
  });
});

function nameInFiles(models: string, name: string): Set<string> {
  const directory = join(models, name);
  if (!existsSync(directory)) return new Set();
  const versions = readdirSync(directory).filter((entry) => entry.startsWith("version-"));
  return new Set([
    parseRegisteredModelMeta(readFileSync(join(directory, "meta.yaml"))).name,
    ...versions.map(
      (version) => parseModelVersionMeta(readFileSync(join(directory, version, "meta.yaml"))).name,
    ),
  ]);
}
