/** Unmodified scripts that use MLflow, under `runstone run`: what they log lands in the run, and the exit code decides. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { mlflow, mlflowEnvironment, type Series } from "../helpers/mlflow.js";
import {
  type Finished,
  filesBelow,
  metaOf,
  pointsOf,
  readText,
  statusOf,
  Workspace,
} from "../run/runstone.js";

const SERIES: readonly Series[] = [1, 2, 3];

const TRAIN = `
import mlflow, pathlib
with mlflow.start_run():
    mlflow.log_param("lr", 0.1)
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("team", "a")
    pathlib.Path("report.txt").write_text("done")
    mlflow.log_artifact("report.txt", "reports")
    print("::runstone metric extra=5 step=1")
`;

const SECOND_RUN = `
import mlflow
with mlflow.start_run():
    mlflow.log_metric("first", 1)
with mlflow.start_run(run_name="second"):
    mlflow.log_metric("second", 2)
`;

const ENDS_ITSELF = `
import mlflow, sys
mlflow.start_run()
mlflow.log_metric("loss", 1)
mlflow.end_run("FINISHED")
sys.exit(3)
`;

const SETS_EXPERIMENT = `
import mlflow
mlflow.set_experiment("iris")
with mlflow.start_run():
    mlflow.log_metric("loss", 1)
`;

const AUTOLOG = `
import mlflow
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_iris
mlflow.sklearn.autolog(log_models=False, log_datasets=False)
LogisticRegression(max_iter=50).fit(*load_iris(return_X_y=True))
`;

for (const series of SERIES) {
  const found = await mlflow(series);
  describe(`a script under runstone run, MLflow ${series}.x`, { skip: found.skip }, () => {
    function runPython(workspace: Workspace, script: string, ...options: readonly string[]): Finished {
      assert.ok(found.skip === false);
      const path = workspace.write("train.py", script);
      const { PATH: _, ...clean } = mlflowEnvironment() as Record<string, string>;
      const done = workspace.runstone(["run", ...options, "--", found.mlflow.python, path], { env: clean });
      assert.doesNotMatch(done.stderr, /could not|cannot/);
      return done;
    }

    test("logs into the run", (t) => {
      const workspace = new Workspace(t);
      const done = runPython(workspace, TRAIN);
      assert.equal(done.code, 0, done.stderr);
      const run = workspace.run();
      assert.deepEqual(pointsOf(run, "loss"), [
        [1, 0],
        [0.5, 1],
        [1 / 3, 2],
      ]);
      assert.deepEqual(pointsOf(run, "extra"), [[5, 1]]);
      assert.equal(readText(run, "params", "lr"), "0.1");
      assert.equal(readText(run, "tags", "team"), "a");
      assert.equal(readText(run, "artifacts", "reports", "report.txt"), "done");
      assert.match(readText(run, "manifest.yaml"), /reports\/report\.txt/);
      assert.equal(statusOf(run), "FINISHED");
      assert.equal(workspace.runstone(["fsck"]).code, 0);
    });

    test("its own end_run comes before ours: the exit code decides", (t) => {
      const workspace = new Workspace(t);
      assert.equal(runPython(workspace, ENDS_ITSELF).code, 3);
      assert.equal(statusOf(workspace.run()), "FAILED");
      assert.ok(Number(metaOf(workspace.run(), "end_time")) > 0);
    });

    test("a second start_run is a second run of the experiment", (t) => {
      const workspace = new Workspace(t);
      const done = runPython(workspace, SECOND_RUN);
      assert.equal(done.code, 0, done.stderr);
      const [ours, other] = workspace
        .runs()
        .toSorted((a, b) => Number(!has(a, "first")) - Number(!has(b, "first")));
      assert.equal(workspace.runs().length, 2);
      assert.ok(ours && other && has(ours, "first") && has(other, "second"));
      assert.deepEqual([statusOf(ours), statusOf(other)], ["FINISHED", "FINISHED"]);
    });

    test("its set_experiment names the experiment; another one is not broken", (t) => {
      const workspace = new Workspace(t);
      const done = runPython(workspace, SETS_EXPERIMENT);
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stderr, /experiment iris/);
      assert.deepEqual(pointsOf(workspace.run(), "loss"), [[1, 0]]);

      const other = new Workspace(t);
      const named = runPython(other, SETS_EXPERIMENT, "-e", "wine");
      assert.equal(named.code, 0, named.stderr);
      assert.match(named.stderr, /the script sets the MLflow experiment iris/);
      assert.equal(other.runs().length, 2);
    });

    // scikit-learn comes with 3.x only.
    (series === 3 ? test : () => {})("autologging lands in it", (t: TestContext) => {
      const workspace = new Workspace(t);
      const done = runPython(workspace, AUTOLOG);
      assert.equal(done.code, 0, done.stderr);
      assert.equal(readText(workspace.run(), "params", "max_iter"), "50");
      assert.ok(pointsOf(workspace.run(), "training_score").length > 0);
      assert.equal(statusOf(workspace.run()), "FINISHED");
    });
  });
}

function has(run: string, key: string): boolean {
  return filesBelow(run).some((path) => path.endsWith(`/metrics/${key}`));
}
