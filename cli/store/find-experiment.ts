/** Experiments as people name them: by name or by id. */
import { findExperimentsByName, scanExperiments } from "../../core/store/read/experiments.js";
import { type Experiment, RunstoneError } from "../../store-format/index.js";
import { nearest } from "../parse/nearest.js";
import type { OpenPlace } from "./open-place.js";

/**
 * The experiment of that name or id; the name goes first, and an active one before a deleted one. Throws
 * RESOURCE_DOES_NOT_EXIST.
 */
export function findExperiment({ context, onDamage }: OpenPlace, word: string): Experiment {
  const named = findExperimentsByName(context, word);
  const active = named.find((experiment) => experiment.lifecycleStage === "active");
  if (named.length > 0) return active ?? named[0]!;
  const all = scanExperiments(context, onDamage);
  const found = all.find((experiment) => experiment.experimentId === word);
  if (found !== undefined) return found;
  const meant = nearest(
    word,
    all.map((experiment) => experiment.name),
  );
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no experiment '${word}'`, {
    hint: meant === undefined ? "`runstone experiments` lists them." : `Did you mean ${meant}?`,
    data: { experiment: word },
  });
}

/** Several words as experiment ids; undefined when there are none: every experiment. */
export function findExperimentIds(
  opened: OpenPlace,
  words: readonly string[],
): readonly string[] | undefined {
  if (words.length === 0) return undefined;
  return words.map((word) => findExperiment(opened, word).experimentId);
}
