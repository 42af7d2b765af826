/** `kill -9` at every file operation of every workload, seen from the one module that does I/O. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { intercept } from "../../core/fs/index.js";
import { repair } from "../../core/maintenance/repair.js";
import { openFileStore } from "../../core/store/open-store.js";
import { isChanging } from "../helpers/changing-operations.js";
import type { CrashTask } from "../helpers/crash-child.js";
import {
  copyWorkspace,
  IS_FULL,
  judge,
  newWorkspaceDirectory,
  referenceStates,
  removeWorkspace,
  runChild,
} from "../helpers/crash-runs.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import type { StoreState } from "../helpers/store-state.js";
import { hasStore, WORKLOADS, type Workload, workloadOf } from "../helpers/store-workloads.js";

type When = "before" | "after" | "inside";

const SEED = newSeed("RUNSTONE_CRASH_SEED");
const random = randomOf(SEED);
/** A quick run visits about this many crash points of each workload, evenly spread, at another offset with each seed. */
const QUICK_POINTS = 6;
const WORKERS = 2;

async function countOperations(workload: Workload): Promise<number> {
  const workspace = newWorkspaceDirectory();
  const { operations } = await runChild({ workspace, workload: workload.name });
  removeWorkspace(workspace);
  assert.ok(operations !== null && operations > 0);
  return operations;
}

interface Point {
  readonly at: number;
  readonly when: When;
}

/** Nothing happens between two operations: `before n + 1` is the state of `after n`, so a quick run needs one of them. */
function pointsOf(operations: number): Point[] {
  const all = Array.from({ length: operations }, (_, at) => at);
  if (IS_FULL) return allPointsOf(operations);
  const every = Math.max(1, operations / QUICK_POINTS);
  const start = random() * every;
  const chosen = all.filter(
    (at) => Math.floor((at + start) / every) !== Math.floor((at - 1 + start) / every),
  );
  return chosen.map((at) => ({ at, when: random() < 0.4 ? "inside" : "after" }));
}

function allPointsOf(operations: number): Point[] {
  return Array.from({ length: operations }, (_, at) =>
    (["before", "after", "inside"] as const).map((when) => ({ at, when })),
  ).flat();
}

async function crashAt(workload: Workload, task: CrashTask, states: readonly StoreState[]) {
  const { acked } = await runChild(task);
  const where = `${workload.name}, ${task.when} operation ${task.at} (seed ${SEED}), ${acked} acknowledged`;
  await judge({ workload, states, workspace: task.workspace, acked, where });
  removeWorkspace(task.workspace);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const one = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: WORKERS }, one));
}

describe(`killed at every operation (seed ${SEED})`, () => {
  for (const workload of WORKLOADS) {
    test(workload.name, async (t) => {
      const states = await referenceStates(workload);
      const operations = await countOperations(workload);
      const points = pointsOf(operations);
      await inParallel(points, async ({ at, when }) => {
        const share = random();
        const workspace = newWorkspaceDirectory();
        await crashAt(workload, { workspace, workload: workload.name, at, when, share }, states);
      });
      t.diagnostic(`${workload.name}: ${points.length} states visited, ${operations} operations`);
    });
  }
});

/** Crashes whose repair has something to do. */
const REPAIRED = [
  "several writers",
  "move a run",
  "repair",
  ...(IS_FULL ? ["end run", "log points", "create store"] : []),
];

describe(`killed while repairing (seed ${SEED})`, () => {
  for (const name of REPAIRED) {
    test(name, async (t) => {
      const workload = workloadOf(name);
      const states = await referenceStates(workload);
      let visited = 0;
      for (const crash of await crashesToRepair(workload)) {
        const points = pointsOf(crash.operations);
        await inParallel(points, (point) => crashInRepair({ workload, states, crash, point }));
        removeWorkspace(crash.workspace);
        visited += points.length;
      }
      assert.ok(visited > 0, "no repair had anything to do");
      t.diagnostic(`${name}: ${visited} states of a repair visited`);
    });
  }
});

interface CrashToRepair {
  readonly workspace: string;
  readonly at: number;
  readonly acked: number;
  /** How many changing operations its repair takes. */
  readonly operations: number;
}

/** A quick run takes the crash, of some, that makes most to repair; of all, when some leave nothing to do. */
async function crashesToRepair(workload: Workload): Promise<CrashToRepair[]> {
  const operations = await countOperations(workload);
  const found = await crashesAt(workload, pointsOf(operations));
  return found.length > 0 ? found : crashesAt(workload, allPointsOf(operations));
}

async function crashesAt(workload: Workload, points: readonly Point[]): Promise<CrashToRepair[]> {
  const crashes: CrashToRepair[] = [];
  for (const { at, when } of points) {
    const workspace = newWorkspaceDirectory();
    const { acked } = await runChild({ workspace, workload: workload.name, at, when, share: random() });
    crashes.push({ workspace, at, acked, operations: operationsOfRepair(workspace) });
  }
  const sorted = crashes.sort((a, b) => b.operations - a.operations);
  const kept = sorted.filter(({ operations }, index) => operations > 0 && (IS_FULL || index === 0));
  for (const crash of sorted) if (!kept.includes(crash)) removeWorkspace(crash.workspace);
  return kept;
}

function operationsOfRepair(workspace: string): number {
  if (!hasStore(workspace)) return 0;
  const copy = copyWorkspace(workspace);
  let count = 0;
  intercept({
    before(operation) {
      if (isChanging(operation)) count += 1;
      return undefined;
    },
  });
  try {
    repair(openFileStore({ cwd: copy }).context);
  } finally {
    intercept(undefined);
  }
  removeWorkspace(copy);
  return count;
}

interface CrashInRepair {
  readonly workload: Workload;
  readonly states: readonly StoreState[];
  readonly crash: CrashToRepair;
  readonly point: Point;
}

async function crashInRepair({ workload, states, crash, point }: CrashInRepair): Promise<void> {
  const workspace = copyWorkspace(crash.workspace);
  await runChild({ workspace, workload: null, ...point, share: random() });
  const where = `${workload.name}, killed at ${crash.at}, its repair ${point.when} ${point.at} (seed ${SEED})`;
  await judge({ workload, states, workspace, acked: crash.acked, where });
  removeWorkspace(workspace);
}
