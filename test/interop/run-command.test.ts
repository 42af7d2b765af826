/** `runstone run -- python script.py`: an unmodified script that uses MLflow lands in this very run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { Run } from "../../store-format/index.js";
import { type Mlflow, mlflowEnvironment, releases } from "../helpers/mlflow.js";
import { REPOSITORY } from "../helpers/python.js";
import { assertSameView, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();

const CLI = join(REPOSITORY, "dist", "cli", "main.js");
const SCRIPTS = join(REPOSITORY, "test", "interop", "scripts");

for (const { series, skip, mlflow } of RELEASES) {
  describe(`runstone run with MLflow ${series}.x`, { skip }, () => {
    const folders: string[] = [];
    after(() => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });

    function project() {
      const workspace = realpathSync(mkdtempSync(join(tmpdir(), "runstone-run-")));
      folders.push(workspace);
      initWorkspace(workspace);
      return new Project(workspace, mlflow);
    }

    test("the script's run is this run", async () => {
      const work = project();
      const { status, stdout } = work.run(["--experiment", "wine"], "train.py", "0");
      assert.equal(status, 0);
      const [run, ...others] = await work.runs();
      assert.ok(run !== undefined && others.length === 0);
      assert.match(stdout, new RegExp(`logged into ${run.info.runId}\n(.*\n)?after end_run\n`));
      assert.equal(run.info.status, "FINISHED");
      assert.equal((await work.store.getExperiment(run.info.experimentId)).name, "wine");
      assertTrained(run);
      assert.deepEqual(run.metrics.extra, { timestamp: run.metrics.extra?.timestamp, value: 5, step: 1 });
      await work.assertSame();
      assert.equal(work.runstone(["fsck"]).status, 0);
    });

    test("the exit code decides, also after the script's own end_run", async () => {
      const work = project();
      assert.equal(work.run([], "train.py", "3").status, 3);
      const [run, ...others] = await work.runs();
      assert.ok(run !== undefined && others.length === 0);
      assert.equal(run.info.status, "FAILED");
      assertTrained(run);
    });

    test("logging without start_run", async () => {
      const work = project();
      assert.equal(work.run([], "no_run.py").status, 0);
      const [run, ...others] = await work.runs();
      assert.ok(run !== undefined && others.length === 0);
      assert.equal(run.params.lr, "0.1");
      assert.equal(run.metrics.loss?.step, 3);
    });

    test("a nested and a second start_run are runs of their own beside it", async () => {
      const work = project();
      const { status, stdout } = work.run(["--experiment", "wine"], "several_runs.py");
      assert.equal(status, 0);
      const [first = "", nested = "", second = ""] = stdout.trim().split("\n").at(-1)?.split(" ") ?? [];
      const runs = new Map((await work.runs()).map((run) => [run.info.runId, run]));
      assert.deepEqual([...runs.keys()].sort(), [first, nested, second].sort());
      const which = [first, nested, second].map((id) => runs.get(id)?.metrics.which?.value);
      assert.deepEqual(which, [1, 2, 3]);
      assert.equal(runs.get(nested)?.tags["mlflow.parentRunId"], first);
      assert.equal(runs.get(second)?.info.experimentId, runs.get(first)?.info.experimentId);
      assert.deepEqual(new Set([...runs.values()].map((run) => run.info.status)), new Set(["FINISHED"]));
      await work.assertSame();
    });

    test("a script that takes its experiment as an argument agrees with --experiment", async () => {
      const work = project();
      assert.equal(work.run(["--experiment", "wine"], "set_experiment.py", "wine").status, 0);
      const [run, ...others] = await work.runs();
      assert.ok(run !== undefined && others.length === 0);
      assert.equal(run.metrics.loss?.value, 0.5);
    });

    test("a script that names its experiment in its text gets it; another one is not broken", async () => {
      const work = project();
      const { status, stderr } = work.run([], "own_experiment.py");
      assert.equal(status, 0, stderr);
      const [run, ...others] = await work.runs();
      assert.ok(run !== undefined && others.length === 0);
      assert.equal((await work.store.getExperiment(run.info.experimentId)).name, "iris");
      const again = work.run(["--experiment", "wine"], "own_experiment.py");
      assert.equal(again.status, 0, again.stderr);
      assert.match(again.stderr, /the script sets the MLflow experiment iris/);
      const logged = (await work.runs()).filter((found) => found.metrics.loss?.value === 0.5);
      assert.equal(logged.length, 2);
      await work.assertSame();
    });

    // scikit-learn is installed beside 3.x only.
    const autologTest = series === 3 ? test : () => undefined;
    autologTest("autologging", async () => {
      const work = project();
      assert.equal(work.run(["--experiment", "iris"], "autolog.py").status, 0);
      const [run, ...others] = await work.runs();
      assert.ok(run !== undefined && others.length === 0);
      assert.equal(run.params.C, "0.5");
      assert.ok((run.metrics.training_accuracy_score?.value ?? 0) > 0.9);
      assert.equal(run.inputs.datasetInputs.length, 1);
      const [model] = await work.store.listLoggedModels(run.info.experimentId);
      assert.equal(model?.sourceRunId, run.info.runId);
      assert.equal(run.outputs[0]?.modelId, model?.modelId);
      await work.assertSame();
    });
  });
}

function assertTrained(run: Run): void {
  assert.equal(run.params.lr, "0.1");
  assert.equal(run.params["optimizer.name"], "adam");
  assert.equal(run.params.lines, "a\nb");
  assert.equal(run.metrics["train/loss"]?.value, 0.2);
  assert.equal(run.metrics["train/loss"]?.step, 4);
  assert.ok(Number.isNaN(run.metrics.nan?.value));
  assert.equal(run.tags.team, "nlp");
  assert.ok((run.info.endTime ?? 0) >= (run.info.startTime ?? 0));
}

/** A workspace in which commands are run. */
class Project {
  readonly #workspace: string;
  readonly #mlflow: Mlflow;

  constructor(workspace: string, python: Mlflow) {
    this.#workspace = workspace;
    this.#mlflow = python;
  }

  get store() {
    return openFileStore({ cwd: this.#workspace });
  }

  /** `runstone run <options> -- python <script> <argument>` */
  run(options: readonly string[], script: string, ...args: readonly string[]) {
    return this.runstone(["run", ...options, "--", this.#mlflow.python, join(SCRIPTS, script), ...args]);
  }

  runstone(args: readonly string[]) {
    // The variable that opens the file store must come from the wrapper.
    const { MLFLOW_ALLOW_FILE_STORE: _, ...env } = mlflowEnvironment();
    return spawnSync(process.execPath, [CLI, ...args], {
      cwd: this.#workspace,
      env: { ...env, RUNSTONE_SPOOL_DIR: join(this.#workspace, ".runstone") },
      encoding: "utf8",
    });
  }

  async runs(): Promise<readonly Run[]> {
    const runs: Run[] = [];
    for await (const run of this.store.listRuns({ view: "all" })) runs.push(run);
    return runs;
  }

  async assertSame(): Promise<void> {
    const theirs = await this.#mlflow.call("read_store", { uri: join(this.#workspace, "mlruns") });
    assertSameView(await viewOf(this.store), theirs as StoreView);
  }
}
