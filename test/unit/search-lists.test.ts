/** Searches over experiments and models: MLflow's rules of each, and Runstone's dialect. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { searchExperiments } from "../../core/search/search-experiments.js";
import { searchLoggedModels } from "../../core/search/search-logged-models.js";
import { searchModelVersions, searchRegisteredModels } from "../../core/search/search-registry.js";
import type {
  Experiment,
  LoggedModel,
  LoggedModelMetric,
  ModelVersion,
  RegisteredModel,
  StringMap,
} from "../../store-format/index.js";
import { isRunstoneError } from "../../store-format/index.js";

const DAY = 86_400_000;
const MLFLOW = { dialect: "mlflow", now: 10 * DAY } as const;
const RUNSTONE = { dialect: "runstone", now: 10 * DAY } as const;

function mapOf(entries: Record<string, string> = {}): StringMap {
  return Object.assign(Object.create(null), entries);
}

function isInvalid(error: unknown): boolean {
  return isRunstoneError(error, "INVALID_PARAMETER_VALUE");
}

describe("experiments", () => {
  const experiment = (experimentId: string, more: Partial<Experiment> = {}): Experiment => ({
    experimentId,
    name: `exp-${experimentId}`,
    artifactLocation: "file:///x",
    lifecycleStage: "active",
    creationTime: 100,
    lastUpdateTime: null,
    tags: mapOf(),
    place: "root",
    ...more,
  });
  const all = [
    experiment("1", { tags: mapOf({ team: "nlp", note: "" }) }),
    experiment("2", { creationTime: 9 * DAY, lastUpdateTime: 500 }),
    experiment("3", { name: "Wine", tags: mapOf({ team: "NLP" }) }),
    experiment("4", { lifecycleStage: "deleted" }),
    experiment("5", { creationTime: null }),
  ];
  const ids = (
    filter: string,
    orderBy: readonly string[] = [],
    search: typeof MLFLOW | typeof RUNSTONE = MLFLOW,
  ) =>
    searchExperiments(all, { ...search, filter, orderBy })
      .items.map(({ experimentId }) => experimentId)
      .join("");

  test("latest creation first, then by id; the missing last", () => {
    assert.equal(ids(""), "2135");
    assert.equal(searchExperiments(all, { ...MLFLOW, view: "all" }).total, 5);
    assert.equal(searchExperiments(all, { ...MLFLOW, view: "deleted" }).items[0]?.experimentId, "4");
  });

  test("a tie in the order asked for is decided by the greater id", () => {
    assert.equal(ids("", ["creation_time"]), "3125");
    assert.equal(ids("", ["last_update_time DESC"]), "2531");
    assert.equal(ids("", ["name ASC"]), "3125");
  });

  test("filters", () => {
    assert.equal(ids("name LIKE 'exp-%'"), "215");
    assert.equal(ids("attribute.name ILIKE 'wINE'"), "3");
    assert.equal(ids("experiment_id IN ('1', '3')"), "13");
    assert.equal(ids("creation_time > 100.5"), "2");
    assert.equal(ids("last_update_time != 1"), "2");
    assert.equal(ids("tags.team = 'nlp'"), "1");
    assert.equal(ids("tag.team IS NULL AND name != 'x'"), "25");
    for (const filter of [
      "metrics.a < 1",
      "attributes.name = 'x'",
      "name IN ('a')",
      "name IS NULL",
      "lifecycle_stage = 'active'",
      "name > 'a'",
      "creation_time = '5'",
    ])
      assert.throws(() => ids(filter), isInvalid, filter);
    assert.throws(() => ids("", ["tags.team"]), isInvalid);
  });

  test("Runstone's dialect", () => {
    assert.equal(ids("age < 2d OR team", [], RUNSTONE), "2");
    assert.equal(ids("wine or tags.team = nlp", [], RUNSTONE), "13");
    assert.equal(ids("created IS NULL or updated > 1970", [], RUNSTONE), "25");
    assert.equal(ids("", ["tags.team"], RUNSTONE), "3152");
  });

  test("limits and pages", () => {
    for (const maxResults of [0, 50_001])
      assert.throws(() => searchExperiments(all, { ...MLFLOW, maxResults }), isInvalid);
    const { items, nextPageToken, total } = searchExperiments(all, { ...MLFLOW, maxResults: 3 });
    assert.deepEqual([items.length, nextPageToken, total], [3, "eyJvZmZzZXQiOiAzfQ==", 4]);
  });
});

describe("registered models", () => {
  const model = (name: string, tags: Record<string, string> = {}, creationTime = 100): RegisteredModel => ({
    name,
    description: `about ${name}`,
    creationTime,
    lastUpdatedTime: null,
    tags: mapOf(tags),
    aliases: mapOf(name === "b" ? { prod: "3" } : {}),
  });
  const all = [
    model("b"),
    model("A", { team: "x" }, 300),
    model("p", { "mlflow.prompt.is_prompt": "true" }),
    model("c"),
  ];
  const names = (
    filter: string,
    orderBy: readonly string[] = [],
    search: typeof MLFLOW | typeof RUNSTONE = MLFLOW,
  ) =>
    searchRegisteredModels(all, { ...search, filter, orderBy })
      .items.map(({ name }) => name)
      .join("");

  test("by name, without prompts unless they are asked for", () => {
    assert.equal(names(""), "Abc");
    assert.equal(names("name LIKE '%'", ["name DESC"]), "cbA");
    assert.equal(names("tags.`mlflow.prompt.is_prompt` = 'true'"), "p");
    assert.equal(names("tags.`mlflow.prompt.is_prompt` != 'true'"), "Abc");
    assert.equal(names("tag.mlflow.prompt.is_prompt = 'false'"), "Abc");
  });

  test("filters and orders", () => {
    assert.equal(names("name IN ('A', 'b')", ["creation_timestamp"]), "bA");
    assert.equal(names("tags.team != 'y'"), "A");
    for (const filter of ["tags.team IS NULL", "creation_timestamp > 1", "tags.team IN ('x')"])
      assert.throws(() => names(filter), isInvalid, filter);
    assert.throws(() => names("", ["timestamp"]), isInvalid);
    assert.throws(() => searchRegisteredModels(all, { ...MLFLOW, maxResults: 1_001 }), isInvalid);
  });

  test("Runstone's dialect", () => {
    assert.equal(names("alias = prod or team:x", [], RUNSTONE), "b");
    assert.equal(names("'about c' or tags.team = x", [], RUNSTONE), "Ac");
  });
});

describe("model versions", () => {
  const version = (number: number, more: Partial<ModelVersion> = {}): ModelVersion => ({
    name: "m",
    version: number,
    creationTime: 100,
    lastUpdatedTime: 100 * number,
    description: null,
    userId: null,
    currentStage: "None",
    source: `runs:/r${number}/model`,
    storageLocation: null,
    runId: `r${number}`,
    runLink: null,
    modelId: null,
    status: "READY",
    statusMessage: null,
    tags: mapOf(),
    aliases: [],
    ...more,
  });
  const all = [
    version(1),
    version(2, { currentStage: "Deleted_Internal" }),
    version(3, { currentStage: "Production", aliases: ["prod"] }),
    version(10, { runId: null }),
  ];
  const numbers = (
    filter: string,
    orderBy: readonly string[] = [],
    search: typeof MLFLOW | typeof RUNSTONE = MLFLOW,
  ) => searchModelVersions(all, { ...search, filter, orderBy }).items.map((item) => item.version);

  test("latest update first, deleted versions hidden", () => {
    assert.deepEqual(numbers(""), [10, 3, 1]);
    assert.deepEqual(numbers("", ["version_number ASC"]), [1, 3, 10]);
    assert.deepEqual(numbers("", ["name"]), [10, 3, 1]);
  });

  test("filters", () => {
    assert.deepEqual(numbers("version_number > 2"), [10, 3]);
    assert.deepEqual(numbers("version_number = '3'"), [3]);
    assert.deepEqual(numbers("run_id IN ('r1', 'r3')"), [3, 1]);
    assert.deepEqual(numbers("run_id != 'r1'"), [3]);
    assert.deepEqual(numbers("source_path LIKE 'runs:/r3%'"), [3]);
    for (const filter of [
      "version_number = 'x'",
      "version_number LIKE '1'",
      "version_number IN ('1')",
      "stage = 'None'",
    ])
      assert.throws(() => numbers(filter), isInvalid, filter);
  });

  test("Runstone's dialect", () => {
    assert.deepEqual(numbers("stage = Production or version in (1)", [], RUNSTONE), [3, 1]);
    assert.deepEqual(numbers("alias = prod", [], RUNSTONE), [3]);
  });
});

describe("logged models", () => {
  const metric = (key: string, value: number, timestamp: number, dataset?: string): LoggedModelMetric => ({
    key,
    value,
    timestamp,
    step: 0,
    runId: "r",
    ...(dataset === undefined ? {} : { dataset: { name: dataset, digest: "1" } }),
  });
  const model = (modelId: string, more: Partial<LoggedModel> = {}): LoggedModel => ({
    modelId,
    experimentId: "1",
    name: "clf",
    modelType: null,
    sourceRunId: "r",
    status: "READY",
    statusMessage: null,
    artifactLocation: "x",
    lifecycleStage: "active",
    creationTime: 100,
    lastUpdatedTime: 100,
    params: mapOf({ depth: "9" }),
    tags: mapOf(),
    metrics: [],
    ...more,
  });
  const all = [
    model("m-b", { metrics: [metric("acc", 0.5, 1, "train"), metric("acc", 0.9, 2, "test")] }),
    model("m-a", { metrics: [metric("acc", 0.7, 1, "test")], status: "FAILED" }),
    model("m-c", { creationTime: 200, modelType: "tree", params: mapOf({ depth: "10" }) }),
  ];
  type Search = Parameters<typeof searchLoggedModels>[1];
  const ids = (search: Omit<Search, "dialect" | "now">, more: typeof MLFLOW | typeof RUNSTONE = MLFLOW) =>
    searchLoggedModels(all, { ...search, ...more })
      .items.map(({ modelId }) => modelId.charAt(2))
      .join("");

  test("latest creation first, then by id", () => {
    assert.equal(ids({}), "cab");
    assert.equal(ids({ maxResults: 2 }), "ca");
  });

  test("filters", () => {
    assert.equal(ids({ filter: "metrics.acc > 0.6" }), "a");
    assert.equal(ids({ filter: "metrics.acc > 0.6", datasets: [{ name: "test" }] }), "ab");
    assert.equal(ids({ datasets: [{ name: "train", digest: "1" }] }), "b");
    assert.equal(ids({ datasets: [{ name: "train", digest: "2" }] }), "");
    assert.equal(ids({ filter: "status IN ('FAILED')" }), "a");
    assert.equal(ids({ filter: "name > 'a' AND model_type != 'x'" }), "c");
    assert.equal(ids({ filter: "params.depth = '9' AND creation_timestamp < 150" }), "ab");
    for (const filter of [
      "params.depth IS NULL",
      "dataset.name = 'x'",
      "tags.a > 'x'",
      "creation_time IN ('1')",
    ])
      assert.throws(() => ids({ filter }), isInvalid, filter);
    assert.throws(() => ids({ datasets: [{ name: "" }] }), isInvalid);
  });

  test("orders", () => {
    assert.equal(ids({ orderBy: [{ field: "metrics.acc" }] }), "abc");
    assert.equal(ids({ orderBy: [{ field: "metrics.acc", ascending: false }] }), "bac");
    assert.equal(ids({ orderBy: [{ field: "metrics.acc", dataset: { name: "train" } }] }), "bca");
    assert.equal(ids({ orderBy: [{ field: "model_id", ascending: false }] }), "cba");
    assert.equal(ids({ orderBy: [{ field: "creation_time" }] }), "abc");
    for (const field of ["params.depth", "bogus", "metric.acc"])
      assert.throws(() => ids({ orderBy: [{ field }] }), isInvalid);
  });

  test("Runstone's dialect", () => {
    assert.equal(ids({ filter: "params.depth > 9.5 or id = m-a" }, RUNSTONE), "ca");
    assert.equal(ids({ filter: "type IS NULL and not metrics.acc < 0.6" }, RUNSTONE), "a");
  });
});
