/**
 * `kill -9` of a pull at every request and at every change that it makes, into a store that is empty and into one that has
 * the runs as they were before: the store is valid at once, and the next pull makes it equal to the server.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fsck } from "../../core/index.js";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { isPartial } from "../../sync/engine/report.js";
import { noFault } from "../helpers/fault-proxy.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { everyNth, runProgramme } from "./fault-lanes.js";
import {
  assertWhole,
  type Filled,
  fillServer,
  newDirectory,
  type Place,
  PULL,
  type Reading,
  withPlace,
} from "./fault-reading-cases.js";
import type { PullTask } from "./pull-child.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";

const SCRIPT = fileURLToPath(new URL("./pull-child.js", import.meta.url));
const FULL = process.env.RUNSTONE_TIER === "full";

describe("a pull into an empty store that is killed", async () => {
  await kills(await fillServer({ after }, await startMlflowModel({ after })), PULL);
});

describe("a pull of what changed there that is killed", async () => {
  const former = await fillServer({ after }, await startMlflowModel({ after }));
  const before = newDirectory({ after });
  PULL.prepare(former, before);
  await PULL.read(former, { directory: before, url: former.server.url });
  const filled = { ...former, pulled: await changeThere(former) };
  await kills(filled, { ...PULL, prepare: (_, directory) => cpSync(before, directory, { recursive: true }) });
});

/** Changes every run there; returns what a pull into an empty store brings then. */
async function changeThere(filled: Filled): Promise<Filled["pulled"]> {
  const { source, runIds, server, experimentName } = filled;
  const store = createFileStore({ cwd: source, path: join(source, "mlruns") });
  for (const runId of runIds) {
    const { info } = await store.getRun(runId);
    const writer = await store.openRun(runId);
    writer.logParams({ later: "1" });
    writer.setTags({ stage: "prod" });
    writer.logMetrics([{ key: "loss", value: 7, timestamp: 1_700_000_009_000, step: 900 }]);
    writer.logArtifactBytes("later/a.bin", Buffer.from("later"));
    await writer.end({ status: info.status, endTime: info.endTime! });
  }
  assert.equal((await pushOnce({ directory: source, url: server.url })).counts.done, runIds.length);
  const directory = newDirectory({ after });
  PULL.prepare(filled, directory);
  await pullOnce({ directory, url: server.url, pull: { experimentNames: new Set([experimentName]) } });
  return assertWhole(directory);
}

async function kills(filled: Filled, reading: Reading): Promise<void> {
  const { requests, operations } = await withPlace(filled, reading, async (place) => {
    const said = await outputOf(startPull(filled, place));
    const requests = place.proxy.requests.length;
    await judge(filled, reading, place);
    return { requests, operations: Number(/ops (\d+)/.exec(said)?.[1]) };
  });
  assert.ok(requests > 10 && operations > 50, `${requests} requests, ${operations} operations`);
  const kinds = [
    ["requests, the server never saw it", requests, 9],
    ["requests, the server acted", requests, 11],
    ["changes that it makes", operations, 61],
  ] as const;
  for (const [kind, places, step] of kinds)
    test(`at each of ${places} ${kind}`, async () => {
      await runProgramme({
        title: `a pull killed at ${kind}`,
        cases: everyNth(
          Array.from({ length: places }, (_, at) => at),
          FULL ? 1 : step,
        ),
        nameOf: (at) => `${kind}: ${at}`,
        judge: (at) =>
          withPlace(filled, reading, async (place) => {
            if (kind === "changes that it makes") await killed(startPull(filled, place, at));
            else
              await killAtRequest(filled, place, {
                at: at + 1,
                acted: kind === "requests, the server acted",
              });
            assertWhole(place.directory);
            await judge(filled, reading, place);
          }),
      });
    });
}

async function killAtRequest(
  filled: Filled,
  place: Place,
  { at, acted }: { readonly at: number; readonly acted: boolean },
): Promise<void> {
  let child: ChildProcess | null = null;
  place.proxy.follow(({ ordinal }) => {
    if (ordinal !== at) return null;
    child?.kill("SIGKILL");
    return { kind: acted ? "reset-after" : "reset-before" };
  });
  child = startPull(filled, place);
  await killed(child);
}

async function killed(child: ChildProcess): Promise<void> {
  await once(child, "close");
  assert.equal(child.signalCode, "SIGKILL");
}

/** The next pull makes it whole, and a push has nothing to send. */
async function judge(filled: Filled, reading: Reading, { directory, proxy }: Place): Promise<void> {
  proxy.follow(noFault);
  const bench = { directory, url: proxy.url };
  const report = await reading.read(filled, bench);
  assert.ok(!isPartial(report), "the next pull is whole");
  assert.deepEqual(assertWhole(directory), filled.pulled, "the store equals the server");
  const { damages } = fsck(openContext({ cwd: directory }));
  // What the process had half built when it died is in nobody's way, and is removed when it is old.
  assert.deepEqual(
    damages.filter(({ kind }) => kind !== "leftover_temporary"),
    [],
  );
  const pushed = await pushOnce(bench);
  assert.deepEqual([pushed.counts.done, pushed.counts.failed], [0, 0], "a push then has nothing to send");
}

function startPull({ experimentName }: Filled, { directory, proxy }: Place, at?: number): ChildProcess {
  const task: PullTask = { directory, experimentName, url: proxy.url, ...(at === undefined ? {} : { at }) };
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
