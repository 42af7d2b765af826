/** Memory of a push of much: many runs, and long series, beside a process that has only loaded the same program. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createFileStore } from "../core/store/open-store.js";
import { initWorkspace } from "../core/workspace/init-workspace.js";
import { cleanEnvironment } from "./measure.js";
import { startSink } from "./sync-sink.js";
import { printRow } from "./table.js";

export interface SyncMemorySizes {
  readonly runs: number;
  readonly points: number;
}

/** What "flat" allows over an idle process, besides the series that is read back. */
const ALLOWED_MIB = 150;
/** Of a point that is read back. */
const POINT_BYTES = 24;
const CHILD = fileURLToPath(new URL("sync-memory-child.js", import.meta.url));

const execute = promisify(execFile);

export async function benchSyncMemory(place: string, { runs, points }: SyncMemorySizes): Promise<void> {
  const directory = mkdtempSync(join(place, "runstone-bench-"));
  try {
    const idle = await peakOf(directory, "");
    const shapes = [
      { size: `${runs.toLocaleString("en")} runs of 10 points`, runs, keys: 1, points: 10 },
      { size: `1 run, 10 series of ${(points / 10).toLocaleString("en")} points`, runs: 1, keys: 10, points },
      { size: `1 run, 1 series of ${points.toLocaleString("en")} points`, runs: 1, keys: 1, points },
    ];
    for (const [number, shape] of shapes.entries()) {
      const workspace = join(directory, String(number));
      mkdirSync(workspace);
      await makeStore(workspace, shape);
      const peak = await pushPeak(workspace);
      report(shape, { idle, peak });
      rmSync(workspace, { recursive: true, force: true });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Shape {
  readonly size: string;
  readonly runs: number;
  readonly keys: number;
  /** Of a run, over all keys. */
  readonly points: number;
}

function report({ size, keys, points }: Shape, { idle, peak }: { idle: number; peak: number }): void {
  const series = (points / keys) * POINT_BYTES;
  const allowed = ALLOWED_MIB + Math.round(series / 1_048_576);
  printRow({
    ...{ scenario: "memory: push, read back included", size },
    result: `${Math.round(peak)} MiB at most`,
    baseline: `${Math.round(idle)} MiB (idle)`,
    ratio: `+${Math.round(peak - idle)} MiB`,
    bar: `<= +${allowed} MiB (${ALLOWED_MIB} MiB and ${POINT_BYTES} B a point of the longest series)`,
    met: peak - idle <= allowed,
  });
}

async function makeStore(directory: string, { runs, keys, points }: Shape): Promise<void> {
  initWorkspace(directory);
  const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
  const { experimentId } = await store.createExperiment({ name: "much" });
  for (let number = 0; number < runs; number += 1) {
    const { info } = await store.createRun({ experimentId, runName: `run-${number}` });
    const writer = await store.openRun(info.runId);
    for (let step = 0; step < points; step += 1)
      writer.logMetrics([
        { key: `m${step % keys}`, value: step * 0.37, step, timestamp: 1_700_000_000_000 + step },
      ]);
    await writer.end({ status: "FINISHED" });
  }
}

/** MiB. */
async function pushPeak(workspace: string): Promise<number> {
  const sink = await startSink();
  try {
    return await peakOf(workspace, sink.url);
  } finally {
    sink.close();
  }
}

/** MiB; an empty address: of a process that pushes nothing. */
async function peakOf(directory: string, url: string): Promise<number> {
  const { stdout } = await execute(process.execPath, [CHILD, directory, url], { env: cleanEnvironment() });
  return Number(stdout) / 1024;
}
