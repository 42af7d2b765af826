/** The experiment that a run from elsewhere belongs to: the one of that name. */
import { isRunstoneError, RunstoneError, type StringMap } from "../../store-format/index.js";
import type { StoreContext } from "../store/context.js";
import {
  createExperiment,
  DEFAULT_EXPERIMENT_NAME,
  ensureDefaultExperiment,
  locateActiveExperiment,
} from "../store/experiments/index.js";
import { findExperimentsByName } from "../store/read/experiments.js";

export interface ReceivedExperiment {
  readonly name: string;
  /** What it gets when it is made. */
  readonly tags?: StringMap;
}

/**
 * The id of the active experiment of this name; it is created when there is none. Throws INVALID_STATE when only a deleted
 * one has the name, INVALID_PARAMETER_VALUE for a name or tags that cannot be kept, typed I/O errors.
 */
export function receivingExperiment(context: StoreContext, experiment: ReceivedExperiment): string {
  const found = findActive(context, experiment.name);
  if (found !== null) return found;
  if (experiment.name === DEFAULT_EXPERIMENT_NAME) {
    const { experimentId, name } = ensureDefaultExperiment(context);
    // One that was renamed here is another than theirs.
    if (name === DEFAULT_EXPERIMENT_NAME) return experimentId;
  }
  try {
    return createExperiment(context, experiment).experimentId;
  } catch (error) {
    // Somebody else was first.
    const made = isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")
      ? findActive(context, experiment.name)
      : null;
    if (made === null) throw error;
    return made;
  }
}

function findActive(context: StoreContext, name: string): string | null {
  const all = findExperimentsByName(context, name);
  const active = all.find(({ lifecycleStage }) => lifecycleStage === "active");
  if (active !== undefined) return locateActiveExperiment(context, active.experimentId).experimentId;
  const [deleted] = all;
  if (deleted === undefined) return null;
  throw new RunstoneError("INVALID_STATE", `experiment ${JSON.stringify(name)} is deleted here`, {
    hint: `Restore it (runstone experiments restore ${deleted.experimentId}), or give the runs another one.`,
    data: { experimentId: deleted.experimentId, name },
  });
}
