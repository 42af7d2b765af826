/** A sync's way with its state, step by step, and what must be found after any of them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { StoreContext } from "../../core/store/context.js";
import { openRemoteState, type RemoteState, type RunState, readRemoteState } from "../../sync/index.js";
import { contextOf } from "./new-store.js";

export interface StateStep {
  /** A power cut loses nothing that was done up to its end. */
  readonly durable: boolean;
  act(state: RemoteState): void | Promise<void>;
}

/** Large enough that some of them make the journal mostly history. */
function stateOf(run: number, mark: string, bytes = 40): RunState {
  const runId = `run${run}`;
  const artifacts = { a: mark.repeat(Math.ceil(bytes / mark.length)) };
  const sent = mark === "planned" ? null : `remote-${run}`;
  return {
    runId,
    remoteRunId: sent,
    remoteExperimentId: null,
    localMark: mark,
    remoteMark: null,
    common: null,
    watermarks: {},
    artifacts,
    receipt: null,
  };
}

const LARGE = 400_000;

export const STATE_STEPS: readonly StateStep[] = [
  { durable: false, act: (state) => state.saveExperiment("Default", "0") },
  { durable: true, act: (state) => state.saveDurably(stateOf(1, "planned"), stateOf(2, "planned")) },
  { durable: false, act: (state) => state.save(stateOf(1, "sent")) },
  { durable: false, act: (state) => state.save(stateOf(2, "sent", LARGE)) },
  { durable: false, act: (state) => state.save(stateOf(3, "sent")) },
  { durable: false, act: (state) => state.forget("run3") },
  { durable: true, act: (state) => state.flush() },
  { durable: false, act: (state) => state.save(stateOf(2, "again", LARGE)) },
  { durable: false, act: (state) => state.save(stateOf(2, "more", LARGE)) },
  { durable: true, act: (state) => state.saveDurably(stateOf(4, "planned")) },
  { durable: false, act: (state) => state.save(stateOf(4, "sent")) },
  { durable: true, act: (state) => state.close() },
];

export function contextIn(workspace: string): StoreContext {
  mkdirSync(join(workspace, ".runstone"), { recursive: true });
  return contextOf(join(workspace, "mlruns"), { workspace });
}

/** Does the steps from the opening on; `done` is told each one's number. */
export async function work(context: StoreContext, done: (step: number) => void): Promise<void> {
  const state = openRemoteState(context, "lab");
  for (const [at, step] of STATE_STEPS.entries()) {
    await step.act(state);
    done(at);
  }
}

/** What each step leaves: run id -> mark, and the experiments; the first is that of nothing. */
export async function marksAfterEachStep(
  workspace: string,
): Promise<readonly (readonly (readonly string[])[])[]> {
  const context = contextIn(workspace);
  const states = [seenIn(context)];
  await work(context, () => states.push(seenIn(context)));
  return states;
}

/** What a reader finds, whole entries only, in the order of their names. */
export function seenIn(context: StoreContext): readonly (readonly string[])[] {
  const view = readRemoteState(context, "lab", { onDamage: () => undefined });
  try {
    const runs = [...view.runIds()].map((id) => [id, view.run(id)?.localMark ?? "damaged"]);
    return [...runs, ...[...view.experiments()].map(([name, id]) => [`experiment ${name}`, id])].sort();
  } finally {
    view.close();
  }
}
