/** What must hold when a step of a workload fails, and when it is repeated on a disk that works again. */
import assert from "node:assert/strict";
import { fsck } from "../../core/maintenance/fsck.js";
import { openFileStore } from "../../core/store/open-store.js";
import { isRunstoneError } from "../../store-format/index.js";
import { expectNone, stateOf } from "./crash-runs.js";
import { illegal, isSameState, type StoreState } from "./store-state.js";
import { type Desk, hasStore, repeat, type Step, type Workload } from "./store-workloads.js";

/** Takes the steps in turn; says how many returned, and the error of the one that did not. */
export async function workUntilError(
  workload: Workload,
  desk: Desk,
): Promise<{ acked: number; error: unknown }> {
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

/** Typed, and names a path. */
export function checkError(error: unknown, where: string): void {
  if (!isRunstoneError(error)) throw new Error(`${where}: not a typed error`, { cause: error });
  assert.ok(typeof error.data.path === "string", `${where}: the error names no path: ${error.message}`);
}

export interface Expected {
  readonly workload: Workload;
  readonly states: readonly StoreState[];
}

export interface Reached {
  readonly acked: number;
  readonly where: string;
}

/** Between the acknowledged state and the next one; nothing is lost. */
export function checkState(desk: Desk, states: readonly StoreState[], { acked, where }: Reached): void {
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
export async function goOn(
  desk: Desk,
  { workload, states }: Expected,
  { acked, where }: Reached,
): Promise<void> {
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

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause =
    error.cause instanceof Error
      ? `\n    because ${error.cause.stack?.split("\n").slice(0, 6).join("\n    ")}`
      : "";
  return error.message + cause;
}
