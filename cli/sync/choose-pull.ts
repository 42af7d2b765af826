/** What the words of a command mean that asks a remote for runs, which need not be here. */
import type { CommandContext } from "../context.js";
import { openPlace } from "../store/open-place.js";
import { type SyncWords, splitRemote } from "./chosen.js";
import { namesOfWords } from "./experiment-names.js";
import type { NativeChosen } from "./native-sync.js";

/**
 * The last word is the remote when one has that name; the others are ids of runs there, or their beginnings. Throws
 * NO_WORKSPACE, RESOURCE_DOES_NOT_EXIST, and INVALID_PARAMETER_VALUE when it is not clear which remote is meant.
 */
export function choosePull(context: CommandContext, { what, experiment = [] }: SyncWords): NativeChosen {
  const place = openPlace(context);
  const { words, remoteName } = splitRemote(place, what);
  return {
    place,
    remoteName,
    runIds: undefined,
    experimentIds: undefined,
    ...(words.length === 0 ? {} : { runWords: words }),
    ...(experiment.length === 0 ? {} : { experimentNames: namesOfWords(place, experiment) }),
  };
}
