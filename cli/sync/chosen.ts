/** What the words of a sync command mean: runs, then a remote. */
import { FileStore } from "../../core/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { defaultRemote, type OpenedRemote, openRemote, readRemotes } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { type OpenPlace, openPlace } from "../store/open-place.js";
import { openRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { experimentHere, namesOfWords } from "./experiment-names.js";
import type { NativeChosen } from "./native-sync.js";

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
 * The last word is the remote when one has that name. Throws NO_WORKSPACE, RESOURCE_DOES_NOT_EXIST for runs and remotes that
 * are not there, and INVALID_PARAMETER_VALUE when it is not clear which remote is meant.
 */
export function chooseForSync(context: CommandContext, { what, experiment = [] }: SyncWords): Chosen {
  const opened = openRuns(context, { experiments: experiment });
  const { place, experimentIds } = opened;
  const { words, remoteName } = splitRemote(place, what);
  return {
    place,
    remoteName,
    runIds: words.length === 0 ? undefined : resolveRuns(context, opened, words).map(({ runId }) => runId),
    experimentIds,
  };
}

/** The last word is the remote when one has that name; else it is the default one. Throws as {@link chooseForSync}. */
export function splitRemote(
  place: OpenPlace,
  what: readonly string[],
): { readonly words: readonly string[]; readonly remoteName: string } {
  const workspace = workspaceOf(place);
  const last = what.at(-1);
  const isNamed = readRemotes(workspace).remotes.some(({ name }) => name === last);
  return isNamed && last !== undefined
    ? { words: what.slice(0, -1), remoteName: last }
    : { words: what, remoteName: defaultRemote(workspace) };
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
