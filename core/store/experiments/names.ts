/** Names of experiments are unique over active and deleted ones, those of MLflow with random ids included. */
import { type Experiment, RunstoneError } from "../../../store-format/index.js";
import type { StorePaths } from "../layout.js";
import { findExperimentsByName } from "../read/experiments.js";

/** Throws RESOURCE_ALREADY_EXISTS when an experiment other than `exceptId` has the name. */
export function refuseTakenName(paths: StorePaths, name: string, exceptId?: string): void {
  const holder = othersOfName(paths, name, exceptId)[0];
  if (holder !== undefined) throw nameTaken(name, holder);
}

export function othersOfName(paths: StorePaths, name: string, exceptId?: string): Experiment[] {
  return findExperimentsByName(paths, name).filter((experiment) => experiment.experimentId !== exceptId);
}

export function nameTaken(name: string, holder: Experiment | null): RunstoneError {
  const isDeleted = holder?.place === "trash";
  const which = isDeleted ? "a deleted experiment" : "an experiment";
  return new RunstoneError(
    "RESOURCE_ALREADY_EXISTS",
    `there is ${which} of the name ${JSON.stringify(name)}`,
    {
      hint: isDeleted ? "Restore that one, or choose another name." : "Use that one, or choose another name.",
      data: { name, ...(holder === null ? {} : { experimentId: holder.experimentId }) },
    },
  );
}
