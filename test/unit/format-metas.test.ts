import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type DatasetMeta,
  type ExperimentMeta,
  type InputMeta,
  isRunstoneError,
  type LoggedModelMeta,
  type ModelVersionMeta,
  type OutputMeta,
  parseDatasetMeta,
  parseExperimentMeta,
  parseInputMeta,
  parseLoggedModelMeta,
  parseModelVersionMeta,
  parseOutputMeta,
  parseRegisteredModelMeta,
  parseRunMeta,
  parseTraceInfo,
  type RegisteredModelMeta,
  RUN_STATUSES,
  type RunMeta,
  serializeDatasetMeta,
  serializeExperimentMeta,
  serializeInputMeta,
  serializeLoggedModelMeta,
  serializeModelVersionMeta,
  serializeOutputMeta,
  serializeRegisteredModelMeta,
  serializeRunMeta,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { yamlText } from "./format-arbitraries.js";
import { utf8 } from "./format-support.js";

const time = fc.oneof(fc.nat(), fc.constant(1748764800123), fc.constant(2n ** 60n));
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const stage = fc.constantFrom("active" as const, "deleted" as const);
const stringMap = fc
  .array(fc.tuple(fc.oneof(yamlText, fc.constant("__proto__")), yamlText), { maxLength: 4 })
  .map((entries) => {
    const map: Record<string, string> = Object.create(null);
    for (const [key, value] of entries) map[key] = value;
    return map;
  });
const filled = { noNullPrototype: true };

function roundTrip<T>(
  name: string,
  values: fc.Arbitrary<T>,
  serialize: (x: T) => string,
  parse: (b: Uint8Array) => T,
): void {
  test(`${name}: any value written is the value read`, () => {
    fc.assert(fc.property(values, (value) => assert.deepEqual(parse(utf8(serialize(value))), value)));
  });
}

describe("meta files", () => {
  roundTrip<ExperimentMeta>(
    "experiment",
    fc.record(
      {
        experimentId: yamlText,
        name: yamlText,
        artifactLocation: yamlText,
        lifecycleStage: stage,
        creationTime: orNull(time),
        lastUpdateTime: orNull(time),
      },
      filled,
    ),
    serializeExperimentMeta,
    parseExperimentMeta,
  );
  roundTrip<RunMeta>(
    "run",
    fc.record(
      {
        runId: yamlText,
        experimentId: yamlText,
        runName: yamlText,
        userId: yamlText,
        status: fc.constantFrom(...RUN_STATUSES),
        startTime: orNull(time),
        endTime: orNull(time),
        deletedTime: orNull(time),
        lifecycleStage: stage,
        artifactUri: yamlText,
      },
      filled,
    ),
    serializeRunMeta,
    parseRunMeta,
  );
  roundTrip<DatasetMeta>(
    "dataset",
    fc.record(
      {
        name: yamlText,
        digest: yamlText,
        sourceType: yamlText,
        source: yamlText,
        schema: orNull(yamlText),
        profile: orNull(yamlText),
      },
      filled,
    ),
    serializeDatasetMeta,
    parseDatasetMeta,
  );
  const link = {
    sourceType: yamlText,
    sourceId: yamlText,
    destinationType: yamlText,
    destinationId: yamlText,
  };
  roundTrip<InputMeta>(
    "input",
    fc.record({ ...link, tags: stringMap }, filled),
    serializeInputMeta,
    parseInputMeta,
  );
  roundTrip<OutputMeta>(
    "output",
    fc.record({ ...link, step: time, tags: stringMap }, filled),
    serializeOutputMeta,
    parseOutputMeta,
  );
  roundTrip<LoggedModelMeta>(
    "logged model",
    fc.record(
      {
        modelId: yamlText,
        experimentId: yamlText,
        name: yamlText,
        modelType: orNull(yamlText),
        sourceRunId: orNull(yamlText),
        status: fc.constantFrom(
          "UNSPECIFIED" as const,
          "PENDING" as const,
          "READY" as const,
          "FAILED" as const,
        ),
        statusMessage: orNull(yamlText),
        artifactLocation: yamlText,
        lifecycleStage: stage,
        creationTime: time,
        lastUpdatedTime: time,
      },
      filled,
    ),
    serializeLoggedModelMeta,
    parseLoggedModelMeta,
  );
  roundTrip<RegisteredModelMeta>(
    "registered model",
    fc.record(
      {
        name: yamlText,
        description: orNull(yamlText),
        creationTime: orNull(time),
        lastUpdatedTime: orNull(time),
        aliases: stringMap,
      },
      filled,
    ),
    serializeRegisteredModelMeta,
    parseRegisteredModelMeta,
  );
  roundTrip<ModelVersionMeta>(
    "model version",
    fc.record(
      {
        name: yamlText,
        version: fc.integer({ min: 1 }),
        creationTime: time,
        lastUpdatedTime: orNull(time),
        description: orNull(yamlText),
        userId: orNull(yamlText),
        currentStage: yamlText,
        source: orNull(yamlText),
        storageLocation: orNull(yamlText),
        runId: orNull(yamlText),
        runLink: orNull(yamlText),
        modelId: orNull(yamlText),
        status: yamlText,
        statusMessage: orNull(yamlText),
      },
      filled,
    ),
    serializeModelVersionMeta,
    parseModelVersionMeta,
  );

  const run = (text: string) => parseRunMeta(utf8(text));
  const MINIMAL = "end_time: null\nexperiment_id: '0'\nrun_id: ab\nstart_time: 5\nuser_id: u\n";

  test("runs: what old versions and other hands wrote is read", () => {
    const old = run(
      "end_time: 2\nexperiment_id: 0\nname: old name\nrun_uuid: ab\nsource_name: train.py\nsource_type: 3\nsource_version: 4c1\nstart_time: 1\nuser_id: u\n",
    );
    assert.equal(old.runId, "ab");
    assert.equal(old.experimentId, "0");
    assert.equal(old.runName, "old name");
    assert.equal(old.status, "RUNNING");
    assert.equal(old.lifecycleStage, "active");
    assert.deepEqual(old.legacySource, {
      entryPointName: "",
      sourceName: "train.py",
      sourceType: 3,
      sourceVersion: "4c1",
    });
    assert.deepEqual(run(serializeRunMeta(old)), old);
    assert.equal(run(`${MINIMAL}status: failed\n`).status, "FAILED");
    assert.equal(run(`${MINIMAL}status: '4'\n`).status, "FAILED");
    assert.equal(run(`${MINIMAL}unknown: {}\nmore:\n- 1\n`).runName, "");
    assert.equal(run(MINIMAL).missing, undefined);
  });

  test("runs: a text that is no boolean for us stays what was written", () => {
    assert.equal(run(`${MINIMAL}run_name: yes\n`).runName, "yes");
    assert.equal(run(`${MINIMAL}run_name: 1e5\n`).runName, "1e5");
    assert.equal(run(`${MINIMAL}run_name: null\n`).runName, "");
    assert.equal(run(`${MINIMAL}run_name: 'null'\n`).runName, "null");
  });

  test("runs: a refusal names the field", () => {
    const table: [string, string][] = [
      ["experiment_id: '0'\n", "run_id"],
      ["run_id: a\n", "experiment_id"],
      [`${MINIMAL}status: 9\n`, "status"],
      [`${MINIMAL}status: LOST\n`, "status"],
      [`${MINIMAL}lifecycle_stage: gone\n`, "lifecycle_stage"],
      [`${MINIMAL}start_time: soon\n`, "start_time"],
      [`${MINIMAL}run_name: []\n`, "run_name"],
    ];
    for (const [text, field] of table) {
      assert.throws(
        () => run(text),
        (e) => isRunstoneError(e, "DAMAGED") && e.data.field === field,
        text,
      );
    }
  });

  test("runs: a file that was cut off is damaged, incomplete or lacks its last line end, never another run", () => {
    const meta: RunMeta = {
      runId: "7c1f0a9be24d4c53a8d6e0137f52b9ad",
      experimentId: "482913750264817359",
      runName: "gentle-otter-512",
      userId: "ana",
      status: "FINISHED",
      startTime: 1748764900000,
      endTime: 1748765500789,
      deletedTime: null,
      lifecycleStage: "active",
      artifactUri: "file:///home/ana/mlruns/482913750264817359/7c1f0a9be24d4c53a8d6e0137f52b9ad/artifacts",
    };
    const bytes = utf8(serializeRunMeta(meta));
    const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    for (let length = 0; length < lastLine + "user_id:".length; length++) {
      try {
        assert.ok(parseRunMeta(bytes.subarray(0, length)).missing?.includes("user_id"), `${length}`);
      } catch (error) {
        assert.ok(isRunstoneError(error, "DAMAGED"), `${length}: ${error}`);
      }
    }
  });

  test("an experiment lacks only what it must", () => {
    const meta = parseExperimentMeta(utf8("experiment_id: 12\nname: 2024-01-02\n"));
    assert.deepEqual(meta, {
      experimentId: "12",
      name: "2024-01-02",
      artifactLocation: "",
      lifecycleStage: "active",
      creationTime: null,
      lastUpdateTime: null,
      missing: ["artifact_location", "lifecycle_stage"],
    });
    assert.throws(
      () => parseExperimentMeta(utf8("experiment_id: 12\n")),
      (e) => isRunstoneError(e, "DAMAGED") && e.data.field === "name",
    );
  });

  test("what 3.x writes beside is passed over", () => {
    const version = parseModelVersionMeta(
      utf8(
        "aliases: []\ncreation_timestamp: 1\ncurrent_stage: None\nmetrics: null\nname: m\nparams: null\nuser_id: null\nversion: 2\nworkspace: default\n",
      ),
    );
    assert.equal(version.currentStage, "None");
    assert.equal(version.userId, null);
    assert.throws(
      () => parseModelVersionMeta(utf8("creation_timestamp: 1\nname: m\nversion: 0\n")),
      (e) => isRunstoneError(e, "DAMAGED"),
    );
  });

  test("traces of both versions are read", () => {
    const v2 = parseTraceInfo(
      utf8(
        "execution_time_ms: 7\nexperiment_id: '3'\nrequest_id: tr-1\nstatus: OK\ntimestamp_ms: 1748764800123\n",
      ),
    );
    assert.deepEqual(
      [v2.traceId, v2.experimentId, v2.requestTime, v2.executionDurationMs, v2.state],
      ["tr-1", "3", "1748764800123", 7, "OK"],
    );
    const v3 = parseTraceInfo(
      utf8(
        "execution_duration_ms: 842\nrequest_preview: ''\nrequest_time: '2025-06-01T08:01:40.250Z'\nstate: ERROR\ntrace_id: tr-2\ntrace_location:\n  mlflow_experiment:\n    experiment_id: '48'\n  type: MLFLOW_EXPERIMENT\n",
      ),
    );
    assert.deepEqual(
      [v3.traceId, v3.experimentId, v3.state, v3.requestPreview, v3.responsePreview],
      ["tr-2", "48", "ERROR", "", null],
    );
  });

  test("a key called __proto__ is a key like any other", () => {
    const meta = parseInputMeta(utf8("source_id: a\ntags:\n  __proto__: x\n"));
    assert.deepEqual(Object.entries(meta.tags), [["__proto__", "x"]]);
    assert.equal(Object.getPrototypeOf(meta.tags), null);
  });
});
