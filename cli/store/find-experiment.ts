/** Experiments as people name them: by name or by id. */
import { type Experiment, RunstoneError } from "../../store-format/index.js";
import { nearest } from "../parse/nearest.js";
import type { OpenStore } from "./open-store.js";

/**
 * The experiment of that name or id; the name goes first, and an active one before a deleted one. Throws
 * RESOURCE_DOES_NOT_EXIST.
 */
export async function findExperiment({ store }: OpenStore, word: string): Promise<Experiment> {
  const named = await store.getExperimentByName(word);
  if (named !== null) return named;
  const all = await store.listExperiments("all");
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
export async function findExperimentIds(
  opened: OpenStore,
  words: readonly string[],
): Promise<readonly string[] | undefined> {
  if (words.length === 0) return undefined;
  const found = await Promise.all(words.map((word) => findExperiment(opened, word)));
  return found.map((experiment) => experiment.experimentId);
}
