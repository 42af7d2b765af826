/** Logs many keys with few descriptors and says, as JSON, what was acknowledged and what was refused. Argument: a workspace. */
import { spawnSync } from "node:child_process";
import { initWorkspace, openFileStore } from "../../core/index.js";
import { isRunstoneError, type Metric } from "../../store-format/index.js";

const KEYS = 500;
/** Set only now: the loader of Node opens all modules of a program at once. */
const limited = spawnSync("prlimit", ["--pid", String(process.pid), "--nofile=64:64"], { stdio: "inherit" });
if (limited.status !== 0) process.exit(1);
const workspace = process.argv[2] ?? "";
initWorkspace(workspace);
const store = openFileStore({ cwd: workspace });
const { info } = await store.createRun({ experimentId: "0" });
const writer = await store.openRun(info.runId);
const acked: Metric[] = [];
const refused: (string | undefined)[] = [];

async function attempt(points: readonly Metric[], call: () => unknown): Promise<void> {
  try {
    await call();
    acked.push(...points);
  } catch (error) {
    refused.push(isRunstoneError(error) ? error.code : String(error));
  }
}

const pointsAt = (step: number): Metric[] =>
  Array.from({ length: KEYS }, (_, n) => ({ key: `k${n}`, value: 0.5, timestamp: 1, step }));

for (const point of pointsAt(0)) await attempt([point], () => writer.logMetrics([point]));
await attempt(pointsAt(1), () => writer.logMetrics(pointsAt(1)));
await attempt([], () => writer.logParams({ lr: "0.1" }));
await attempt([], () => writer.setTags({ team: "a" }));
await attempt([], () => writer.flush());
let read = 0;
await attempt([], async () => {
  for (let n = 0; n < KEYS; n += 1)
    for await (const _ of store.getMetricHistory(info.runId, `k${n}`)) read += 1;
});
await attempt([], () => writer.end({ status: "FINISHED" }));
const points = acked.map(({ key, step }) => `${key} ${step}`);
process.stdout.write(JSON.stringify({ runId: info.runId, acked: points, refused, read }));
