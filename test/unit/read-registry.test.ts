/** The model registry, logged models and traces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DELETED_STAGE,
  findLoggedModel,
  mustReadRegisteredModel,
  readLoggedModel,
  readRegisteredModel,
  scanLoggedModels,
  scanModelVersions,
  scanRegisteredModels,
  scanTraces,
} from "../../core/index.js";
import { type Damage, isRunstoneError } from "../../store-format/index.js";
import { experimentMeta, makeStore, oneRun, told } from "./read-fixture.js";

const failOnDamage = (damage: Damage) => assert.fail(told(damage));

const VERSION = (version: number, more = "") =>
  `creation_timestamp: 1748770500000\ncurrent_stage: None\nname: parser\nrun_id: null\nstatus: READY\nversion: ${version}\n${more}`;

test("models with tags, aliases and versions; a deleted version is kept and marked", (context) => {
  const paths = makeStore(
    context,
    oneRun({
      "models/parser/meta.yaml":
        "aliases:\n  champion: '1'\ncreation_timestamp: 1\ndescription: Parses\nname: parser\n",
      "models/parser/tags/team": "nlp",
      "models/parser/aliases/champion": "10",
      "models/parser/version-2/meta.yaml": VERSION(2).replace(
        "current_stage: None",
        "current_stage: Deleted_Internal",
      ),
      "models/parser/version-10/meta.yaml": VERSION(10, "model_id: m-1\n"),
      "models/parser/version-10/tags/ok": "yes",
      "models/parser/notes/": "",
      "models/résumé v1.2/meta.yaml": "name: résumé v1.2\n",
    }),
  );
  assert.deepEqual(
    scanRegisteredModels(paths, failOnDamage).map(({ name }) => name),
    ["parser", "résumé v1.2"],
  );
  const model = mustReadRegisteredModel(paths, "parser");
  assert.deepEqual({ ...model.aliases }, { champion: "10" });
  assert.deepEqual({ ...model.tags }, { team: "nlp" });
  const versions = scanModelVersions(paths, "parser", failOnDamage);
  assert.deepEqual(
    versions.map(({ version, currentStage, aliases, modelId }) => [version, currentStage, aliases, modelId]),
    [
      [2, DELETED_STAGE, [], null],
      [10, "None", ["champion"], "m-1"],
    ],
  );
  assert.deepEqual({ ...versions[1]?.tags }, { ok: "yes" });
});

test("an unknown name, and names that lead out", (context) => {
  const paths = makeStore(context, oneRun({ "models/parser/meta.yaml": "name: parser\n" }));
  for (const name of ["none", "..", ".", "", "../1", "parser/../parser", "a\\b", "\0"]) {
    assert.equal(readRegisteredModel(paths, name), null, JSON.stringify(name));
    assert.deepEqual(scanModelVersions(paths, name), []);
  }
  assert.throws(
    () => mustReadRegisteredModel(paths, "none"),
    (error) => isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST"),
  );
});

test("logged models: latest point per dataset, 4 and 6 fields, also in the trash", (context) => {
  const meta = (id: string) =>
    `creation_timestamp: 1\nexperiment_id: '1'\nlast_updated_timestamp: 2\nmodel_id: ${id}\nmodel_type: agent\nname: parser\nsource_run_id: r\nstatus: 2\n`;
  const paths = makeStore(
    context,
    oneRun({
      "1/models/m-1/meta.yaml": meta("m-1"),
      "1/models/m-1/params/depth": "3",
      "1/models/m-1/tags/a": "b",
      "1/models/m-1/metrics/f1": "1 0.5 0 r\n2 0.6 1 r\n2 0.9 1 r train 5f\n1 0.95 0 r train 5f\n",
      ".trash/9/meta.yaml": experimentMeta("9", "old"),
      ".trash/9/models/m-2/meta.yaml": meta("m-2"),
    }),
  );
  const [model] = scanLoggedModels(paths, "1", failOnDamage);
  assert.equal(model?.status, "READY");
  assert.equal(model?.lifecycleStage, "active");
  assert.deepEqual({ ...model?.params }, { depth: "3" });
  assert.deepEqual(model?.metrics, [
    { key: "f1", timestamp: 2, value: 0.6, step: 1, runId: "r" },
    { key: "f1", timestamp: 2, value: 0.9, step: 1, runId: "r", dataset: { name: "train", digest: "5f" } },
  ]);
  const trashed = findLoggedModel(paths, "m-2");
  assert.ok(trashed !== null);
  assert.equal(readLoggedModel(trashed, failOnDamage).lifecycleStage, "deleted");
  assert.equal(findLoggedModel(paths, "m-3"), null);
  assert.equal(findLoggedModel(paths, "../m-1"), null);
});

test("traces of both versions", (context) => {
  const paths = makeStore(
    context,
    oneRun({
      "1/traces/tr-1/trace_info.yaml":
        "execution_duration_ms: 842\nrequest_time: '2025-06-01T08:01:40.250Z'\nstate: OK\ntrace_id: tr-1\n",
      "1/traces/abc/trace_info.yaml":
        "execution_time_ms: 7\nrequest_id: abc\nstatus: ERROR\ntimestamp_ms: 1748764900000\n",
    }),
  );
  assert.deepEqual(
    scanTraces(paths, "1", failOnDamage).map(({ traceId, state, executionDurationMs, requestTime }) => [
      traceId,
      state,
      executionDurationMs,
      requestTime,
    ]),
    [
      ["abc", "ERROR", 7, "1748764900000"],
      ["tr-1", "OK", 842, "2025-06-01T08:01:40.250Z"],
    ],
  );
});
