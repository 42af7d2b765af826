/** What the words of a command mean that asks a remote for runs, which need not be here. */
import type { CommandContext } from "../context.js";
import { type OpenRuns, openRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { namesRuns, type SyncWords, workspaceOf } from "./chosen.js";
import { namesOfWords } from "./experiment-names.js";
import type { NativeChosen } from "./native-sync.js";
import { splitRemote } from "./split-remote.js";

/**
 * Of the words, one may be the remote: see `splitRemote`; the others are ids of runs there, or their beginnings, or name runs
 * that are here. Throws NO_WORKSPACE, RESOURCE_DOES_NOT_EXIST, and INVALID_PARAMETER_VALUE when it is not clear which remote is
 * meant.
 */
export function choosePull(context: CommandContext, { what, experiment = [] }: SyncWords): NativeChosen {
  const opened = openRuns(context);
  const { place } = opened;
  const { words, remoteName } = splitRemote(what, {
    ...{ workspace: workspaceOf(place), cwd: context.cwd },
    isRun: (word) => ID.test(word) || namesRuns(context, opened, word),
  });
  return {
    place,
    remoteName,
    runIds: undefined,
    experimentIds: undefined,
    ...(words.length === 0 ? {} : { runWords: idsThere(context, opened, words) }),
    ...(experiment.length === 0 ? {} : { experimentNames: namesOfWords(place, experiment) }),
  };
}

/** A run has the same id everywhere; one that is not here may be there under this id. */
function idsThere(context: CommandContext, opened: OpenRuns, words: readonly string[]): readonly string[] {
  return words.flatMap((word) =>
    !ID.test(word) && namesRuns(context, opened, word)
      ? resolveRuns(context, opened, [word]).map(({ runId }) => runId)
      : [word],
  );
}

/** May be an id, or the beginning of one. */
const ID = /^[0-9a-f]{4,32}$/;
