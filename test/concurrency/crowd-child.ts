/** One process of a crowd. Arguments: store, task, id, and what the task needs. Prints a line for each acknowledged step. */
import { writeSync } from "node:fs";
import { createFileStore, openFileStore, processOwner } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";

const [path = "", task = "", id = "", ...rest] = process.argv.slice(2);

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Points carry who wrote them and their number, so that each can be found again. */
async function logPoints(runId: string, count: number): Promise<void> {
  const writer = await openFileStore({ cwd: "/", path }).openRun(runId);
  say("open");
  for (let n = 0; n < count; n += 1) {
    writer.logMetrics([
      { key: n % 3 === 0 ? "shared" : `own/${id}`, value: n, step: Number(id), timestamp: n },
    ]);
    say(`acked ${n}`);
  }
  await writer.close();
  say("closed");
}

async function createNamed(name: string): Promise<void> {
  const store = createFileStore({ cwd: "/", path });
  try {
    say(`created ${(await store.createExperiment({ name })).experimentId}`);
  } catch (error) {
    if (!isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
    say(`exists ${(await store.getExperimentByName(name))?.experimentId}`);
  }
  const experiment = await store.getExperimentByName(name);
  const run = await store.createRun({ experimentId: experiment?.experimentId ?? "", runName: `r${id}` });
  say(`run ${run.info.runId}`);
}

async function logArtifact(runId: string): Promise<void> {
  const writer = await openFileStore({ cwd: "/", path }).openRun(runId);
  writer.logArtifactBytes("same.txt", Buffer.alloc(100_000, id));
  writer.logArtifactBytes("equal.txt", Buffer.from("equal"));
  await writer.close();
  say("closed");
}

/** Holds the lease and waits for a line on standard input before it ends the run. */
async function hold(runId: string): Promise<void> {
  const store = openFileStore({ cwd: "/", path });
  const writer = await store.openRun(runId, { owner: processOwner("holder") });
  writer.logMetrics([{ key: "held", value: 1, step: 0, timestamp: 1 }]);
  say("held");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  writer.logMetrics([{ key: "held", value: 2, step: 1, timestamp: 2 }]);
  try {
    await writer.end({ status: "FINISHED" });
    say("ended");
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    say(`refused ${error.code}`);
    await writer.close();
  }
  process.stdin.destroy();
}

/** The key of a requeued job: exactly one creates the run. */
async function createKeyed(runKey: string): Promise<void> {
  const store = openFileStore({ cwd: "/", path });
  try {
    say(`created ${(await store.createRun({ experimentId: "0", runKey })).info.runId}`);
  } catch (error) {
    if (!isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
    say(`exists ${await store.findRunByKey("0", runKey)}`);
  }
}

if (task === "points") await logPoints(rest[0] ?? "", Number(rest[1]));
if (task === "experiment") await createNamed(rest[0] ?? "");
if (task === "artifact") await logArtifact(rest[0] ?? "");
if (task === "hold") await hold(rest[0] ?? "");
if (task === "key") await createKeyed(rest[0] ?? "");
