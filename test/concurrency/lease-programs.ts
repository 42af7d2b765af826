/** Child processes of the lease tests: `node lease-programs.js <program> <run directory> ...`. One line out per event. */
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LineAppender } from "../../core/fs/index.js";
import { claimWriterSlot, processOwner, takeLease } from "../../core/leases/index.js";
import { isRunstoneError } from "../../store-format/index.js";

const [program, run = "", ...more] = process.argv.slice(2);

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** An exclusive create that knows nothing of leases: false when somebody else is in. */
function enter(witness: string): boolean {
  try {
    closeSync(openSync(witness, "wx"));
    return true;
  } catch {
    return false;
  }
}

function forever(): never {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Holds the lease and never lets the event loop turn again. */
function block(): void {
  const lease = takeLease(run, processOwner("block"), { heartbeatAfterMs: 0, heartbeatMs: 1000 });
  lease.keepBeating();
  say("held");
  forever();
}

/** Holds the lease until its worker beats, then ends without a word. */
function leave(): void {
  const lease = takeLease(run, processOwner("leave"), { heartbeatAfterMs: 0 });
  const wait = setInterval(() => {
    if (!lease.beating) return;
    clearInterval(wait);
    say("beating");
  }, 5);
}

/** Holds the lease as if on another host; on the next line in says whether it may still act. */
function late(): void {
  const self = processOwner("late");
  const owner = { ...self, host: { ...self.host, host: "elsewhere" } };
  const lease = takeLease(run, owner, { heartbeatAfterMs: 0, heartbeatMs: 1000 });
  const wait = setInterval(() => {
    if (!lease.beating) return;
    clearInterval(wait);
    say("held");
  }, 5);
  createInterface(process.stdin).once("line", () => {
    try {
      lease.assertHeld();
      say("acted");
    } catch (error) {
      say(isRunstoneError(error) ? error.code : String(error));
    }
    lease.release();
    process.exit(0);
  });
}

/** At each line in: tries once to take the lease; the winner stays in until the next line. */
function contend(): void {
  const witness = join(run, "..", "witness");
  const owner = processOwner("contend");
  let inside = false;
  createInterface(process.stdin).on("line", (line) => {
    if (inside) unlinkSync(witness);
    inside = false;
    if (line === "try") say(attempt());
    else say("out");
  });
  function attempt(): string {
    try {
      takeLease(run, owner, { heartbeatAfterMs: 1 << 30 });
      inside = enter(witness);
      return inside ? "won" : "OVERLAP";
    } catch (error) {
      return isRunstoneError(error) ? error.code : String(error);
    }
  }
}

/** Claims slots, appends numbered points, gives the slots back; says every point after it was acknowledged. */
function slots(): void {
  const owner = processOwner("slots");
  let sequence = 0;
  for (let round = 0; round < Number(more[0]); round += 1) {
    const slot = claimWriterSlot(run, owner);
    const witness = join(run, "..", `witness-${slot.n}`);
    if (!enter(witness)) say(`OVERLAP ${slot.n}`);
    const appender = LineAppender.open(join(slot.metricsDirectory, "loss"), {
      keepTorn: () => {},
      temporaryIn: run,
    });
    for (let i = 0; i < 3; i += 1) {
      appender.append(new TextEncoder().encode(`1700000000000 ${process.pid} ${sequence}\n`));
      say(`${slot.n} ${process.pid} ${sequence}`);
      sequence += 1;
    }
    appender.close();
    unlinkSync(witness);
    slot.release();
    slot.release();
  }
}

const programs: Readonly<Record<string, () => void>> = { block, leave, late, contend, slots };
if (program !== undefined) programs[program]?.();
