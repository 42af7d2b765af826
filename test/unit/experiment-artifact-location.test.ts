import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  appendToLocation,
  artifactLocation,
  locationInExperiment,
} from "../../core/store/artifact-location.js";

const inWorkspace = { root: "/home/ana/proj/mlruns", workspace: "/home/ana/proj" };

describe("artifact location", () => {
  test("relative: seen from the workspace, as MLflow 1.x wrote it", () => {
    assert.equal(artifactLocation(inWorkspace, "relative", "12"), "./mlruns/12");
    const deep = { root: "/p/out/ml runs", workspace: "/p" };
    assert.equal(artifactLocation(deep, "relative", "12"), "./out/ml runs/12");
    assert.equal(artifactLocation({ root: "/p", workspace: "/p" }, "relative", "12"), "./12");
  });

  test("relative: what MLflow would decode or cut is encoded", () => {
    const odd = { root: "/p/50%20#1?", workspace: "/p" };
    assert.equal(artifactLocation(odd, "relative", "12"), "./50%2520%231%3F/12");
  });

  test("relative needs a workspace that holds the store", () => {
    const alone = { root: "/srv/mlruns", workspace: null };
    assert.equal(artifactLocation(alone, "relative", "12"), "file:///srv/mlruns/12");
    const beside = { root: "/srv/mlruns", workspace: "/srv/mlruns-code" };
    assert.equal(artifactLocation(beside, "relative", "12"), "file:///srv/mlruns/12");
  });

  test("absolute: percent-encoded as Python does", () => {
    assert.equal(artifactLocation(inWorkspace, "absolute", "12"), "file:///home/ana/proj/mlruns/12");
    const odd = { root: "/home/a b/é/it's(1)!*~_.-+", workspace: null };
    assert.equal(
      artifactLocation(odd, "absolute", "12"),
      "file:///home/a%20b/%C3%A9/it%27s%281%29%21%2A~_.-%2B/12",
    );
    const windows = { root: "C:\\Users\\a b\\mlruns", workspace: null };
    assert.equal(artifactLocation(windows, "absolute", "12"), "file:///C:/Users/a%20b/mlruns/12");
  });

  test("appending keeps the query of a URI", () => {
    assert.equal(appendToLocation("s3://b/x/", "r"), "s3://b/x/r");
    assert.equal(appendToLocation("s3://b/x?region=a#f", "r"), "s3://b/x/r?region=a#f");
    assert.equal(appendToLocation("/srv/what?", "r"), "/srv/what?/r");
  });

  test("in an experiment: below a chosen location, below the store for the one it got by default", () => {
    const below = (location: string) =>
      locationInExperiment(
        inWorkspace,
        "relative",
        { experimentId: "12", artifactLocation: location },
        "ab",
        "artifacts",
      );
    for (const byDefault of [
      "./mlruns/12",
      "file:///home/ana/proj/mlruns/12",
      "file:///elsewhere/12",
      "/elsewhere/12",
      "C:\\Users\\ana\\mlruns\\12",
      "",
    ]) {
      assert.equal(below(byDefault), "./mlruns/12/ab/artifacts", byDefault);
    }
    assert.equal(below("s3://bucket/12"), "s3://bucket/12/ab/artifacts");
    assert.equal(below("mlflow-artifacts:/12"), "mlflow-artifacts:/12/ab/artifacts");
    assert.equal(below("/data/artifacts"), "/data/artifacts/ab/artifacts");
  });
});
