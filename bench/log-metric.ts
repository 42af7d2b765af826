/** `logMetric` one by one, beside a bare loop of `writeSync`, and from several processes. */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFileStore } from "../core/index.js";
import { ActiveRun } from "../sdk/index.js";
import { cleanEnvironment, inTurn, timed } from "./measure.js";
import { perSecond, printRow } from "./table.js";

const POINTS = 200_000;
const BAR = 0.5;

export async function benchLogMetric(): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "runstone-bench-"));
  try {
    await oneByOne(place);
    await severalProcesses(place, { processes: 8, runs: "one" });
    await severalProcesses(place, { processes: 64, runs: "own" });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function oneByOne(place: string): Promise<void> {
  const store = createFileStore({ cwd: place, path: "single" });
  let round = 0;
  const bare = (): Promise<number> => {
    round += 1;
    const fd = openSync(join(place, `bare-${round}`), "a");
    return timed(() => {
      for (let step = 0; step < POINTS; step += 1) writeSync(fd, `${Date.now()} ${step * 0.37} ${step}\n`);
    }).finally(() => closeSync(fd));
  };
  const logged = async (): Promise<number> => {
    const { info } = await store.createRun({ experimentId: "0" });
    const run = new ActiveRun(store, await store.openRun(info.runId), { owned: true });
    const time = await timed(() => {
      for (let step = 0; step < POINTS; step += 1) run.logMetric("loss", step * 0.37, step);
    });
    await run.end();
    return time;
  };
  const { subject, baseline, ratio } = await inTurn(logged, bare, 5);
  printRow({
    scenario: "`logMetric` one by one, default durability",
    size: `${POINTS.toLocaleString("en")} points`,
    result: perSecond(POINTS, subject.median),
    baseline: `${perSecond(POINTS, baseline.median)} (\`writeSync\` loop)`,
    ratio: `${(1 / ratio).toFixed(2)}x`,
    bar: `>= ${BAR}x`,
    met: 1 / ratio >= BAR,
  });
}

interface Crowd {
  readonly processes: number;
  /** All into one run, or each into a run of its own in one store. */
  readonly runs: "one" | "own";
}

const EACH = 20_000;

async function severalProcesses(place: string, crowd: Crowd): Promise<void> {
  const path = join(place, `crowd-${crowd.processes}`);
  const store = createFileStore({ cwd: place, path });
  const shared = (await store.createRun({ experimentId: "0" })).info.runId;
  const ids = await Promise.all(
    Array.from({ length: crowd.processes }, async () =>
      crowd.runs === "one" ? shared : (await store.createRun({ experimentId: "0" })).info.runId,
    ),
  );
  const total = crowd.processes * EACH;
  const time = await timed(async () => {
    await Promise.all(ids.map((runId) => logInProcess(path, runId)));
  });
  let kept = 0;
  for (const runId of new Set(ids)) for await (const _ of store.getMetricHistory(runId, "loss")) kept += 1;
  printRow({
    scenario: `${crowd.processes} processes, ${crowd.runs === "one" ? "into one run" : "each into its own run of one store"}`,
    size: `${total.toLocaleString("en")} points`,
    result: perSecond(total, time),
    baseline: `${kept.toLocaleString("en")} points read back`,
    ratio: "",
    bar: "none lost, none doubled",
    met: kept === total,
  });
}

function logInProcess(path: string, runId: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("log-child.js", import.meta.url)), path, runId, String(EACH)],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: cleanEnvironment(),
    },
  );
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`a logging process ended with ${code}`)),
    );
  });
}
