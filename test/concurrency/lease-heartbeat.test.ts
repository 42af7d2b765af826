import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspectLease, processOwner, readRunState, takeLease } from "../../core/leases/index.js";

const programs = fileURLToPath(new URL("./lease-programs.js", import.meta.url));
let run: string;
let beat: string;
let children: ChildProcess[];

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "runstone-beat-"));
  beat = join(run, "lease.beat");
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(run, { recursive: true, force: true, maxRetries: 5 });
});

function start(program: string) {
  const child = spawn(process.execPath, [programs, program, run], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    exit: once(child, "exit"),
    next: async () => (await lines.next()).value as string | undefined,
  };
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await delay(10);
}

function lastBeat(): number {
  return statSync(beat, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function beatMovesOn(): Promise<void> {
  await until(() => existsSync(beat));
  const before = lastBeat();
  await until(() => lastBeat() > before);
}

test("a process that blocks its event loop at once, and for good, goes on beating; killed, it is lost at once", async () => {
  const { child, exit, next } = start("block");
  assert.equal(await next(), "held");
  await beatMovesOn();
  await beatMovesOn();
  assert.equal(readRunState({ directory: run }, { status: "RUNNING" }).state, "RUNNING");
  child.kill("SIGKILL");
  await exit;
  const state = readRunState({ directory: run }, { status: "RUNNING" });
  assert.equal(state.state, "LOST");
  assert.ok(state.since !== undefined && state.since <= Date.now() + 1000);
  assert.equal(state.lease?.pid, child.pid);

  const lease = takeLease(run, processOwner("next"), { heartbeatAfterMs: 0, heartbeatMs: 1000 });
  await until(() => lease.beating);
  assert.equal(lease.isLost(), false);
  lease.release();
  assert.deepEqual(readdirSync(run), []);
});

test("the heartbeat keeps no process alive, and what an ended one left behind hinders nobody", async () => {
  const { exit, next } = start("leave");
  assert.equal(await next(), "beating");
  assert.deepEqual(await exit, [0, null]);
  assert.equal(inspectLease(run)?.verdict, "dead");
  takeLease(run, processOwner("next")).release();
  assert.deepEqual(readdirSync(run), []);
});

test("a release at any moment of the worker's start leaves no beat behind", async () => {
  for (const pause of [0, 1, 5, 10, 20, 40, 80]) {
    const lease = takeLease(run, processOwner("short"), { heartbeatAfterMs: 0 });
    lease.keepBeating();
    await delay(pause);
    lease.release();
    assert.deepEqual(readdirSync(run), [], `after ${pause} ms`);
  }
});

test("a short run starts no worker", () => {
  const lease = takeLease(run, processOwner("short"));
  lease.keepBeating();
  assert.deepEqual(readdirSync(run), ["lease.yaml"]);
  lease.release();
});

test("a beat that others removed or touched comes back while the lease is ours", async () => {
  const lease = takeLease(run, processOwner("self"), { heartbeatAfterMs: 0, heartbeatMs: 1000 });
  await until(() => lease.beating);
  rmdirSync(beat);
  await until(() => !lease.beating);
  await until(() => lease.beating);
  utimesSync(beat, 1, 1);
  await until(() => !lease.beating);
  await beatMovesOn();
  assert.equal(lease.isLost(), false);
  lease.release();
  assert.deepEqual(readdirSync(run), []);
});

test("a holder that was stopped, taken over and continued is refused and harms nothing", async () => {
  const { child, exit, next } = start("late");
  assert.equal(await next(), "held");
  child.kill("SIGSTOP");
  const then = Date.now() / 1000 - 3600;
  for (const name of readdirSync(run)) utimesSync(join(run, name), then, then);
  const lease = takeLease(run, processOwner("taker"), {
    force: true,
    heartbeatAfterMs: 0,
    heartbeatMs: 1000,
  });
  child.kill("SIGCONT");
  child.stdin?.write("act\n");
  assert.equal(await next(), "LEASE_LOST");
  assert.deepEqual(await exit, [0, null]);
  lease.assertHeld();
  await beatMovesOn();
  lease.release();
  assert.deepEqual(readdirSync(run), []);
});
