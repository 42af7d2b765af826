/** Names of the experiments of local runs, each looked up once. */
import { type RunLocation, readExperimentMeta } from "../../core/index.js";
import { experimentOf } from "../../core/store/read/inputs-outputs.js";
import { isRunstoneError } from "../../store-format/index.js";

export interface ExperimentNames {
  nameOf(location: RunLocation): string;
}

/** One that cannot be read has its id as name, as in every listing. */
export function experimentNames(): ExperimentNames {
  const names = new Map<string, string>();
  return {
    nameOf(location) {
      const key = `${location.place}/${location.experimentId}`;
      const known = names.get(key);
      if (known !== undefined) return known;
      const name = readName(location);
      names.set(key, name);
      return name;
    },
  };
}

function readName(location: RunLocation): string {
  try {
    return readExperimentMeta(experimentOf(location)).name || location.experimentId;
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED")) return location.experimentId;
    throw error;
  }
}
