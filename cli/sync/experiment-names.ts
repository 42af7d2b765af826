/** Names of the experiments that a command chose. */
import { findExperiment, readExperimentMeta } from "../../core/index.js";
import type { NativeChosen } from "./native-sync.js";

/** By name, or as experiments here; undefined: every one. */
export function experimentNamesOf({
  place,
  experimentIds,
  experimentNames: names,
}: NativeChosen): ReadonlySet<string> | undefined {
  if (names !== undefined) return new Set(names);
  if (experimentIds === undefined) return undefined;
  const found = experimentIds.flatMap((id) => {
    const location = findExperiment(place.context, id);
    return location === null ? [] : [readExperimentMeta(location).name];
  });
  return new Set(found);
}
