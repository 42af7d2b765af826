/** A process that dies before or after any operation of a claim, a takeover or a release, must hinder nobody. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, before, beforeEach, test } from "node:test";
import { processIdentity } from "../../core/capture/process-identity.js";
import { intercept } from "../../core/fs/index.js";
import {
  claimWriterSlot,
  type LeaseOwner,
  liveWriters,
  processOwner,
  takeLease,
} from "../../core/leases/index.js";

const self = processOwner("self");
let dead: LeaseOwner;
let top: string;
let run: string;

before(async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  dead = { ...self, process: processIdentity(child.pid ?? 0) };
  child.kill("SIGKILL");
  await once(child, "exit");
});
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "runstone-crash-"));
});
afterEach(() => {
  intercept(undefined);
  rmSync(top, { recursive: true });
});

function newRun(): void {
  run = mkdtempSync(join(top, "run-"));
  mkdirSync(join(run, "metrics"));
}

class Died extends Error {}

/**
 * Runs `act` as a process that dies at point n (even: before operation n/2, odd: after it): from then on nothing more
 * of it reaches the disk. Returns whether it got that far.
 */
function dieAt(point: number, act: () => void): boolean {
  let seen = 0;
  let died = false;
  const check = (at: number) => {
    if (at >= point) died = true;
    if (died) throw new Died();
  };
  intercept({
    before() {
      check(2 * seen);
      return undefined;
    },
    after() {
      seen += 1;
      check(2 * seen - 1);
    },
  });
  try {
    act();
  } catch (error) {
    if (!died) throw error;
  } finally {
    intercept(undefined);
  }
  return died;
}

function assertOnlyOurs(): void {
  const names = readdirSync(run).filter((name) => !name.startsWith(".runstone-tmp-"));
  assert.deepEqual(names, ["lease.yaml", "metrics"]);
}

const asDead = () => takeLease(run, dead, { heartbeatAfterMs: 1 << 30 });
const asSelf = () => takeLease(run, self, { heartbeatAfterMs: 1 << 30 });

test("taking a free lease", () => {
  for (let point = 0, died = true; died; point += 1) {
    newRun();
    died = dieAt(point, () => void asDead());
    const lease = asSelf();
    lease.assertHeld();
    assertOnlyOurs();
    lease.release();
    assert.equal(existsSync(join(run, "lease.yaml")), false);
  }
});

test("releasing a lease", () => {
  for (let point = 0, died = true; died; point += 1) {
    newRun();
    const lease = asDead();
    died = dieAt(point, () => lease.release());
    asSelf().assertHeld();
    assertOnlyOurs();
  }
});

test("a takeover, and a takeover of what a crashed takeover left", () => {
  let pairs = 0;
  for (let first = 0, firstDied = true; firstDied; first += 1) {
    // Every seventh point of the second crash, beginning elsewhere for each first one.
    for (let second = first % 7, secondDied = true; secondDied; second += 7) {
      newRun();
      asDead();
      firstDied = dieAt(first, () => void asDead());
      secondDied = dieAt(second, () => void asDead());
      const lease = asSelf();
      lease.assertHeld();
      assertOnlyOurs();
      pairs += 1;
    }
  }
  assert.ok(pairs > 300, `${pairs} pairs of crash points`);
});

test("claiming a slot: whatever was claimed by the dead is not live, and the next claim is complete", () => {
  for (let point = 0, died = true; died; point += 1) {
    newRun();
    died = dieAt(point, () => void claimWriterSlot(run, dead));
    assert.deepEqual(liveWriters(run), []);
    const slot = claimWriterSlot(run, self);
    assert.ok(slot.n <= 1);
    assert.deepEqual(liveWriters(run), [{ n: slot.n, state: "alive" }]);
    slot.release();
    assert.deepEqual(liveWriters(run), []);
  }
});

test("releasing a slot", () => {
  for (let point = 0, died = true; died; point += 1) {
    newRun();
    const slot = claimWriterSlot(run, dead);
    died = dieAt(point, () => slot.release());
    assert.deepEqual(liveWriters(run), []);
    claimWriterSlot(run, self);
  }
});
