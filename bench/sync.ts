/** Pushing runs to a real MLflow server: against MLflow's own client, and against what the server can take at all. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createFileStore } from "../core/store/open-store.js";
import { initWorkspace } from "../core/workspace/init-workspace.js";
import { mlflowEnvironment } from "../test/helpers/mlflow.js";
import { type MlflowServer, mlflowServerSkip, startMlflowServer } from "../test/helpers/mlflow-server.js";
import type { Scope } from "../test/helpers/processes.js";
import { REPOSITORY } from "../test/helpers/python.js";
import { cleanEnvironment, timed } from "./measure.js";
import { sendLoad } from "./sync-load.js";
import { recordPush } from "./sync-recording.js";
import { printRow } from "./table.js";

export interface SyncSizes {
  readonly runs: number;
  /** Runs of a copy call by call, which takes long. */
  readonly fewRuns: number;
}

const SHAPE = { params: 10, metrics: 10, points: 100, artifacts: 3, artifactBytes: 102_400 };
/** Of a pushed run: its origin, the time of the push, the user and the like. */
const TAGS = 5;
const JOBS = 4;
/** As `mlflow server` has by default. */
const WORKERS = 4;
/** Runs whose requests are recorded: as many as a push reads back together. */
const RECORDED_RUNS = 50;
const BINARY = join(REPOSITORY, "dist", "bin", "runstone.js");
const SCRIPT = join(REPOSITORY, "bench", "sync-mlflow.py");

const execute = promisify(execFile);

export async function benchSync(place: string, { runs, fewRuns }: SyncSizes): Promise<void> {
  if ((await mlflowServerSkip("3")) !== false) return;
  const directory = mkdtempSync(join(place, "runstone-bench-sync-"));
  const endings: (() => void | Promise<void>)[] = [];
  try {
    const scope = { after: (end: () => void | Promise<void>) => void endings.push(end) };
    const server = await startMlflowServer(scope, { version: "3", workers: WORKERS });
    await compare(server, { scope, directory, runs, fewRuns });
  } finally {
    for (const end of endings.reverse()) await end();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Comparison extends SyncSizes {
  readonly scope: Scope;
  readonly directory: string;
}

async function compare(server: MlflowServer, comparison: Comparison): Promise<void> {
  const { scope, directory, runs, fewRuns } = comparison;
  const recorded = join(directory, "recorded");
  mkdirSync(recorded);
  await makeStore(recorded, RECORDED_RUNS, "recorded");
  await makeStore(directory, runs, "pushed");
  const env = { ...cleanEnvironment(), HOME: directory, XDG_CONFIG_HOME: join(directory, "config") };
  const runstone = (args: readonly string[], cwd = directory): Promise<unknown> =>
    execute(process.execPath, [BINARY, ...args], { cwd, env, maxBuffer: 64 * 1_048_576 });
  // The first load warms the server's workers up, too.
  const recording = await recordPush(scope, server.url, async (url) => {
    await runstone(["remote", "add", "lab", url], recorded);
    await runstone(["push", "--jobs", String(JOBS)], recorded);
  });
  await runstone(["remote", "add", "lab", server.url]);
  const copied = (kind: string, count: number): Promise<number> =>
    copyWithMlflow(server, { kind, runs: count });
  const load = { url: server.url, runs, jobs: JOBS };
  const before = await sendLoad(recording, { ...load, experiment: "load before" });
  const pushed = await timed(async () => void (await runstone(["push", "--jobs", String(JOBS)])));
  const after = await sendLoad(recording, { ...load, experiment: "load after" });
  const batches = await copied("batches", runs);
  const calls = ((await copied("call-by-call", fewRuns)) * runs) / fewRuns;
  const again = await timed(async () => void (await runstone(["push"])));
  const bare = (before + after) / 2;
  const size = `${runs.toLocaleString("en")} runs x 10 params x 10 metrics x 100 points + 3 x 100 KB`;
  const row = { scenario: "push to MLflow 3 on SQLite", size, result: seconds(pushed) };
  const rows = [
    { baseline: `the same requests, bare: ${seconds(bare)}`, ratio: bare / pushed, least: 0.8 },
    { baseline: `MLflow's client by log_batch: ${seconds(batches)}`, ratio: batches / pushed, least: 2 },
    {
      baseline: `MLflow's client call by call: about ${seconds(calls)}, extrapolated from ${fewRuns} runs`,
      ratio: calls / pushed,
      least: 10,
    },
  ];
  for (const { baseline, ratio, least } of rows)
    printRow({ ...row, baseline, ratio: times(ratio), bar: `${least}x`, met: ratio >= least });
  const requests = [...recording.runs.values(), recording.readBack].flat().length / recording.runs.size;
  printRow({
    ...{ scenario: "requests of a push", size: "a run of these" },
    ...{ result: requests.toFixed(2), baseline: "-", ratio: "-", bar: "-", met: null },
  });
  printRow({
    ...{ scenario: "second push, nothing new", size: `${runs.toLocaleString("en")} runs` },
    ...{ result: seconds(again), baseline: "-", ratio: "-", bar: "1 s", met: again <= 1_000 },
  });
}

function seconds(time: number): string {
  return `${(time / 1_000).toFixed(time < 10_000 ? 2 : 0)} s`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}x`;
}

async function makeStore(directory: string, runs: number, name: string): Promise<void> {
  initWorkspace(directory);
  const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
  const { experimentId } = await store.createExperiment({ name });
  for (let number = 0; number < runs; number += 1) {
    const { info } = await store.createRun({ experimentId, runName: `run-${number}` });
    const writer = await store.openRun(info.runId);
    writer.logParams(
      Object.fromEntries(Array.from({ length: SHAPE.params }, (_, index) => [`p${index}`, `${index / 7}`])),
    );
    writer.logMetrics(
      Array.from({ length: SHAPE.metrics * SHAPE.points }, (_, index) => ({
        key: `m${Math.floor(index / SHAPE.points)}`,
        value: Math.random(),
        timestamp: 1_700_000_000_000 + index,
        step: index % SHAPE.points,
      })),
    );
    for (let index = 0; index < SHAPE.artifacts; index += 1)
      writer.logArtifactBytes(`artifact-${index}.bin`, randomBytes(SHAPE.artifactBytes));
    await writer.end({ status: "FINISHED" });
  }
}

/** Milliseconds. */
async function copyWithMlflow(
  server: MlflowServer,
  { kind, runs }: { readonly kind: string; readonly runs: number },
): Promise<number> {
  const { artifactBytes, ...shape } = SHAPE;
  const request = {
    ...shape,
    tags: TAGS,
    artifact_bytes: artifactBytes,
    url: server.url,
    experiment: kind,
    kind,
    runs,
  };
  const { stdout } = await execute(server.python, [SCRIPT, JSON.stringify(request)], {
    env: mlflowEnvironment(),
  });
  return (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { seconds: number }).seconds * 1_000;
}
