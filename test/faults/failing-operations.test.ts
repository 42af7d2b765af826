/** Every file operation of every workload fails, once and for good, in each way a disk fails. */
import { after, describe, test } from "node:test";
import { intercept } from "../../core/fs/index.js";
import {
  expectNone,
  IS_FULL,
  newWorkspaceDirectory,
  referenceStates,
  removeWorkspace,
} from "../helpers/crash-runs.js";
import { type Fault, inject } from "../helpers/fault-interceptor.js";
import { checkError, checkState, describeError, goOn, workUntilError } from "../helpers/fault-judge.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import type { StoreState } from "../helpers/store-state.js";
import { Desk, WORKLOADS, type Workload } from "../helpers/store-workloads.js";

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
  checkState(desk, states, { acked, where });
  await goOn(desk, { workload, states }, { acked, where });
  await leave(desk);
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
