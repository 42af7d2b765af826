import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { processIdentity } from "../../core/capture/process-identity.js";
import { claimWriterSlot, liveWriters, processOwner, takeLease } from "../../core/leases/index.js";

const programs = fileURLToPath(new URL("./lease-programs.js", import.meta.url));
let top: string;
let run: string;
let children: ChildProcess[];

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "runstone-contend-"));
  run = join(top, "run");
  mkdirSync(run);
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(top, { recursive: true, force: true });
});

function start(...args: string[]) {
  const child = spawn(process.execPath, [programs, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return { child, exit: once(child, "exit"), lines: createInterface(child.stdout) };
}

async function endedOwner() {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  const identity = processIdentity(child.pid ?? 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  return { ...processOwner("ended"), process: identity };
}

test("of 8 processes that meet a dead lease exactly one gets it, in every round", async () => {
  const dead = await endedOwner();
  const waiters = Array.from({ length: 8 }, () => {
    const { child, lines } = start("contend", run);
    const read = lines[Symbol.asyncIterator]();
    return async (order: string) => {
      child.stdin?.write(`${order}\n`);
      return (await read.next()).value as string;
    };
  });
  for (let round = 0; round < 150; round += 1) {
    rmSync(join(run, "lease.yaml"), { force: true });
    takeLease(run, dead);
    const answers = await Promise.all(waiters.map((ask) => ask("try")));
    assert.deepEqual(answers.sort(), [...Array(7).fill("LEASE_HELD"), "won"], `round ${round}`);
    assert.deepEqual(readdirSync(run), ["lease.yaml"], `round ${round}`);
    await Promise.all(waiters.map((ask) => ask("out")));
  }
});

test("each winner is killed: one of the others gets the lease at once, until nobody is left", async () => {
  let waiters = Array.from({ length: 8 }, () => {
    const { child, exit, lines } = start("contend", run);
    return { child, exit, answers: lines[Symbol.asyncIterator]() };
  });
  while (waiters.length > 0) {
    for (const waiter of waiters) waiter.child.stdin?.write("try\n");
    const answers = await Promise.all(waiters.map(async ({ answers }) => (await answers.next()).value));
    const expected = [...Array(waiters.length - 1).fill("LEASE_HELD"), "won"];
    assert.deepEqual([...answers].sort(), expected, `${waiters.length} left`);
    const winner = waiters[answers.indexOf("won")];
    winner?.child.kill("SIGKILL");
    await winner?.exit;
    rmSync(join(top, "witness"));
    waiters = waiters.filter((waiter) => waiter !== winner);
  }
  takeLease(run, processOwner("last")).release();
  assert.deepEqual(readdirSync(run), []);
});

test("32 processes claim, append and give back slots at once while some are killed: nothing is lost, doubled or shared", async () => {
  const acknowledged: string[] = [];
  const exits = Array.from({ length: 32 }, (_, index) => {
    const { child, exit, lines } = start("slots", run, "12");
    // Every third is killed after a number of acknowledged points that differs from process to process.
    let left = index % 3 === 0 ? 1 + index : Number.POSITIVE_INFINITY;
    lines.on("line", (line) => {
      acknowledged.push(line);
      left -= 1;
      if (left === 0) child.kill("SIGKILL");
    });
    return Promise.all([exit, once(lines, "close")]);
  });
  await Promise.all(exits);

  assert.deepEqual(
    acknowledged.filter((line) => line.startsWith("OVERLAP")),
    [],
  );
  const found = pointsBySlot();
  assert.equal(new Set(found).size, found.length, "no point twice");
  const written = new Set(found);
  assert.deepEqual(
    acknowledged.filter((line) => !written.has(line)),
    [],
    "no acknowledged point is missing",
  );
  assert.deepEqual(liveWriters(run), []);
});

/** `<slot> <pid> <sequence>` of every line on disk, each slot's lines of one writer in order. */
function pointsBySlot(): string[] {
  const homes = new Map<number, string>([[0, run]]);
  for (const name of readdirSync(join(run, "writers")))
    if (name !== "0") homes.set(Number(name), join(run, "writers", name));
  return [...homes].flatMap(([n, home]) => {
    const last = new Map<string, number>();
    return readFileSync(join(home, "metrics", "loss"), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const [time, pid = "", sequence = ""] = line.split(" ");
        assert.equal(time, "1700000000000", `glued line: ${line}`);
        assert.ok(Number(sequence) > (last.get(pid) ?? -1), "in order");
        last.set(pid, Number(sequence));
        return `${n} ${pid} ${sequence}`;
      });
  });
}

test("the slot of a killed writer is not taken over", async () => {
  const dead = await endedOwner();
  assert.equal(claimWriterSlot(run, dead).n, 0);
  const own = claimWriterSlot(run, processOwner("self"));
  assert.equal(own.n, 1);
  assert.deepEqual(liveWriters(run), [{ n: 1, state: "alive" }]);
  own.release();
});
