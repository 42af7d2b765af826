/** Processes of MLflow and of Runstone write at the same time: nothing is lost, nothing is doubled. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { type Mlflow, releases } from "../helpers/mlflow.js";
import type { AppendRequest } from "./append-process.js";
import { assertSameView, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();

const execute = promisify(execFile);
const FULL = process.env.RUNSTONE_TIER === "full";
/** Writers 0 to 1 are MLflow, the rest Runstone. */
const WRITERS = FULL ? 8 : 5;
const MLFLOW_WRITERS = 2;
const POINTS = FULL ? 1_000 : 150;
const PARAMS = 5;
const APPEND = fileURLToPath(new URL("./append-process.js", import.meta.url));

for (const { series, skip, mlflow } of RELEASES) {
  describe(`at the same time as MLflow ${series}.x`, { skip }, () => {
    const folders: string[] = [];
    after(() => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });

    function race() {
      const workspace = realpathSync(mkdtempSync(join(tmpdir(), "runstone-race-")));
      folders.push(workspace);
      initWorkspace(workspace);
      return new Race(workspace, mlflow);
    }

    test("into one experiment", async () => {
      const party = race();
      const { experimentId } = await party.store.createExperiment({ name: "shared" });
      const runIds = await party.write({ experimentId });
      assert.equal(new Set(runIds).size, WRITERS);
      const seen = await party.assertSame();
      for (const [writer, runId] of runIds.entries()) {
        assertWritten(seen, runId, [writer]);
        assert.equal(seen.runs?.[runId]?.experiment_id, experimentId);
      }
    });

    test("into one run", async () => {
      const party = race();
      const { experimentId } = await party.store.createExperiment({ name: "shared" });
      const { info } = await party.store.createRun({ experimentId });
      // Two processes of MLflow that make one directory at once fail: they look for it first. So it is there.
      const before = { key: "own/before", timestamp: 1, step: 1, value: 1 };
      await party.store.logBatch(info.runId, { metrics: [before] });
      await party.write({ runId: info.runId });
      const everyone = Array.from({ length: WRITERS }, (_, writer) => writer);
      assertWritten(await viewOf(party.store), info.runId, everyone);
      const last = await party.store.openRun(info.runId);
      await last.end({ status: "FINISHED" });
      assertWritten(await party.assertSame(), info.runId, everyone);
    });
  });
}

/** Every point, param and tag of these writers is in the run exactly once, and a writer's own key is in its order. */
function assertWritten(seen: StoreView, runId: string, writers: readonly number[]): void {
  const run = seen.runs?.[runId] ?? {};
  const history = run.history as Record<string, number[][]>;
  const records = [run.params, run.tags] as readonly Record<string, string>[];
  const expected = writers.map(pointsOf);
  for (const [index, writer] of writers.entries())
    assert.deepEqual(history[`own/${writer}`], expected[index], `points of writer ${writer}`);
  const shared = [...(history.shared ?? [])].sort((a, b) => (a[2] ?? 0) - (b[2] ?? 0));
  assert.deepEqual(shared, expected.flat());
  for (const writer of writers)
    for (let index = 0; index < PARAMS; index++) {
      for (const record of records) assert.equal(record[`writer${writer}.${index}`], `${index}`);
    }
}

function pointsOf(writer: number): number[][] {
  const first = writer * 1_000_000;
  return Array.from({ length: POINTS }, (_, index) => [first + index, index, first + index]);
}

type Target = Pick<AppendRequest, "runId" | "experimentId">;

class Race {
  readonly root: string;
  readonly #workspace: string;
  readonly #mlflow: Mlflow;

  constructor(workspace: string, other: Mlflow) {
    this.#workspace = workspace;
    this.root = join(workspace, "mlruns");
    this.#mlflow = other;
  }

  get store() {
    return openFileStore({ cwd: this.#workspace });
  }

  /** Starts all writers, lets them go together when all are ready, and returns the runs they wrote into. */
  async write(target: Target): Promise<readonly string[]> {
    const go = join(this.#workspace, "go");
    const requests = Array.from({ length: WRITERS }, (_, writer) => this.#request(writer, go, target));
    const ended = Promise.all(requests.map((request) => this.#start(request)));
    const failed = new AbortController();
    ended.catch((error: unknown) => failed.abort(error));
    try {
      const ready = requests.map((request) => request.ready);
      await everyFile(ready, failed.signal);
    } finally {
      writeFileSync(go, ""); // also when one failed: the others must end
    }
    return ended;
  }

  #request(writer: number, go: string, target: Target): AppendRequest {
    const ready = join(this.#workspace, `ready-${writer}`);
    const keys = { ownKey: `own/${writer}`, sharedKey: "shared" };
    return { root: this.root, ...target, ...keys, writer, points: POINTS, params: PARAMS, ready, go };
  }

  async #start(request: AppendRequest): Promise<string> {
    if (request.writer >= MLFLOW_WRITERS)
      return (await execute(process.execPath, [APPEND, JSON.stringify(request)])).stdout.trim();
    const { root: uri, runId: run_id, experimentId: experiment_id } = request;
    const keys = { own_key: request.ownKey, shared_key: request.sharedKey };
    const answer = await this.#mlflow.callAlone("append", {
      ...request,
      uri,
      run_id,
      experiment_id,
      ...keys,
    });
    return (answer as { run_id: string }).run_id;
  }

  async assertSame(): Promise<StoreView> {
    const theirs = (await this.#mlflow.call("read_store", { uri: this.root })) as StoreView;
    assertSameView(await viewOf(this.store), theirs);
    return theirs;
  }
}

async function everyFile(paths: readonly string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !paths.every((path) => existsSync(path))) await wait(20);
}
