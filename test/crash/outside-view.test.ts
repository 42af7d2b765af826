/** `kill -9` at system calls, seen from outside: no way around the module that does I/O escapes it. Needs strace. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type ChildWrapper,
  IS_FULL,
  judge,
  newWorkspaceDirectory,
  referenceStates,
  removeWorkspace,
  runChild,
} from "../helpers/crash-runs.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import { workloadOf } from "../helpers/store-workloads.js";

const SEED = newSeed("RUNSTONE_OUTSIDE_SEED");
const random = randomOf(SEED);
const SYSCALLS = [
  "rename",
  "renameat2",
  "link",
  "write",
  "pwrite64",
  "fsync",
  "ftruncate",
  "mkdir",
  "unlink",
  "rmdir",
];
/** A quick run visits so many calls of each kind. */
const QUICK_CALLS = 3;
const WORKLOAD = workloadOf("whole life");
const skip = whyNot();

function hasStrace(): boolean {
  const done = spawnSync("strace", ["-f", "-qq", "-e", "trace=none", process.execPath, "-e", "0"]);
  return done.status === 0;
}

/** Why these tests cannot run here; under CI=true that is a failure. */
function whyNot(): string | false {
  if (process.platform === "linux" && hasStrace()) return false;
  const isCi = process.env.CI === "true";
  if (isCi && process.getuid?.() === 0) spawnSync("apt-get", ["install", "-y", "-qq", "strace"]);
  if (isCi && hasStrace()) return false;
  const reason = "OUTSIDE VIEW TESTS SKIPPED: they need Linux and strace with the right to trace";
  console.error(reason);
  assert.ok(!isCi, reason);
  return reason;
}

/** strace around the child: `-e inject` counts the calls of each thread, and all I/O of ours is on the first one. */
function straced(...options: readonly string[]): ChildWrapper {
  return { command: "strace", args: ["-f", "-qq", ...options] };
}

interface Calls {
  /** How many there were before the first on the workspace: the start of Node. */
  readonly before: number;
  readonly all: number;
}

/** What the first thread of the undisturbed workload calls. */
async function countCalls(): Promise<ReadonlyMap<string, Calls>> {
  const workspace = newWorkspaceDirectory();
  const log = join(workspace, "..", "log");
  const wrapper = straced("-y", "-o", log, "-e", `trace=${SYSCALLS.join(",")}`);
  await runChild({ workspace, workload: WORKLOAD.name }, wrapper);
  const lines = readFileSync(log, "utf8").split("\n");
  const first = lines[0]?.split(" ")[0];
  const own = lines.filter((line) => line.startsWith(`${first} `) && !line.includes(" resumed>"));
  const start = own.findIndex((line) => line.includes(workspace));
  removeWorkspace(workspace);
  const count = (from: readonly string[], name: string) =>
    from.filter((line) => new RegExp(`^\\d+ +${name}\\(`).test(line)).length;
  return new Map(
    SYSCALLS.map((name) => [name, { before: count(own.slice(0, start), name), all: count(own, name) }]),
  );
}

function chosenOf({ before, all }: Calls): number[] {
  const every = Array.from({ length: all - before }, (_, index) => before + index + 1);
  if (IS_FULL) return every;
  const some = Array.from({ length: QUICK_CALLS }, () => every[Math.floor(random() * every.length)]);
  return [...new Set(some)].filter((n) => n !== undefined);
}

describe(`killed at system calls (seed ${SEED})`, { skip }, () => {
  test(WORKLOAD.name, async (t) => {
    const states = await referenceStates(WORKLOAD);
    const calls = await countCalls();
    let killed = 0;
    for (const [name, found] of calls) {
      const chosen = chosenOf(found);
      for (const n of chosen) {
        const workspace = newWorkspaceDirectory();
        const inject = straced(
          "-o",
          "/dev/null",
          "-e",
          `trace=${name}`,
          "-e",
          `inject=${name}:signal=KILL:when=${n}`,
        );
        const { acked, operations } = await runChild({ workspace, workload: WORKLOAD.name }, inject);
        if (operations === null) killed += 1;
        const where = `killed at ${name} ${n} of ${found.all}, ${acked} acknowledged, seed ${SEED}`;
        await judge({ workload: WORKLOAD, states, workspace, acked, where });
        removeWorkspace(workspace);
      }
      t.diagnostic(`${name}: ${chosen.length} of ${found.all - found.before} calls`);
    }
    assert.ok(killed > 0, "no child was killed");
    t.diagnostic(`${killed} killed`);
  });
});
