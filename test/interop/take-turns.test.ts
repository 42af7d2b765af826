/** Runstone and MLflow write one store in turn; after each turn both sides see the same. */
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fsck } from "../../core/maintenance/fsck.js";
import { openFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { type Mlflow, releases } from "../helpers/mlflow.js";
import { assertSameView, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();

type Call = readonly [method: string, positional: readonly unknown[], keywords?: object];

for (const { series, skip, mlflow } of RELEASES) {
  describe(`in turn with MLflow ${series}.x`, { skip }, () => {
    const folders: string[] = [];
    after(() => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });

    function table() {
      const workspace = realpathSync(mkdtempSync(join(tmpdir(), "runstone-turns-")));
      folders.push(workspace);
      initWorkspace(workspace);
      return new Table(workspace, mlflow);
    }

    test("MLflow logs into an experiment of Runstone's; Runstone changes the run", async () => {
      const turns = table();
      const { store } = turns;
      const { experimentId } = await store.createExperiment({ name: "shared: 1" });
      const runId = await turns.mlflowRun(experimentId);
      await turns.assertSame();
      await store.setTags(runId, { "mlflow.runName": "renamed by Runstone", lines: "a\nb" });
      await store.updateRun(runId, { runName: "named: again" });
      await store.setExperimentTags(experimentId, { owner: "ana" });
      await store.renameExperiment(experimentId, "shared: 2");
      await turns.assertSame();
      await store.deleteRun(runId);
      assert.equal((await turns.assertSame()).runs?.[runId]?.lifecycle_stage, "deleted");
      await store.restoreRun(runId);
      assert.equal((await turns.assertSame()).runs?.[runId]?.lifecycle_stage, "active");
    });

    test("MLflow changes a finished run of Runstone's", async () => {
      const turns = table();
      const { store } = turns;
      const { experimentId } = await store.createExperiment({ name: "sealed" });
      const runId = await turns.runstoneRun(experimentId);
      const calls: Call[] = [
        ["set_tag", [runId, "reviewed", "yes: twice"]],
        ["log_metric", [runId, "loss", 0.125, 1_700_000_009_000, 9]],
        ["log_param", [runId, "late", "1"]],
        ["log_text", [runId, "late text", "late/note.txt"]],
        ["delete_tag", [runId, "team"]],
        ["set_terminated", [runId, "FAILED", 1_700_000_010_000]],
      ];
      await turns.mlflow(calls);
      const seen = await turns.assertSame();
      assert.deepEqual(seen.runs?.[runId]?.metrics, { loss: [1_700_000_009_000, 0.125, 9] });
      assert.deepEqual(turns.changedSinceSealed(), [
        "added artifacts/late/note.txt",
        "added params/late",
        "added tags/reviewed",
        "changed meta.yaml",
        "longer metrics/loss",
        "removed tags/team",
      ]);
      await store.logBatch(runId, {
        metrics: [{ key: "loss", value: 0.0625, timestamp: 1_700_000_011_000, step: 10 }],
      });
      const again = await turns.assertSame();
      assert.deepEqual(again.runs?.[runId]?.history, {
        loss: [
          [1_700_000_000_000, 0.5, 0],
          [1_700_000_001_000, 0.25, 1],
          [1_700_000_009_000, 0.125, 9],
          [1_700_000_011_000, 0.0625, 10],
        ],
      });
    });

    test("MLflow deletes what Runstone made, Runstone restores it, and the other way round", async () => {
      const turns = table();
      const { store } = turns;
      const { experimentId } = await store.createExperiment({ name: "to and fro" });
      const runId = await turns.runstoneRun(experimentId);
      await turns.mlflow([
        ["rename_experiment", [experimentId, "fro: and to"]],
        ["delete_experiment", [experimentId]],
      ]);
      assert.equal((await store.getExperiment(experimentId)).lifecycleStage, "deleted");
      await turns.assertSame();
      await store.restoreExperiment(experimentId);
      assert.equal((await turns.assertSame()).runs?.[runId]?.lifecycle_stage, "active");
      await store.deleteExperiment(experimentId);
      await turns.assertSame();
      await turns.mlflow([
        ["restore_experiment", [experimentId]],
        ["delete_run", [runId]],
      ]);
      assert.equal((await turns.assertSame()).runs?.[runId]?.lifecycle_stage, "deleted");
      await store.restoreRun(runId);
      await turns.assertSame();
      assert.equal((await store.getExperimentByName("fro: and to"))?.experimentId, experimentId);
    });

    test("an experiment made by MLflow is the one Runstone finds by name, and no second is made", async () => {
      const turns = table();
      const [experimentId] = await turns.mlflow([["create_experiment", ["made by MLflow"]]]);
      assert.equal((await turns.store.getExperimentByName("made by MLflow"))?.experimentId, experimentId);
      await assert.rejects(turns.store.createExperiment({ name: "made by MLflow" }), {
        code: "RESOURCE_ALREADY_EXISTS",
      });
      const { experimentId: ours } = await turns.store.createExperiment({ name: "made by Runstone" });
      await assert.rejects(turns.mlflow([["create_experiment", ["made by Runstone"]]]), /already exists/);
      assert.deepEqual(await turns.mlflow([["get_experiment_by_name", ["made by Runstone"]]]), [ours]);
    });

    // MLflow 1.x keeps no registry in files.
    const registryTest = series === 1 ? () => undefined : test;
    registryTest("the registry, one version each", async () => {
      const turns = table();
      const { store } = turns;
      const { experimentId } = await store.createExperiment({ name: "models" });
      const runId = await turns.runstoneRun(experimentId);
      const source = (await store.getRun(runId)).info.artifactUri;
      await store.createRegisteredModel("parser", { tags: { team: "nlp" } });
      await store.createModelVersion({ name: "parser", source, runId });
      await turns.mlflow([
        ["create_model_version", ["parser", source, runId]],
        ["set_registered_model_alias", ["parser", "champion", "2"]],
        ["set_model_version_tag", ["parser", "1", "gate", "passed"]],
      ]);
      await turns.assertSame();
      assert.equal((await store.getModelVersionByAlias("parser", "champion")).version, 2);
      await store.createModelVersion({ name: "parser", source, runId });
      await store.setAlias("parser", "champion", 3);
      await store.transitionStage("parser", 3, "Production");
      const seen = await turns.assertSame();
      assert.deepEqual(Object.keys(seen.model_versions ?? {}).sort(), ["parser/1", "parser/2", "parser/3"]);
    });
  });
}

/** One store with Runstone on the one side of the table and MLflow on the other. */
class Table {
  readonly uri: string;
  readonly #workspace: string;
  readonly #mlflow: Mlflow;

  constructor(workspace: string, other: Mlflow) {
    this.#workspace = workspace;
    this.uri = join(workspace, "mlruns");
    this.#mlflow = other;
  }

  /** Opened anew for each turn: nothing is remembered. */
  get store() {
    return openFileStore({ cwd: this.#workspace });
  }

  async mlflow(calls: readonly Call[]): Promise<readonly unknown[]> {
    return (await this.#mlflow.call("act", { uri: this.uri, calls })) as unknown[];
  }

  /** A run that MLflow makes and ends. */
  async mlflowRun(experimentId: string): Promise<string> {
    const [runId] = await this.mlflow([["create_run", [experimentId, 1_700_000_000_000]]]);
    assert.ok(typeof runId === "string");
    await this.mlflow([
      ["log_param", [runId, "lr", "0.1"]],
      ["log_metric", [runId, "loss", 0.5, 1_700_000_000_000, 1]],
      ["log_text", [runId, "hello", "notes/a.txt"]],
      ["set_terminated", [runId]],
    ]);
    return runId;
  }

  /** A run that Runstone makes and seals. */
  async runstoneRun(experimentId: string): Promise<string> {
    const { store } = this;
    const { info } = await store.createRun({ experimentId, params: { lr: "0.1" }, tags: { team: "nlp" } });
    const writer = await store.openRun(info.runId);
    writer.logMetrics([
      { key: "loss", value: 0.5, timestamp: 1_700_000_000_000, step: 0 },
      { key: "loss", value: 0.25, timestamp: 1_700_000_001_000, step: 1 },
    ]);
    writer.logArtifactBytes("notes/a.txt", Buffer.from("hello"));
    await writer.end({ status: "FINISHED" });
    return info.runId;
  }

  /** What fsck says changed since the seal; it must find no damage. */
  changedSinceSealed(): readonly string[] {
    const report = fsck(this.store.context);
    assert.deepEqual(report.damages, []);
    return report.changes.map(({ what, path }) => `${what} ${path.replace(/^.*?\/.*?\//, "")}`).sort();
  }

  /** Both sides read everything and agree. Returns what MLflow sees. */
  async assertSame(): Promise<StoreView> {
    const theirs = (await this.#mlflow.call("read_store", { uri: this.uri })) as StoreView;
    assertSameView(await viewOf(this.store), theirs);
    return theirs;
  }
}
