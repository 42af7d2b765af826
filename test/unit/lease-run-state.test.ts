import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, before, beforeEach, test } from "node:test";
import { processIdentity } from "../../core/capture/process-identity.js";
import { intercept, type Operation } from "../../core/fs/index.js";
import {
  claimWriterSlot,
  type LeaseOwner,
  processOwner,
  readRunState,
  takeLease,
} from "../../core/leases/index.js";
import { RUN_STATUSES } from "../../store-format/index.js";

const self = processOwner("self");
const HOUR = 3_600_000;
let dead: LeaseOwner;
let run: string;
const state = () => readRunState({ directory: run }, { status: "RUNNING" });

before(async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  dead = { ...self, process: processIdentity(child.pid ?? 0) };
  child.kill("SIGKILL");
  await once(child, "exit");
});
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "runstone-state-"));
  for (const name of ["metrics", "params", "tags"]) mkdirSync(join(run, name));
});
afterEach(() => {
  intercept(undefined);
  rmSync(run, { recursive: true });
});

function setTime(path: string, time: number): void {
  utimesSync(join(run, path), time / 1000, time / 1000);
}

test("a run that is not marked RUNNING is what it says, and costs no look at the disk", () => {
  const seen: Operation[] = [];
  intercept({ after: (operation) => void seen.push(operation) });
  for (const status of RUN_STATUSES.filter((known) => known !== "RUNNING"))
    assert.deepEqual(readRunState({ directory: run }, { status }), { state: status });
  assert.deepEqual(seen, []);
});

test("a run without a lease stays RUNNING and tells its last activity, nested keys included", () => {
  const then = 1_700_000_000_000;
  mkdirSync(join(run, "metrics", "val"));
  writeFileSync(join(run, "metrics", "val", "loss"), "1 1 1\n");
  for (const path of ["metrics/val", "metrics", "params", "tags"]) setTime(path, then);
  setTime("metrics/val/loss", then + HOUR);
  assert.deepEqual({ ...state() }, { state: "RUNNING", lastSign: then + HOUR, since: then + HOUR });
  setTime("metrics/val/loss", Date.now());
  assert.equal(state().since, undefined);
});

test("a dead owner means LOST since the last sign, unless a writer of the run lives", () => {
  takeLease(run, dead);
  const then = wholeSecond() - HOUR;
  setTime("lease.yaml", then);
  writeFileSync(join(run, "metrics", "loss"), "1 1 1\n");
  setTime("metrics/loss", then + 60_000);
  const lost = state();
  assert.equal(lost.state, "LOST");
  assert.equal(lost.since, then + 60_000);
  assert.equal(lost.lease?.host, self.host.host);
  const slot = claimWriterSlot(run, self);
  assert.equal(state().state, "RUNNING");
  slot.release();
  assert.equal(state().state, "LOST");
});

test("an owner on another host is never LOST, only silent", () => {
  takeLease(run, { ...dead, host: { ...dead.host, host: "elsewhere" } });
  assert.equal(state().since, undefined);
  const then = wholeSecond() - 1000 * HOUR;
  for (const path of ["lease.yaml", "metrics"]) setTime(path, then);
  const silent = state();
  assert.equal(silent.state, "RUNNING");
  assert.equal(silent.since, then);
  assert.equal(silent.lease?.host, "elsewhere");
});

test("a run without a lease costs one stat until somebody asks for its last sign", () => {
  const seen: Operation[] = [];
  intercept({ after: (operation) => void seen.push(operation) });
  const found = state();
  assert.deepEqual(
    seen.map((operation) => operation.name),
    ["stat"],
  );
  assert.ok(found.lastSign !== undefined);
  assert.equal(found.since, undefined);
});

test("a lease that is no file hides nothing of the run", () => {
  mkdirSync(join(run, "lease.yaml"));
  assert.equal(state().state, "RUNNING");
});

test("a lease that cannot be read is no proof", () => {
  writeFileSync(join(run, "lease.yaml"), "\0\0\0");
  setTime("lease.yaml", Date.now() - HOUR);
  assert.equal(state().state, "RUNNING");
  assert.equal(state().lease, undefined);
});

test("reading does nothing but read", () => {
  takeLease(run, dead);
  claimWriterSlot(run, dead);
  const seen = new Set<string>();
  intercept({ after: (operation) => void seen.add(operation.name) });
  state();
  assert.deepEqual(
    [...seen].filter((name) => !["read", "readdir", "stat"].includes(name)),
    [],
  );
});

/** A time that survives the way through `utimes` and `stat`, which count in fractions of a second. */
function wholeSecond(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}
