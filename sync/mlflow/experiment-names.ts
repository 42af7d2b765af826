/** Names of the experiments of local runs, each looked up once. */
import {
  findExperimentsByName,
  type RunLocation,
  readExperimentMeta,
  type StoreContext,
} from "../../core/index.js";
import { experimentOf } from "../../core/store/read/inputs-outputs.js";
import { MLFLOW_MAX_EXPERIMENT_TAG_VALUE_LENGTH } from "../../protocol/mlflow/index.js";
import { isRunstoneError, type StringMap } from "../../store-format/index.js";
import { cutText } from "./cut-values.js";

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

/** As a server takes them: longer values are cut. */
export function experimentTags(context: StoreContext, name: string): StringMap {
  const found = findExperimentsByName(context, name);
  const experiment = found.find(({ lifecycleStage }) => lifecycleStage === "active") ?? found[0];
  const entries = Object.entries(experiment?.tags ?? {});
  return Object.fromEntries(
    entries.map(([key, value]) => [key, cutText(value, MLFLOW_MAX_EXPERIMENT_TAG_VALUE_LENGTH)]),
  );
}

function readName(location: RunLocation): string {
  try {
    return readExperimentMeta(experimentOf(location)).name || location.experimentId;
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED")) return location.experimentId;
    throw error;
  }
}
