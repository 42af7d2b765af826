/** Which runs a push has to look at: their heads against the journal. Nothing of a run whose mark is the same is read. */

import { type OnDamage, type RunLocation, readRecord, type StoreContext } from "../../core/index.js";
import { isSameMark, type LocalRunHead, listRunHeads } from "../../core/transfer/index.js";
import { decodeText, isRunstoneError } from "../../store-format/index.js";
import type { RemoteStateView } from "../state/index.js";
import type { PoolTask } from "./pool.js";
import { hasExceptions } from "./refusals.js";
import type { RunState } from "./run-state.js";

export interface RunSelection {
  /** Ids of the runs; default: every run. */
  readonly runIds?: readonly string[];
  /** Ids of experiments; default: every one. */
  readonly experimentIds?: readonly string[];
  readonly onDamage?: OnDamage;
}

/** A run that is looked at. Its parent goes first. */
export interface RunTask extends PoolTask {
  readonly head: LocalRunHead;
  /** Null: nothing is known of it at the remote. */
  readonly state: RunState | null;
}

export interface RunPlan {
  readonly tasks: readonly RunTask[];
  /** Runs whose mark is that of the journal. */
  readonly unchanged: readonly string[];
  /** Those of them that are synced with exceptions. */
  readonly excepted: readonly string[];
}

/** `recheck`: takes no run for the same. Throws NOT_A_STORE and typed I/O errors. */
export function planRuns(
  context: StoreContext,
  state: RemoteStateView,
  selection: RunSelection & { readonly recheck?: boolean; readonly withArtifacts?: boolean },
): RunPlan {
  const { recheck = false, withArtifacts = true, runIds, experimentIds, onDamage } = selection;
  const tasks: RunTask[] = [];
  const unchanged: string[] = [];
  const excepted: string[] = [];
  const heads = listRunHeads(context, {
    ...(runIds === undefined ? {} : { runIds }),
    ...(experimentIds === undefined ? {} : { experimentIds }),
    ...(onDamage === undefined ? {} : { onDamage }),
  });
  for (const head of heads) {
    const known = state.run(head.runId);
    if (!recheck && known?.receipt != null && isSameMark(known.localMark, head.mark)) {
      unchanged.push(head.runId);
      if (hasExceptions(known, withArtifacts)) excepted.push(head.runId);
    } else tasks.push({ id: head.runId, after: parentIn(head.location), head, state: known });
  }
  return { tasks, unchanged, excepted };
}

/** The id of the run's parent, without reading all of the run. */
function parentIn(location: RunLocation): string | undefined {
  try {
    const bytes = readRecord(location, "tags", "mlflow.parentRunId");
    return bytes === null ? undefined : decodeText(bytes).value;
  } catch (error) {
    // The run's own transfer tells what is wrong with it.
    if (isRunstoneError(error)) return undefined;
    throw error;
  }
}
