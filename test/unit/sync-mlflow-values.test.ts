import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RunDocument } from "../../core/transfer/index.js";
import { artifactPlace } from "../../sync/mlflow/artifact-place.js";
import { cutTag, cutText } from "../../sync/mlflow/cut-values.js";
import { serializeLongValues, wantedRecord } from "../../sync/mlflow/wanted-record.js";

const BASE = "https://ml.example.org/prefix";

describe("where a server keeps artifacts", () => {
  const pathOf = (uri: string): string | undefined => artifactPlace(uri, BASE).path;

  test("its proxy, by its own scheme or by address", () => {
    assert.equal(pathOf("mlflow-artifacts:/1/abc/artifacts"), "1/abc/artifacts");
    assert.equal(pathOf("mlflow-artifacts:///1/abc/artifacts/"), "1/abc/artifacts");
    assert.equal(pathOf("mlflow-artifacts://ml.example.org/1/abc/artifacts"), "1/abc/artifacts");
    const url = "https://ml.example.org/prefix/api/2.0/mlflow-artifacts/artifacts/1/a%20b/artifacts";
    assert.equal(pathOf(url), "1/a b/artifacts");
  });

  test("what cannot be reached is said, with the reason", () => {
    const unreachable = [
      ["s3://bucket/1/abc/artifacts", /s3 storage/],
      ["gs://bucket/x", /gs storage/],
      ["/srv/mlflow/1/abc/artifacts", /directory of its own machine/],
      ["file:///srv/mlflow", /directory of its own machine/],
      ["mlflow-artifacts://evil.example.org/1/abc/artifacts", /another address/],
      ["https://evil.example.org/api/2.0/mlflow-artifacts/artifacts/1", /another address/],
      ["https://ml.example.org/elsewhere", /no artifact proxy/],
      ["mlflow-artifacts:/1/../../secret", /cannot be/],
      ["mlflow-artifacts:/", /cannot be/],
    ] as const;
    for (const [uri, reason] of unreachable) {
      const place = artifactPlace(uri, BASE);
      assert.equal(place.path, undefined, uri);
      assert.match(place.reason, reason, uri);
    }
  });
});

describe("values that are too long", () => {
  test("are cut by characters, not in the middle of one", () => {
    assert.equal(cutText("ab😀cd", 3), "ab😀");
    assert.equal(cutText("abc", 3), "abc");
    assert.equal(cutText("😀".repeat(10), 4), "😀".repeat(4));
  });

  test("MLflow's list of models stays JSON", () => {
    const models = Array.from({ length: 100 }, (_, index) => ({ run_id: `${index}`, text: "x".repeat(100) }));
    const cut = cutTag("mlflow.log-model.history", JSON.stringify(models), 8_000);
    const kept = JSON.parse(cut) as typeof models;
    assert.ok(cut.length <= 8_000 && kept.length > 10);
    assert.deepEqual(kept.at(-1), models.at(-1));
    assert.equal(cutTag("mlflow.log-model.history", "no json".repeat(2_000), 8_000).length, 8_000);
  });
});

describe("what a server is to hold of a run", () => {
  const document = (
    change: Partial<RunDocument["info"]>,
    tags: Record<string, string> = {},
  ): RunDocument => ({
    info: {
      ...{ runId: "f".repeat(32), experimentId: "1", runName: "night", userId: "ada", status: "FINISHED" },
      ...{ startTime: 1, endTime: 2, deletedTime: null, lifecycleStage: "active", artifactUri: "" },
      ...change,
    },
    experimentName: "e",
    params: { lr: "0.1", prompt: "p".repeat(7_000) },
    tags: { "mlflow.runName": "night", team: "a", ...tags },
    series: [],
    inputs: { datasetInputs: [], modelInputs: [] },
    outputs: [],
    artifacts: [],
    recordDigest: "0".repeat(64),
  });

  test("its values as far as they fit, and the whole ones beside, named", () => {
    const wanted = wantedRecord(document({}), null);
    assert.equal(wanted.params["prompt"]?.length, 6_000);
    assert.match(
      wanted.exceptions.join(),
      /param 'prompt' is cut there; runstone\/long-values\.json has it whole/,
    );
    const whole = JSON.parse(Buffer.from(serializeLongValues(wanted.longValues!)).toString()) as {
      params: Record<string, string>;
    };
    assert.equal(whole.params["prompt"]?.length, 7_000);
    assert.equal(whole.params["lr"], undefined);
  });

  test("its origin, and its parent by the id there", () => {
    const child = document({}, { "mlflow.parentRunId": "a".repeat(32) });
    assert.deepEqual(
      { ...wantedRecord(child, "b".repeat(32)).tags },
      {
        ...{ team: "a", "runstone.run_id": "f".repeat(32) },
        ...{ "mlflow.parentRunId": "b".repeat(32), "runstone.parent_run_id": "a".repeat(32) },
      },
    );
    assert.equal(wantedRecord(child, null).tags["mlflow.parentRunId"], undefined);
  });

  test("a run that came from elsewhere keeps its first origin", () => {
    const { tags } = wantedRecord(document({}, { "runstone.run_id": "c".repeat(32) }), null);
    assert.equal(tags["runstone.run_id"], "c".repeat(32));
  });

  test("a run without a name is called by its id, and says that it has none", () => {
    const wanted = wantedRecord(document({ runName: "" }), null);
    assert.equal(wanted.runName, "f".repeat(32));
    assert.equal(wanted.tags["runstone.unnamed"], "true");
  });
});
