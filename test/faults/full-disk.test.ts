/** Real disks of a few pages or inodes: every workload runs into the end of one, goes on when there is space, and loses nothing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fsck } from "../../core/maintenance/fsck.js";
import { isRunstoneError, type Metric, serializePoint } from "../../store-format/index.js";
import { expectNone, IS_FULL, referenceStates } from "../helpers/crash-runs.js";
import { checkError, checkState, describeError, goOn, workUntilError } from "../helpers/fault-judge.js";
import { type DiskSize, PAGE, SmallDisk, whyNoMounts } from "../helpers/mounts.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import type { StoreState } from "../helpers/store-state.js";
import { Desk, point, WORKLOADS, type Workload, workloadOf } from "../helpers/store-workloads.js";

const SEED = newSeed("RUNSTONE_DISK_SEED");
const random = randomOf(SEED);
const skip = whyNoMounts();
/** A quick run tries so many rests of space for each workload. */
const QUICK_RESTS = 3;

type Scarce = "pages" | "inodes";

const SIZES: Readonly<Record<Scarce, DiskSize>> = {
  pages: { size: "1m" },
  inodes: { size: "2m", inodes: 250 },
};

function free(disk: SmallDisk, scarce: Scarce): number {
  return scarce === "pages" ? disk.freePages : disk.freeInodes;
}

interface Case {
  readonly workload: Workload;
  readonly states: readonly StoreState[];
  readonly scarce: Scarce;
  /** Pages or inodes that are left for the steps. */
  readonly rest: number;
}

async function onDisk<T>(size: DiskSize, work: (disk: SmallDisk) => Promise<T>): Promise<T> {
  const disk = new SmallDisk(size);
  try {
    return await work(disk);
  } finally {
    disk.remove();
  }
}

/** How much the undisturbed workload takes, temporary files left out. */
function taken(workload: Workload, scarce: Scarce): Promise<number> {
  return onDisk(SIZES[scarce], async (disk) => {
    const desk = new Desk(disk.workspace);
    await workload.setup(desk);
    const before = free(disk, scarce);
    const { error } = await workUntilError(workload, desk);
    assert.equal(error, null, workload.name);
    await desk.leave();
    return Math.max(0, before - free(disk, scarce));
  });
}

/** Whether the disk became full. */
function runOutOfSpace({ workload, states, scarce, rest }: Case): Promise<boolean> {
  return onDisk(SIZES[scarce], async (disk) => {
    const desk = new Desk(disk.workspace);
    await workload.setup(desk);
    if (scarce === "pages") disk.fill(rest);
    else disk.fillInodes(rest);
    const { acked, error } = await workUntilError(workload, desk);
    const where = `${workload.name}, ${rest} ${scarce} left, ${acked} acknowledged, seed ${SEED}`;
    if (error !== null) checkFull(error, { disk, where });
    checkState(desk, states, { acked, where });
    disk.empty();
    await goOn(desk, { workload, states }, { acked, where });
    await desk.leave();
    return error !== null;
  });
}

function checkFull(error: unknown, { disk, where }: { disk: SmallDisk; where: string }): void {
  checkError(error, where);
  if (!isRunstoneError(error)) return;
  const text = `${where}: ${error.code} ${error.message}`;
  // What a repair could not do it lists, each with its reason; the workload makes one error of it.
  if (error.code === "IO_ERROR" && error.message.endsWith("no space left")) return;
  assert.equal(error.code, "DISK_FULL", text);
  assert.ok(String(error.data.path).startsWith(disk.path), text);
}

function restsOf(most: number): number[] {
  const all = Array.from({ length: most + 3 }, (_, rest) => rest);
  if (IS_FULL) return all;
  const some = Array.from({ length: QUICK_RESTS }, () => Math.floor(random() * most));
  return [...new Set(some)];
}

describe(`a disk that becomes full (seed ${SEED})`, { skip }, () => {
  for (const scarce of ["pages", "inodes"] as const) {
    for (const workload of WORKLOADS) {
      test(`${workload.name}: ${scarce}`, async (t) => {
        const states = await referenceStates(workload);
        const rests = restsOf(await taken(workload, scarce));
        const problems: string[] = [];
        let full = 0;
        for (const rest of rests) {
          const wasFull = await runOutOfSpace({ workload, states, scarce, rest }).catch((error: unknown) => {
            problems.push(describeError(error));
            return true;
          });
          if (wasFull) full += 1;
        }
        t.diagnostic(`${workload.name}: ${rests.length} rests tried, ${full} times full`);
        expectNone(problems, workload.name);
      });
    }
  }
});

/** Points of a series whose file, with them, ends `left` bytes before the end of a page. */
function padding(key: string, left: number): Metric[] {
  const points: Metric[] = [];
  for (let step = 0, missing = PAGE - left; missing > 0; step += 1) {
    const length = missing >= 34 ? 20 : missing > 22 ? missing - 11 : missing;
    const digits = length - ` 2.5 ${step}\n`.length;
    points.push({ key, value: 2.5, timestamp: Number("1".repeat(digits)), step });
    missing -= length;
  }
  assert.equal(serialize(points).length, PAGE - left);
  return points;
}

function serialize(points: readonly Metric[]): string {
  return points.map((each) => serializePoint(each)).join("");
}

const KEYS = ["loss", "acc"] as const;
/** Each series gets a part of it; the file of the first one has no room for all of its part. */
const BATCH = Array.from({ length: 16 }, (_, index) => point(index % 2 === 0 ? "loss" : "acc", index));
const LOSS_BYTES = serialize(BATCH.filter(({ key }) => key === "loss")).length;

async function linesOf(desk: Desk, key: string): Promise<string> {
  let lines = "";
  for await (const found of desk.store.getMetricHistory(await desk.runId("r"), key))
    lines += serializePoint(found);
  return lines;
}

interface Position {
  /** Bytes of the batch that the disk takes. */
  readonly left: number;
  readonly oneByOne: boolean;
  /** Who goes on when there is space: the writer that was refused, or a new one. */
  readonly sameWriter: boolean;
}

async function logAtTheEnd(disk: SmallDisk, { left, oneByOne, sameWriter }: Position): Promise<void> {
  const where = `${left} bytes left, ${oneByOne ? "one by one" : "batch"}, seed ${SEED}`;
  const desk = new Desk(disk.workspace);
  await workloadOf("log points").setup(desk);
  const writer = await desk.writer("r");
  const kept: Metric[] = [...padding("loss", left), ...padding("acc", PAGE / 2)];
  writer.logMetrics(kept);
  disk.fill(0);
  const rest = oneByOne ? BATCH.map((each) => [each]) : [BATCH];
  assert.throws(
    () => {
      for (; rest.length > 0; rest.shift()) {
        writer.logMetrics(rest[0] ?? []);
        kept.push(...(rest[0] ?? []));
      }
    },
    (error: unknown) => {
      checkFull(error, { disk, where });
      return true;
    },
    where,
  );
  const before = await Promise.all(KEYS.map((key) => linesOf(desk, key)));
  for (const [index, key] of KEYS.entries())
    assert.equal(before[index], serialize(kept.filter((each) => each.key === key)), where);
  disk.empty();
  if (!sameWriter) await desk.leave();
  const next = await desk.writer("r");
  for (const metrics of rest) next.logMetrics(metrics);
  kept.push(...rest.flat());
  await desk.end("r");
  for (const key of KEYS)
    assert.equal(await linesOf(desk, key), serialize(kept.filter((each) => each.key === key)), where);
  assert.deepEqual(
    fsck(desk.context).damages.filter(({ severity }) => severity !== "note"),
    [],
    where,
  );
  await desk.leave();
}

describe(`points at every byte position of the end of a disk (seed ${SEED})`, { skip }, () => {
  test("nothing acknowledged is lost, nothing refused is a point, no line is glued", async (t) => {
    const all = Array.from({ length: LOSS_BYTES }, (_, left) => left);
    const chosen = IS_FULL ? all : all.filter(() => random() < 24 / LOSS_BYTES);
    for (const left of chosen)
      for (const oneByOne of [false, true])
        await onDisk(SIZES.pages, (disk) =>
          logAtTheEnd(disk, { left, oneByOne, sameWriter: random() < 0.5 }),
        );
    t.diagnostic(`${2 * chosen.length} positions of ${2 * all.length}`);
  });
});
