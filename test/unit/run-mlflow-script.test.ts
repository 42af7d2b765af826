import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { leadMlflow, readMlflowScript } from "../../cli/run/mlflow-script.js";

test("what a script says about MLflow", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "runstone-script-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const read = (text: string, ...words: readonly string[]) => {
    writeFileSync(join(directory, "train.py"), text);
    return readMlflowScript(words.length > 0 ? words : ["python", "-u", "train.py", "--lr", "1"], directory);
  };
  const none = { experiment: null, ownTracking: false };
  assert.deepEqual(read('import mlflow\nmlflow.set_experiment("wine")\n'), { ...none, experiment: "wine" });
  assert.deepEqual(read("import mlflow\n  mlflow.set_experiment(experiment_name='a b')"), {
    ...none,
    experiment: "a b",
  });
  assert.deepEqual(
    read('import mlflow\nmlflow.set_experiment(f"wine-{x}")\n# mlflow.set_tracking_uri("x")'),
    none,
  );
  assert.deepEqual(read('import mlflow\nmlflow.set_experiment("a")\nmlflow.set_experiment("b")'), none);
  assert.deepEqual(read("import mlflow\nmlflow.set_tracking_uri(URI)\n"), { ...none, ownTracking: true });
  assert.deepEqual(read("import mlflow", "python", "absent.py"), none);
  assert.deepEqual(read("import mlflow", "make", "train"), none);

  const run = { runId: "r", experimentId: "1", root: "/a b;c/mlruns" };
  const led = leadMlflow({ ...none, experiment: "wine" }, "wine").environment({ PYTHONUNBUFFERED: "" }, run);
  assert.equal(led.MLFLOW_RUN_ID, "r");
  assert.equal(led.MLFLOW_TRACKING_URI, "file:///a%20b%3Bc/mlruns");
  assert.equal(led.PYTHONUNBUFFERED, "");
  const beside = leadMlflow({ ...none, experiment: "iris" }, "wine").environment({}, run);
  assert.equal(beside.MLFLOW_RUN_ID, undefined);
  assert.equal(beside.MLFLOW_TRACKING_URI, led.MLFLOW_TRACKING_URI);
  assert.equal(
    leadMlflow({ ...none, ownTracking: true }, "wine").environment({}, run).MLFLOW_TRACKING_URI,
    undefined,
  );
});
