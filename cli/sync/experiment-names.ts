/** Names of the experiments that a command chose. */
import { findExperiment as findExperimentHere, readExperimentMeta } from "../../core/index.js";
import { type Experiment, isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { visible } from "../output/visible.js";
import { findExperiment } from "../store/find-experiment.js";
import type { OpenPlace } from "../store/open-place.js";
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
    const location = findExperimentHere(place.context, id);
    return location === null ? [] : [readExperimentMeta(location).name];
  });
  return new Set(found);
}

/** Ids of experiments here as their names; what is no experiment here may be the name of one that comes. */
export function namesOfWords(place: OpenPlace, words: readonly string[]): readonly string[] {
  return words.map((word) => experimentHere(place, word)?.name ?? word);
}

/** Null: there is none of this name or id. */
export function experimentHere(place: OpenPlace, word: string): Experiment | null {
  try {
    return findExperiment(place, word);
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}

/**
 * After runs came: an experiment that was asked for is here, or it is not at the remote either, which is told. Returns the exit
 * code of the whole.
 */
export function afterExperiments(
  { err }: Pick<CommandContext, "err">,
  { place, experimentNames = [], remoteName }: NativeChosen,
  exitCode: number,
): number {
  const missing = experimentNames.filter((name) => experimentHere(place, name) === null);
  for (const name of missing)
    err.line(`runstone: there is no experiment '${visible(name)}', here or at ${visible(remoteName)}`);
  return missing.length === 0 || exitCode !== EXIT.ok ? exitCode : EXIT.notFound;
}
