/** Every file operation of every workload fails, once and for good, in each way a disk fails. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { intercept } from "../../core/fs/index.js";
import { fsck } from "../../core/maintenance/fsck.js";
import { openFileStore } from "../../core/store/open-store.js";
import { isRunstoneError } from "../../store-format/index.js";
import {
  expectNone,
  IS_FULL,
  newWorkspaceDirectory,
  referenceStates,
  removeWorkspace,
  stateOf,
} from "../helpers/crash-runs.js";
import { type Fault, inject } from "../helpers/fault-interceptor.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import { illegal, isSameState, type StoreState } from "../helpers/store-state.js";
import { Desk, hasStore, repeat, type Step, WORKLOADS, type Workload } from "../helpers/store-workloads.js";

const ERRORS = [
  "ENOSPC",
  "EDQUOT",
  "EIO",
  "EMFILE",
  "EACCES",
  "EROFS",
  "EINTR",
  "ESTALE",
  "short 0",
  "short 1",
  "short half",
];

const SEED = newSeed("RUNSTONE_FAULT_SEED");
const random = randomOf(SEED);
/** A quick run fails about this many operations of each workload. */
const QUICK_FAULTS = 40;

after(() => intercept(undefined));

async function countOperations(workload: Workload): Promise<number> {
  const desk = await deskAfterSetup(workload);
  const { count } = inject(null);
  for (const step of workload.steps) {
    desk.time += 1000;
    await step.act(desk);
  }
  intercept(undefined);
  await leave(desk);
  return count();
}

async function deskAfterSetup(workload: Workload): Promise<Desk> {
  const desk = new Desk(newWorkspaceDirectory());
  await workload.setup(desk);
  return desk;
}

async function leave(desk: Desk): Promise<void> {
  await desk.leave();
  removeWorkspace(desk.workspace);
}

function faultsOf(operations: number): Fault[] {
  const all: Fault[] = [];
  for (let at = 0; at < operations; at += 1)
    for (const error of ERRORS) for (const lasting of [false, true]) all.push({ at, error, lasting });
  if (IS_FULL || all.length <= QUICK_FAULTS) return all;
  return Array.from({ length: QUICK_FAULTS }, () => all[Math.floor(random() * all.length)] as Fault);
}

interface Case {
  readonly workload: Workload;
  readonly states: readonly StoreState[];
  readonly fault: Fault;
}

async function failAt({ workload, states, fault }: Case): Promise<void> {
  const desk = await deskAfterSetup(workload);
  const injection = inject(fault);
  const { acked, error } = await workUntilError(workload, desk);
  intercept(undefined);
  const hit = injection.hit();
  const which = `${hit?.name} ${hit?.path.slice(desk.workspace.length)}`;
  const where = `${workload.name}, ${fault.error}${fault.lasting ? " for good" : ""} at ${fault.at} (${which}), ${acked} acknowledged, seed ${SEED}`;
  if (error !== null) checkError(error, where);
  checkState(desk, { workload, states, fault }, { acked, where });
  await goOn(desk, { workload, states, fault }, { acked, where });
  await leave(desk);
}

async function workUntilError(workload: Workload, desk: Desk): Promise<{ acked: number; error: unknown }> {
  let acked = 0;
  try {
    for (const step of workload.steps) {
      desk.time += 1000;
      await step.act(desk);
      acked += 1;
    }
  } catch (error) {
    return { acked, error };
  }
  return { acked, error: null };
}

function checkError(error: unknown, where: string): void {
  if (!isRunstoneError(error)) throw new Error(`${where}: not a typed error`, { cause: error });
  assert.ok(typeof error.data.path === "string", `${where}: the error names no path: ${error.message}`);
}

interface Reached {
  readonly acked: number;
  readonly where: string;
}

function checkState(desk: Desk, { states }: Case, { acked, where }: Reached): void {
  const [before, next] = [stateAt(states, acked), stateAt(states, Math.min(acked + 1, states.length - 1))];
  expectNone(illegal(stateOf(desk.workspace), before, next), `${where}: the state`);
  if (!hasStore(desk.workspace)) return;
  const lost = fsck(openFileStore({ cwd: desk.workspace }).context).damages.filter(
    ({ severity, kind }) =>
      severity === "lost" && !before.damages.some((known) => known.damage_kind === kind),
  );
  expectNone(lost, `${where}: fsck`);
}

/** The disk works again: the same process goes on where it was refused, and comes to the same end. */
async function goOn(desk: Desk, { workload, states }: Case, { acked, where }: Reached): Promise<void> {
  const last = stateAt(states, states.length - 1);
  for (const [index, step] of workload.steps.entries()) {
    if (index < acked) continue;
    if (index > acked) desk.time += 1000;
    else if (step.adds === true && !isSameState(stateOf(desk.workspace), stateAt(states, acked))) return;
    await repeatStep(step, desk, where);
  }
  expectNone(
    illegal(stateOf(desk.workspace), last, last).filter((line) => !line.includes("runstone.attempts")),
    `${where}: the end`,
  );
}

async function repeatStep(step: Step, desk: Desk, where: string): Promise<void> {
  try {
    await repeat(step, desk);
  } catch (error) {
    throw new Error(`${where}: repeating ${step.name}`, { cause: error });
  }
}

function stateAt(states: readonly StoreState[], index: number): StoreState {
  const state = states[index];
  if (state === undefined) throw new Error(`there is no state ${index}`);
  return state;
}

describe(`operations that fail (seed ${SEED})`, () => {
  for (const workload of WORKLOADS) {
    test(workload.name, async (t) => {
      const states = await referenceStates(workload);
      const operations = await countOperations(workload);
      const faults = faultsOf(operations);
      const problems: string[] = [];
      for (const fault of faults)
        await failAt({ workload, states, fault }).catch((error: unknown) => {
          intercept(undefined);
          problems.push(describeError(error));
        });
      t.diagnostic(`${workload.name}: ${faults.length} faults, ${operations} operations`);
      expectNone(problems, workload.name);
    });
  }
});

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause =
    error.cause instanceof Error
      ? `\n    because ${error.cause.stack?.split("\n").slice(0, 6).join("\n    ")}`
      : "";
  return error.message + cause;
}
