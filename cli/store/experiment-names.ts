/** Names of experiments for tables: people know names, not ids. */
import { findExperiment, readExperiment } from "../../core/store/read/experiments.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { OpenPlace } from "./open-place.js";

/** The name of each experiment; its id where the name cannot be read. */
export function experimentNames(place: OpenPlace, ids: Iterable<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const id of ids) if (!names.has(id)) names.set(id, nameOf(place, id));
  return names;
}

function nameOf(place: OpenPlace, id: string): string {
  try {
    const found = findExperiment(place.context, id);
    return found === null || found.orphan ? id : readExperiment(found, place.onDamage).name;
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return id;
  }
}
