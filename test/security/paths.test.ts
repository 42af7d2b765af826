/** Texts from outside that become, or could become, paths: nothing beside, above or outside the store changes. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openFileStore } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { Bench } from "./hostile.js";

/** Spellings of "up, then the victim", and of what systems take for something else. */
function spellings(bench: Bench): readonly string[] {
  const ups = [
    "..",
    "...",
    ".",
    "",
    "%2e%2e",
    "%252e%252e",
    "\uff0e\uff0e",
    "..;",
    ".. ",
    "..\u0000",
    "~",
    "C:",
  ];
  const separators = ["/", "\\", "%2f", "%5c", "\u2215", "//"];
  const made = ups.flatMap((up) =>
    separators.flatMap((s) => [`${up}${s}victim`, `a${s}${up}${s}${up}${s}victim`]),
  );
  const whole = [
    bench.victim,
    `file://${bench.victim}`,
    "..",
    ".",
    "",
    "\u0000",
    "a\nb",
    "nul",
    "con.txt",
    "a".repeat(300),
  ];
  return [
    ...made,
    ...whole,
    "../../../../victim/loss",
    "meta.yaml/../../x",
    "-x",
    "--output=x",
    "\ud800",
    "victim\u202e",
  ];
}

type Call = (text: string) => Promise<unknown>;

test("every sink of the library, every spelling", async (t) => {
  const bench = new Bench(t);
  const runId = bench.init();
  const store = openFileStore({ cwd: bench.workspace });
  const writer = await store.openRun(runId);
  for (const name of ["m", "r"]) await store.createRegisteredModel(name);
  const blocks = async function* () {
    yield Buffer.from("x");
  };
  const sinks: Readonly<Record<string, Call>> = {
    createExperiment: (name) => store.createExperiment({ name }),
    artifactLocation: (artifactLocation) =>
      store.createExperiment({ name: `at ${artifactLocation}`, artifactLocation }),
    getExperiment: (id) => store.getExperiment(id),
    deleteExperiment: (id) => store.deleteExperiment(id),
    restoreExperiment: (id) => store.restoreExperiment(id),
    setExperimentTags: (id) => store.setExperimentTags(id, { a: "1" }),
    experimentTag: (key) => store.setExperimentTags("0", { [key]: "1" }),
    deleteExperimentTag: (key) => store.deleteExperimentTag("0", key),
    createRunIn: (experimentId) => store.createRun({ experimentId }),
    runKey: (runKey) => store.createRun({ experimentId: "0", runKey }),
    runName: (runName) => store.createRun({ experimentId: "0", runName }),
    parent: (parentRunId) => store.createRun({ experimentId: "0", parentRunId }),
    newTag: (key) => store.createRun({ experimentId: "0", tags: { [key]: "1" } }),
    getRun: (id) => store.getRun(id),
    openRun: async (id) => (await store.openRun(id)).close(),
    deleteRun: (id) => store.deleteRun(id, { tree: true }),
    restoreRun: (id) => store.restoreRun(id),
    moveRun: (id) => store.moveRun(runId, id),
    setTags: (key) => store.setTags(runId, { [key]: "1" }),
    deleteTag: (key) => store.deleteTag(runId, key),
    param: async (key) => writer.logParams({ [key]: "1" }),
    metric: async (key) => writer.logMetrics([{ key, value: 1, timestamp: 1, step: 0 }]),
    history: (key) => all(store.getMetricHistory(runId, key)),
    artifactBytes: async (path) => writer.logArtifactBytes(path, Buffer.from("x")),
    artifactFile: async (path) => writer.logArtifactFile(join(bench.workspace, "roc.txt"), path),
    writeArtifact: (path) => store.artifacts.write({ runId }, path, blocks()),
    writeModelArtifact: (modelId) => store.artifacts.write({ modelId }, "a", blocks()),
    listArtifacts: (path) => store.artifacts.list({ runId }, path, { recursive: true }),
    readArtifact: (path) => all(store.artifacts.read({ runId }, path)),
    downloadArtifact: (path) => store.artifacts.download({ runId }, path, join(bench.workspace, "download")),
    output: async (modelId) => writer.logOutputs([{ modelId, step: 0 }]),
    input: async (modelId) => writer.logInputs({ modelIds: [modelId] }),
    createModel: (name) => store.createRegisteredModel(name),
    renameModel: (name) => store.renameRegisteredModel("r", name),
    deleteModel: (name) => store.deleteRegisteredModel(name === "m" ? "x" : name),
    modelTag: (key) => store.setRegisteredModelTags("m", { [key]: "1" }),
    alias: (alias) => store.setAlias("m", alias, 1),
    version: (source) => store.createModelVersion({ name: "m", source }),
    loggedModel: (id) => store.getLoggedModel(id),
    loggedModelIn: (experimentId) => store.createLoggedModel({ experimentId }),
    deleteLoggedModel: (id) => store.deleteLoggedModel(id),
  };
  const before = bench.outside();
  const beside = readdirSync(bench.workspace).sort();
  for (const [name, sink] of Object.entries(sinks)) {
    for (const text of spellings(bench)) {
      await sink(text).catch((error: unknown) => {
        assert.ok(isRunstoneError(error), `${name}(${JSON.stringify(text)}) throws ${String(error)}`);
      });
    }
    assert.equal(bench.outside(), before, name);
    const now = readdirSync(bench.workspace).filter((entry) => entry !== "download");
    assert.deepEqual(now.sort(), beside, name);
  }
  await writer.close();
});

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}
