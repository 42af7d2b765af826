/** `kill -9` at every file operation of every workload, seen from the one module that does I/O. */
import assert from "node:assert/strict";
import { relative } from "node:path";
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

/** What a repair does, without the names that differ from try to try. */
interface RepairWork {
  readonly operations: number;
  readonly signature: string;
}

/**
 * Of the crashes that leave the same work to the repair, one. A quick run takes the crash, of some, that makes most to
 * repair; of all, when some leave nothing to do.
 */
async function crashesToRepair(workload: Workload): Promise<CrashToRepair[]> {
  const operations = await countOperations(workload);
  const found = await crashesAt(workload, pointsOf(operations));
  return found.length > 0 ? found : crashesAt(workload, allPointsOf(operations));
}

async function crashesAt(workload: Workload, points: readonly Point[]): Promise<CrashToRepair[]> {
  const crashes = new Map<string, CrashToRepair>();
  for (const { at, when } of points) {
    const workspace = newWorkspaceDirectory();
    const { acked } = await runChild({ workspace, workload: workload.name, at, when, share: random() });
    const { operations, signature } = workOfRepair(workspace);
    if (operations === 0 || crashes.has(signature)) removeWorkspace(workspace);
    else crashes.set(signature, { workspace, at, acked, operations });
  }
  const sorted = [...crashes.values()].sort((a, b) => b.operations - a.operations);
  if (!IS_FULL) for (const crash of sorted.slice(1)) removeWorkspace(crash.workspace);
  return IS_FULL ? sorted : sorted.slice(0, 1);
}

function workOfRepair(workspace: string): RepairWork {
  if (!hasStore(workspace)) return { operations: 0, signature: "" };
  const copy = copyWorkspace(workspace);
  const seen: string[] = [];
  intercept({
    before(operation) {
      if (isChanging(operation)) seen.push(`${operation.name} ${nameless(relative(copy, operation.path))}`);
      return undefined;
    },
  });
  try {
    repair(openFileStore({ cwd: copy }).context);
  } finally {
    intercept(undefined);
  }
  removeWorkspace(copy);
  return { operations: seen.length, signature: seen.join("\n") };
}

/** Ids, process ids and random parts of names are told apart by nothing. */
function nameless(path: string): string {
  return path.replace(/\d+-[0-9a-f]{16}|[0-9a-f]{16,}/g, "*");
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
