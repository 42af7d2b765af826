/** `kill -9` of a push at every request and at every change of its state, and of the server in between. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isPartial } from "../../sync/engine/report.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { assertNextCompletes, assertReceiptsTrue, type Bench, withBench } from "./fault-cases.js";
import { everyNth, runProgramme } from "./fault-lanes.js";
import type { PushTask } from "./push-child.js";
import { pushOnce } from "./push-once.js";

const SCRIPT = fileURLToPath(new URL("./push-child.js", import.meta.url));
const FULL = process.env.RUNSTONE_TIER === "full";
/** Of so many places one is taken in the quick tier; no multiple of what repeats. */
const STEP = FULL ? 1 : 7;

describe("a push that is killed", async () => {
  const server = await startMlflowModel({ after });
  const { requests, operations } = await withBench(server, async (bench) => {
    const said = await outputOf(startPush(bench));
    return { requests: bench.requests.length, operations: Number(/ops (\d+)/.exec(said)?.[1]) };
  });
  assert.ok(requests > 40 && operations > 10, `${requests} requests, ${operations} operations`);

  for (const acted of [false, true])
    test(`at each of ${requests} requests, the server ${acted ? "acted" : "never saw it"}`, async () => {
      await runProgramme({
        title: `a push killed at requests, the server ${acted ? "acted" : "never saw it"}`,
        cases: everyNth(placesFrom(acted ? 1 : 4, requests), STEP),
        nameOf: (at) => `request ${at}`,
        judge: (at) => withBench(server, (bench) => killAtRequest(bench, at, acted)),
      });
    });

  test(`at each of ${operations} changes of its state`, async () => {
    await runProgramme({
      title: "a push killed at changes of its state",
      cases: everyNth(placesFrom(0, operations - 1), STEP),
      nameOf: (at) => `operation ${at}`,
      judge: (at) => withBench(server, (bench) => killAtOperation(bench, at)),
    });
  });
});

/** From `first` to `last`, both among them. */
function placesFrom(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

async function killAtOperation(bench: Bench, at: number): Promise<void> {
  const child = startPush(bench, at);
  await once(child, "close");
  assert.equal(child.signalCode, "SIGKILL", `the child dies at operation ${at}`);
  await judge(bench, `operation ${at}`);
}

async function killAtRequest(bench: Bench, at: number, acted: boolean): Promise<void> {
  let child: ChildProcess | null = null;
  await bench.follow(({ ordinal }) => {
    if (ordinal !== at) return null;
    child?.kill("SIGKILL");
    return { kind: acted ? "reset-after" : "reset-before" };
  });
  child = startPush(bench);
  await once(child, "close");
  assert.equal(child.signalCode, "SIGKILL", `the child dies at request ${at}`);
  await judge(bench, `request ${at}`);
}

async function judge(bench: Bench, place: string): Promise<void> {
  await bench.follow(() => null);
  try {
    await assertReceiptsTrue(bench);
    await assertNextCompletes(bench);
  } catch (error) {
    throw new Error(`killed at ${place}: ${(error as Error).message}`, { cause: error });
  }
}

function startPush({ directory, url }: Bench, at?: number): ChildProcess {
  const task: PushTask = { directory, url, ...(at === undefined ? {} : { at }) };
  return spawn(process.execPath, [SCRIPT, JSON.stringify(task)], { stdio: ["ignore", "pipe", "inherit"] });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (text: Buffer) => {
    output += text;
  });
  await once(child, "close");
  return output;
}

const skip = await mlflowServerSkip("3");

describe("a server that is killed", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });
  for (const at of FULL ? [1, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 42] : [9])
    test(`at request ${at} of a push`, async () => {
      await withBench(server, async (bench) => {
        await bench.follow(({ ordinal }) => (ordinal === at ? { kind: "held", until: server.kill() } : null));
        const report = await pushOnce(bench);
        assert.ok(isPartial(report), "the push tells that it is not whole");
        await server.start();
        await judge(bench, `request ${at} of the server`);
      });
    });
});
