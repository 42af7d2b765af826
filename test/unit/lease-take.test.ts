import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { processIdentity } from "../../core/capture/process-identity.js";
import { intercept } from "../../core/fs/index.js";
import {
  adoptLease,
  inspectLease,
  type LeaseOwner,
  processOwner,
  shellOwner,
  slurmOwner,
  systemProbes,
  takeLease,
} from "../../core/leases/index.js";
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "runstone-lease-"));
  for (const name of ["metrics", "params", "tags"]) mkdirSync(join(run, name));
});
afterEach(() => {
  intercept(undefined);
  rmSync(run, { recursive: true });
});

const self = processOwner("node train.js");

/** The owner that a process which has ended would have been. */
async function deadOwner(): Promise<LeaseOwner> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  const identity = processIdentity(child.pid ?? 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  return { ...self, process: identity };
}

function held(call: () => unknown): RunstoneError {
  try {
    call();
  } catch (error) {
    assert.ok(isRunstoneError(error, "LEASE_HELD"), String(error));
    return error;
  }
  return assert.fail("the lease was taken");
}

/** Makes everything of the run look as if nothing had happened for an hour. */
function ageAll(): void {
  const then = Date.now() / 1000 - 3600;
  for (const name of readdirSync(run)) utimesSync(join(run, name), then, then);
}

describe("takeLease", () => {
  test("holds, then leaves nothing behind", () => {
    const lease = takeLease(run, self);
    assert.equal(lease.isLost(), false);
    lease.assertHeld();
    assert.equal(inspectLease(run)?.verdict, "alive");
    lease.release();
    lease.release();
    assert.deepEqual(readdirSync(run).sort(), ["metrics", "params", "tags"]);
    assert.equal(inspectLease(run), null);
  });

  test("a live owner keeps it, and is named", () => {
    const lease = takeLease(run, self);
    for (const force of [false, true]) {
      const error = held(() => takeLease(run, processOwner("another"), { force }));
      assert.match(error.message, new RegExp(`process ${process.pid} on ${self.host.host}`));
      assert.equal(error.data.pid, process.pid);
      assert.equal(error.data.state, "alive");
    }
    assert.equal(lease.isLost(), false);
    lease.release();
  });

  test("a dead owner's lease is taken over at once, its heartbeat taken away, and the dead one's handle is lost", async () => {
    const first = takeLease(run, await deadOwner());
    mkdirSync(join(run, "lease.beat"));
    const second = takeLease(run, self);
    assert.equal(first.isLost(), true);
    assert.throws(
      () => first.assertHeld(),
      (error) => isRunstoneError(error, "LEASE_LOST"),
    );
    assert.equal(second.isLost(), false);
    first.release();
    assert.equal(second.isLost(), false, "a lost lease's release touches nothing of the new owner");
    assert.deepEqual(readdirSync(run).sort(), ["lease.yaml", "metrics", "params", "tags"]);
    second.release();
  });

  test("a pid that now belongs to a process with another start time is a dead owner", {
    skip: process.platform !== "linux",
  }, () => {
    takeLease(run, { ...self, process: { pid: process.pid, start: "1" } });
    takeLease(run, self).release();
  });

  test("another host's lease is never taken unasked, however old; when silent it is with force", () => {
    const other = takeLease(run, { ...self, host: { ...self.host, host: "elsewhere" } });
    assert.equal(held(() => takeLease(run, self, { force: true })).data.state, "alive");
    ageAll();
    const error = held(() => takeLease(run, self));
    assert.equal(error.data.state, "silent");
    assert.match(error.hint ?? "", /--take-over/);
    const mine = takeLease(run, self, { force: true });
    assert.equal(other.isLost(), true);
    mine.release();
  });

  test("signs from the far future (a clock that is wrong) count as silence, not as life or death", () => {
    takeLease(run, { ...self, host: { ...self.host, host: "elsewhere" } });
    const then = Date.now() / 1000 + 3600;
    utimesSync(join(run, "lease.yaml"), then, then);
    assert.equal(inspectLease(run)?.verdict, "silent");
    takeLease(run, self, { force: true }).release();
  });

  test("without hard links", async () => {
    intercept({
      before(operation) {
        if (operation.name === "link") throw Object.assign(new Error("EPERM"), { code: "EPERM" });
        return undefined;
      },
    });
    takeLease(run, await deadOwner());
    const lease = takeLease(run, self);
    held(() => takeLease(run, self));
    lease.release();
    assert.deepEqual(readdirSync(run).sort(), ["metrics", "params", "tags"]);
  });

  test("a link that was made though its answer was lost is ours", () => {
    intercept({
      after(operation) {
        if (operation.name === "link") throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
      },
    });
    const lease = takeLease(run, self);
    lease.assertHeld();
    lease.release();
    assert.deepEqual(readdirSync(run).sort(), ["metrics", "params", "tags"]);
  });

  test("on a full disk a lease can still be given back", () => {
    const lease = takeLease(run, self);
    intercept({
      before(operation) {
        if (operation.name === "write") throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
        return undefined;
      },
    });
    lease.release();
    intercept(undefined);
    assert.deepEqual(readdirSync(run).sort(), ["metrics", "params", "tags"]);
  });

  test("another pid namespace or an unknown boot of a name-alike host proves nothing", () => {
    const container = {
      ...self,
      host: { ...self.host, pidNs: "pid:[1]" },
      process: { pid: 1 << 22, start: "1" },
    };
    takeLease(run, container);
    assert.notEqual(inspectLease(run)?.verdict, "dead");
    rmSync(join(run, "lease.yaml"));
    takeLease(run, { ...container, host: { ...self.host, bootId: "another" } });
    assert.notEqual(inspectLease(run)?.verdict, "dead", "its last sign is younger than our boot");
  });

  test("a lease of an earlier boot of this host is dead", { skip: self.host.bootId === null }, () => {
    takeLease(run, { ...self, host: { ...self.host, bootId: "an earlier one" } });
    const probes = systemProbes({ bootTime: Date.now() + 1000 });
    assert.equal(inspectLease(run, probes)?.verdict, "dead");
    takeLease(run, self, { probes }).release();
  });

  test("a SLURM job that ended is dead wherever it ran; one that cannot be asked is not", () => {
    const job = { ...slurmOwner("4711", process.pid, "job"), host: { ...self.host, host: "node17" } };
    takeLease(run, job);
    assert.notEqual(inspectLease(run, systemProbes({ slurmJobEnded: () => null }))?.verdict, "dead");
    const probes = systemProbes({ slurmJobEnded: (id) => id === "4711" });
    assert.equal(inspectLease(run, probes)?.verdict, "dead");
    takeLease(run, self, { probes }).release();
  });

  test("a job survives the process that took its lease", async () => {
    const dead = await deadOwner();
    takeLease(run, { ...slurmOwner("4711", 1, "job"), process: dead.process });
    assert.equal(inspectLease(run)?.verdict, "silent");
    assert.equal(inspectLease(run, systemProbes({ slurmJobEnded: () => false }))?.verdict, "alive");
  });

  test("any command line can be told, a long one is cut off", () => {
    const command = `python "a b"\n\t: \u0000 \u{1f600} # --x=${"y".repeat(100_000)}`;
    const lease = takeLease(run, { ...self, command });
    assert.equal(inspectLease(run)?.info?.command, command.slice(0, 4096));
    lease.release();
  });

  test("a lease of a newer format is not taken over, even when its owner is dead", async () => {
    takeLease(run, await deadOwner());
    const path = join(run, "lease.yaml");
    writeFileSync(path, readFileSync(path, "utf8").replace("runstone_lease: 1", "runstone_lease: 2"));
    assert.throws(
      () => takeLease(run, self),
      (error) => isRunstoneError(error, "FORMAT_TOO_NEW"),
    );
    assert.equal(inspectLease(run)?.verdict, "dead");
  });

  test("a torn lease is held while it is young and free when it is old", () => {
    writeFileSync(join(run, "lease.yaml"), "tok");
    held(() => takeLease(run, self));
    ageAll();
    takeLease(run, self).release();
  });

  test("a shell's lease is adopted by its later commands and released", () => {
    const shell = shellOwner(process.ppid, "runstone start");
    takeLease(run, shell);
    assert.equal(adoptLease(run, self), null);
    assert.equal(adoptLease(run, shellOwner(process.pid, "runstone end")), null);
    const adopted = adoptLease(run, shellOwner(process.ppid, "runstone end"));
    adopted?.assertHeld();
    adopted?.release();
    assert.equal(existsSync(join(run, "lease.yaml")), false);
  });

  test("a lease removed by hand is lost, and stays so after others came and went", () => {
    const lease = takeLease(run, self);
    rmSync(join(run, "lease.yaml"));
    assert.equal(lease.isLost(), true);
    takeLease(run, self).release();
    assert.throws(() => lease.assertHeld());
    lease.release();
  });

  test("looking changes nothing", () => {
    takeLease(run, self);
    const before = readFileSync(join(run, "lease.yaml"));
    inspectLease(run);
    assert.deepEqual(readFileSync(join(run, "lease.yaml")), before);
    assert.deepEqual(readdirSync(run).sort(), ["lease.yaml", "metrics", "params", "tags"]);
  });
});
