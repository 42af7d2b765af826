/** What the words of a sync command mean: runs, then a remote. */
import { FileStore } from "../../core/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { type OpenedRemote, openRemote } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { type OpenPlace, openPlace } from "../store/open-place.js";
import { type OpenRuns, openRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { experimentHere, namesOfWords } from "./experiment-names.js";
import type { NativeChosen } from "./native-sync.js";
import { splitRemote } from "./split-remote.js";

export interface Chosen {
  readonly place: OpenPlace;
  readonly remoteName: string;
  /** Ids; undefined: every run. */
  readonly runIds: readonly string[] | undefined;
  /** Ids; undefined: every experiment. */
  readonly experimentIds: readonly string[] | undefined;
}

export interface SyncWords {
  readonly what: readonly string[];
  /** Names or ids of experiments. */
  readonly experiment?: readonly string[];
}

/** As {@link chooseForSync}; an experiment that is not here may be one that comes, and is meant by its name. */
export function chooseForBoth(context: CommandContext, words: SyncWords): NativeChosen {
  const { experiment = [] } = words;
  if (experiment.length === 0) return chooseForSync(context, words);
  const place = openPlace(context);
  const here = experiment.flatMap((word) => experimentHere(place, word)?.experimentId ?? []);
  const chosen = chooseForSync(context, { what: words.what, experiment: here });
  return { ...chosen, experimentIds: here, experimentNames: namesOfWords(place, experiment) };
}

/**
 * Of the words, one may be the remote: see `splitRemote`. Throws NO_WORKSPACE, RESOURCE_DOES_NOT_EXIST for runs and remotes that
 * are not there, and INVALID_PARAMETER_VALUE when it is not clear which remote is meant.
 */
export function chooseForSync(context: CommandContext, { what, experiment = [] }: SyncWords): Chosen {
  const opened = openRuns(context, { experiments: experiment });
  const { place, experimentIds } = opened;
  const { words, remoteName } = splitRemote(what, {
    ...{ workspace: workspaceOf(place), cwd: context.cwd },
    isRun: (word) => namesRuns(context, opened, word),
  });
  return {
    place,
    remoteName,
    runIds: words.length === 0 ? undefined : resolveRuns(context, opened, words).map(({ runId }) => runId),
    experimentIds,
  };
}

/** Whether a word names runs here. */
export function namesRuns(context: CommandContext, opened: OpenRuns, word: string): boolean {
  try {
    return resolveRuns(context, opened, [word]).length > 0;
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return false;
    // Wrong in another way: whoever wants the runs of it is told so.
    if (isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return true;
    throw error;
  }
}

/** Throws as `openRemote`. */
export function openChosenRemote(context: CommandContext, { place, remoteName }: Chosen): OpenedRemote {
  return openRemote({
    workspace: workspaceOf(place),
    name: remoteName,
    env: context.env,
    warn: (message) => context.err.line(`runstone: ${visible(message)}`),
  });
}

export function storeOf({ context, onDamage }: OpenPlace): FileStore {
  return new FileStore(context, onDamage);
}

export function workspaceOf({ context }: OpenPlace): string {
  if (context.workspace !== null) return context.workspace;
  throw new RunstoneError(
    "NO_WORKSPACE",
    `the store ${context.root} lies in no workspace, which keeps remotes`,
    {
      hint: "Make the directory above it one: runstone init --path DIR, with the store as DIR.",
      data: { path: context.root },
    },
  );
}
