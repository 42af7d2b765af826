/** MLflow's messages: vectors as real servers send them, round trips, and answers that are wrong. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Fields,
  type JsonInput,
  logBatchRequest,
  parseExperiment,
  parseFileInfo,
  parseJson,
  parseLoggedModel,
  parseMetric,
  parseModelVersion,
  parsePage,
  parseRegisteredModel,
  parseRun,
  ROUTES,
  type RouteName,
  routeLabel,
  routePath,
  serializeExperiment,
  serializeFileInfo,
  serializeJson,
  serializeLoggedModel,
  serializeMetric,
  serializeModelVersion,
  serializeRegisteredModel,
  serializeRun,
  wrongAnswer,
  wrongRequest,
} from "../../protocol/mlflow/index.js";
import {
  type Experiment,
  isRunstoneError,
  LOGGED_MODEL_STATUSES,
  type LoggedModel,
  type Metric,
  type ModelVersion,
  type RegisteredModel,
  RUN_STATUSES,
  type Run,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const ENDPOINT = "GET mlflow/runs/get";
const RUN_ID = "0123456789abcdef0123456789abcdef";

function answer(text: string): Fields {
  return Fields.of(parseJson(text), wrongAnswer(ENDPOINT));
}

/** What the other side reads of what we write. */
function sent(message: JsonInput): Fields {
  return answer(serializeJson(message));
}

describe("vectors", () => {
  test("a run as MLflow 3 sends it", () => {
    const run = parseRun(
      answer(`{"info":{"run_uuid":"${RUN_ID}","experiment_id":"1","run_name":"calm-owl-1","user_id":"ana",
        "status":"FINISHED","start_time":1700000000000,"end_time":1700000001000,
        "artifact_uri":"mlflow-artifacts:/1/${RUN_ID}/artifacts","lifecycle_stage":"active","run_id":"${RUN_ID}"},
        "data":{"metrics":[{"key":"loss","value":"NaN","timestamp":9223372036854775807,"step":-3,"model_id":"m-1",
        "dataset_name":"d","dataset_digest":"x","run_id":"${RUN_ID}"}],"params":[{"key":"__proto__","value":""}],
        "tags":[{"key":"mlflow.runName","value":"calm-owl-1"}]},
        "inputs":{"dataset_inputs":[{"tags":[{"key":"mlflow.data.context","value":"train"}],
        "dataset":{"name":"d","digest":"x","source_type":"local","source":"{}","schema":"s"}}],
        "model_inputs":[{"model_id":"m-2"}]},"outputs":{"model_outputs":[{"model_id":"m-1","step":7}]}}`),
    );
    assert.equal(run.info.runId, RUN_ID);
    assert.equal(run.info.status, "FINISHED");
    assert.deepEqual(
      { ...run.metrics },
      {
        loss: {
          timestamp: 9223372036854775807n,
          value: Number.NaN,
          step: -3,
          modelId: "m-1",
          dataset: { name: "d", digest: "x" },
        },
      },
    );
    assert.deepEqual(Object.entries(run.params), [["__proto__", ""]]);
    assert.deepEqual(run.inputs.datasetInputs[0]?.dataset, {
      datasetId: "",
      name: "d",
      digest: "x",
      sourceType: "local",
      source: "{}",
      schema: "s",
      profile: null,
    });
    assert.deepEqual(run.inputs.modelInputs, [{ modelId: "m-2" }]);
    assert.deepEqual(run.outputs, [{ modelId: "m-1", step: 7 }]);
  });

  test("a run as MLflow 1 sent it: run_uuid alone, the name as a tag, no end, digits as texts", () => {
    const run = parseRun(
      answer(`{"info":{"run_uuid":"${RUN_ID}","experiment_id":3,"user_id":"ana","status":1,"start_time":"1700000000000",
        "lifecycle_stage":"deleted"},"data":{"tags":[{"key":"mlflow.runName","value":"first"}]}}`),
    );
    assert.equal(run.info.experimentId, "3");
    assert.equal(run.info.runName, "first");
    assert.equal(run.info.status, "RUNNING");
    assert.equal(run.info.startTime, 1700000000000);
    assert.equal(run.info.endTime, null);
    assert.equal(run.place, "trash");
  });

  test("every spelling of a double", () => {
    const values = ["NaN", "Infinity", "-Infinity", "inf", "-inf", "nan", "1.5", "1e3"];
    const read = values.map((value) => parseMetric(sent({ key: "k", value })).value);
    assert.deepEqual(read, [Number.NaN, Infinity, -Infinity, Infinity, -Infinity, Number.NaN, 1.5, 1000]);
  });

  test("a batch: nothing but what is given, special values spelled out", () => {
    const metrics: Metric[] = [{ key: "a", value: -Infinity, timestamp: 0, step: 0 }];
    assert.equal(
      serializeJson(logBatchRequest("r", { metrics, tags: { t: "" } })),
      '{"run_id":"r","metrics":[{"key":"a","value":"-Infinity","timestamp":0,"step":0}],"tags":[{"key":"t","value":""}]}',
    );
  });

  test("an empty token ends the pages", () => {
    const page = parsePage(
      answer('{"files":[{"path":"a","is_dir":true}],"next_page_token":""}'),
      "files",
      parseFileInfo,
    );
    assert.deepEqual(page, { items: [{ path: "a", isDir: true, size: null }], nextPageToken: null });
  });
});

describe("answers that are wrong name the endpoint and the field", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["[]", ""],
    ["{}", "info"],
    ['{"info":7}', "info"],
    ['{"info":{"experiment_id":"1"}}', "info.run_id"],
    ['{"info":{"run_id":"../../etc","experiment_id":"1"}}', "info.run_id"],
    [`{"info":{"run_id":"${RUN_ID}"}}`, "info.experiment_id"],
    [`{"info":{"run_id":"${RUN_ID}","experiment_id":"../1"}}`, "info.experiment_id"],
    [`{"info":{"run_id":"${RUN_ID}","experiment_id":"1","status":"DONE"}}`, "info.status"],
    [`{"info":{"run_id":"${RUN_ID}","experiment_id":"1","start_time":1.5}}`, "info.start_time"],
    [
      `{"info":{"run_id":"${RUN_ID}","experiment_id":"1","start_time":9223372036854775808}}`,
      "info.start_time",
    ],
    [
      `{"info":{"run_id":"${RUN_ID}","experiment_id":"1"},"data":{"metrics":[{"key":"a","value":null}]}}`,
      "data.metrics[0].value",
    ],
    [`{"info":{"run_id":"${RUN_ID}","experiment_id":"1"},"data":{"params":{"a":"b"}}}`, "data.params"],
    [`{"info":{"run_id":"${RUN_ID}","experiment_id":"1"},"data":{"tags":["a"]}}`, "data.tags[0]"],
    [
      `{"info":{"run_id":"${RUN_ID}","experiment_id":"1"},"data":{"tags":[{"key":"a","value":3}]}}`,
      "data.tags[0].value",
    ],
  ];
  for (const [text, field] of cases)
    test(`${field}: ${text.slice(-60)}`, () => {
      assert.throws(
        () => parseRun(answer(text)),
        (error) =>
          isRunstoneError(error, "REMOTE_FAILED") &&
          error.data["field"] === field &&
          error.message.includes(ENDPOINT),
      );
    });

  test("what a client asks wrongly is INVALID_PARAMETER_VALUE in MLflow's words", () => {
    const asked = (text: string): Fields => Fields.of(parseJson(text), wrongRequest);
    assert.throws(() => parseMetric(asked('{"value":1}')), /Missing value for required parameter 'key'/);
    assert.throws(
      () => parseMetric(asked('{"key":"a","value":1,"timestamp":"foo"}')),
      /Invalid value "foo" for parameter 'timestamp' supplied/,
    );
  });
});

/** With the prototype that literals have. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const text = fc.string({ unit: "binary" });
const name = fc.stringMatching(/^[a-z0-9]{1,20}$/);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
});
const small = fc.maxSafeInteger();
const integer = fc.oneof(int64, small);
const map = fc
  .dictionary(text, text)
  .map((entries) => Object.assign(Object.create(null), entries) as Record<string, string>);
const modelId = name.map((tail) => `m-${tail}`);
const point = record({ timestamp: integer, value: fc.double(), step: integer });
const linked = record({
  point,
  modelId: fc.option(modelId),
  dataset: fc.option(record({ name, digest: text })),
}).map((all) => ({
  ...all.point,
  ...(all.dataset === null ? {} : { dataset: all.dataset }),
  ...(all.modelId === null ? {} : { modelId: all.modelId }),
}));
const stage = fc.constantFrom("active" as const, "deleted" as const);

describe("round trips", () => {
  test("experiments", () => {
    const experiment: fc.Arbitrary<Experiment> = record({
      experimentId: fc.stringMatching(/^[0-9]{1,18}$/),
      name: text,
      artifactLocation: text,
      lifecycleStage: stage,
      creationTime: fc.option(integer),
      lastUpdateTime: fc.option(integer),
      tags: map,
    }).map((all) => ({ ...all, place: all.lifecycleStage === "deleted" ? "trash" : "root" }));
    holds(experiment, serializeExperiment, parseExperiment);
  });

  test("runs", () => {
    const info = record({
      runId: name.filter((id) => !["tags", "datasets", "traces", "models"].includes(id)),
      experimentId: fc.stringMatching(/^[0-9]{1,18}$/),
      runName: fc.string({ minLength: 1 }),
      userId: text,
      status: fc.constantFrom(...RUN_STATUSES),
      startTime: fc.option(integer),
      endTime: fc.option(integer),
      deletedTime: fc.constant(null),
      lifecycleStage: stage,
      artifactUri: text,
    });
    const dataset = record({
      datasetId: fc.constant(""),
      name: text,
      digest: text,
      sourceType: text,
      source: text,
      schema: fc.option(text),
      profile: fc.option(text),
    });
    const run: fc.Arbitrary<Run> = record({
      info,
      params: map,
      tags: map,
      metrics: fc
        .dictionary(text, linked)
        .map((all) => Object.assign(Object.create(null), all) as Record<string, Metric>),
      inputs: record({
        datasetInputs: fc.array(record({ dataset, tags: map }), { maxLength: 3 }),
        modelInputs: fc.array(record({ modelId }), { maxLength: 3 }),
      }),
      outputs: fc.array(record({ modelId, step: integer }), { maxLength: 3 }),
      orphan: fc.constant(false),
    }).map((all) => ({ ...all, place: all.info.lifecycleStage === "deleted" ? "trash" : "root" }));
    holds(run, serializeRun, parseRun);
  });

  test("metrics", () => {
    const metric = record({ key: text, linked }).map((all): Metric => ({ key: all.key, ...all.linked }));
    holds(metric, serializeMetric, parseMetric);
  });

  test("logged models", () => {
    const notEmpty = fc.option(fc.string({ minLength: 1 }));
    const model: fc.Arbitrary<LoggedModel> = record({
      modelId,
      experimentId: fc.stringMatching(/^[0-9]{1,18}$/),
      name: text,
      modelType: fc.option(text),
      sourceRunId: notEmpty,
      status: fc.constantFrom(...LOGGED_MODEL_STATUSES),
      statusMessage: fc.option(text),
      artifactLocation: text,
      lifecycleStage: fc.constant("active" as const),
      creationTime: integer,
      lastUpdatedTime: integer,
      params: map,
      tags: map,
      metrics: fc.array(
        record({ key: text, runId: text, linked }).map(({ linked: of, ...all }) => ({ ...all, ...of })),
      ),
    });
    holds(model, serializeLoggedModel, parseLoggedModel);
  });

  test("registered models and versions", () => {
    const notEmpty = fc.option(fc.string({ minLength: 1 }));
    const model: fc.Arbitrary<RegisteredModel> = record({
      name: text,
      description: notEmpty,
      creationTime: fc.option(integer),
      lastUpdatedTime: fc.option(integer),
      tags: map,
      aliases: map,
    });
    const version: fc.Arbitrary<ModelVersion> = record({
      name: text,
      version: fc.integer({ min: 1 }),
      creationTime: integer,
      lastUpdatedTime: fc.option(integer),
      description: notEmpty,
      userId: notEmpty,
      currentStage: text,
      source: fc.option(text),
      storageLocation: fc.constant(null),
      runId: notEmpty,
      runLink: notEmpty,
      modelId: notEmpty,
      status: text,
      statusMessage: notEmpty,
      tags: map,
      aliases: fc.array(text),
    });
    holds(model, serializeRegisteredModel, parseRegisteredModel);
    holds(version, serializeModelVersion, parseModelVersion);
  });

  test("files", () => {
    const entry = record({ path: text, isDir: fc.boolean(), bytes: fc.nat() }).map(
      ({ path, isDir, bytes }) => ({ path, isDir, size: isDir ? null : bytes }),
    );
    holds(entry, serializeFileInfo, parseFileInfo);
  });
});

function holds<T>(
  values: fc.Arbitrary<T>,
  serialize: (value: T) => JsonInput,
  parse: (fields: Fields) => T,
): void {
  fc.assert(fc.property(values, (value) => assert.deepEqual(parse(sent(serialize(value))), value)));
}

describe("routes", () => {
  test("segments are percent-encoded; only a path keeps its slashes", () => {
    const path = routePath("deleteLoggedModelTag", { model_id: "m-1", tag_key: "a/b ?#é" });
    assert.equal(path, "/api/2.0/mlflow/logged-models/m-1/tags/a%2Fb%20%3F%23%C3%A9");
    assert.equal(
      routePath("uploadArtifact", { path: "1/r/artifacts/a b/ü#?.txt" }),
      "/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/a%20b/%C3%BC%23%3F.txt",
    );
    assert.equal(routePath("getMetricHistoryBulk"), "/ajax-api/2.0/mlflow/metrics/get-history-bulk");
    assert.equal(routePath("serverInfo"), "/api/3.0/mlflow/server-info");
  });

  test("no two routes are the same", () => {
    const names = Object.keys(ROUTES) as RouteName[];
    assert.equal(
      new Set(names.map((name) => `${ROUTES[name].method} ${routePath(name)}`)).size,
      names.length,
    );
    assert.equal(routeLabel("uploadArtifact"), "PUT mlflow-artifacts/artifacts");
    assert.equal(routeLabel("getArtifact"), "GET get-artifact");
  });
});
