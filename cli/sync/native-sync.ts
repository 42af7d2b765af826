/** What a command needs to sync with a native remote: its peer, the state of the remote, and a way to stop. */

import type { StoreContext } from "../../core/store/context.js";
import { RunstoneError } from "../../store-format/index.js";
import { systemClock } from "../../sync/http/clock.js";
import { RateLimiter } from "../../sync/http/rate-limiter.js";
import type { SyncEvent, SyncReport } from "../../sync/index.js";
import { openRemoteState } from "../../sync/index.js";
import { syncNative } from "../../sync/native/native-sync.js";
import { assertOtherDirectory, assertOtherPeer } from "../../sync/native/other-store.js";
import type { Peer } from "../../sync/native/peer.js";
import type { Direction } from "../../sync/native/plan.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import type { NativeOptions, NativeParties } from "../../sync/native/sync-session.js";
import type { OpenedRemote } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { parsePairs } from "../parse/pairs.js";
import type { Chosen } from "./chosen.js";
import { experimentNamesOf } from "./experiment-names.js";
import { onInterrupt } from "./interrupt.js";
import { type OpenedPeer, openPeer, PROGRAM } from "./open-peer.js";
import { untilEnded } from "./push-rounds.js";
import { syncProgress } from "./sync-progress.js";

/** Runs and experiments as the words of a command name them. */
export interface NativeChosen extends Chosen {
  /** Ids of runs there, or their beginnings. */
  readonly runWords?: readonly string[];
  /** Names of experiments here. */
  readonly experimentNames?: readonly string[];
}

export interface NativeTarget {
  readonly chosen: NativeChosen;
  readonly remote: OpenedRemote;
  /** Bytes a second between both stores; absent or null: no limit. */
  readonly rate?: number | null;
}

/**
 * Works with the peer while the claim of the remote's state is held; the signal is aborted by Ctrl-C. Throws LEASE_HELD when
 * another sync works with it, and what keeps the peer from answering.
 */
export async function withPeer<Result>(
  context: CommandContext,
  { chosen, remote, rate = null }: NativeTarget,
  command: string,
  work: (parties: NativeParties, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const store = chosen.place.context;
  const state = openRemoteState(store, remote.name, { command, address: remote.address.text });
  const interrupt = onInterrupt();
  try {
    const throttle = rate === null ? null : new RateLimiter(rate, systemClock);
    const opened = await openPeer(context, remote.address, throttle);
    await assertOther(store, remote, opened);
    const local = new StorePeer({ program: PROGRAM, open: () => store, make: () => store });
    try {
      return await work({ context: store, local, remote: opened.peer, state }, interrupt.signal);
    } catch (error) {
      throw await opened.explain(error);
    } finally {
      await opened.close();
    }
  } finally {
    interrupt.release();
    state.close();
  }
}

/** Throws INVALID_PARAMETER_VALUE for a remote that is the store here. */
async function assertOther(store: StoreContext, remote: OpenedRemote, opened: OpenedPeer): Promise<void> {
  try {
    if (remote.address.kind === "directory") assertOtherDirectory(store, remote.address.path);
    await assertOtherPeer(store, opened.peer, `the remote ${remote.name}`);
  } catch (error) {
    const reason = await opened.explain(error);
    await opened.close();
    throw reason;
  }
}

export interface NativeWords {
  readonly map?: readonly string[];
  readonly jobs: number;
  readonly withArtifacts: boolean;
  readonly includeDeleted: boolean;
  readonly withRegistry?: boolean;
  readonly recheck?: boolean;
}

/** `verb`: `Pushing`. */
export async function runNativeSync(
  context: CommandContext,
  target: NativeTarget,
  how: NativeWords & {
    readonly direction: Direction;
    readonly command: string;
    readonly verb: string;
    /** Goes on until no run runs any more. */
    readonly watch?: boolean;
  },
): Promise<SyncReport> {
  const progress = syncProgress(context, how.verb);
  return withPeer(context, target, how.command, async (parties, signal) => {
    try {
      const onEvent = (event: SyncEvent): void => progress.tell(event);
      const options = { ...nativeOptions(target, how), direction: how.direction, signal, onEvent };
      const { runWords } = target.chosen;
      const live = new Set<string>();
      if (how.watch === true)
        return await untilEnded(signal, () => syncNative(parties, { ...options, live }));
      if (runWords === undefined) return await syncNative(parties, options);
      return await syncNative(parties, { ...options, runIds: await idsThere(parties.remote, runWords) });
    } finally {
      progress.clear();
    }
  });
}

/** Throws RESOURCE_DOES_NOT_EXIST for a word that begins no id of a run there, INVALID_PARAMETER_VALUE when it begins several. */
export async function idsThere(remote: Peer, words: readonly string[]): Promise<readonly string[]> {
  const ids = ((await remote.heads(null)).heads ?? []).map(({ runId }) => runId);
  return words.map((word) => {
    const found = ids.includes(word) ? [word] : ids.filter((id) => id.startsWith(word));
    if (found.length === 1) return found[0]!;
    if (found.length === 0)
      throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `no run there has an id that begins with ${word}`, {
        hint: "Give ids of runs, or their beginnings; without them everything is pulled.",
        data: { word },
      });
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `${found.length} runs there have ids that begin with ${word}`,
      {
        hint: "Give more of the id.",
        data: { word, runIds: found.slice(0, 20) },
      },
    );
  });
}

export function nativeOptions(
  { chosen, remote }: NativeTarget,
  { map = [], jobs, withArtifacts, includeDeleted, withRegistry = false, recheck = false }: NativeWords,
): Omit<NativeOptions, "direction"> {
  const { runIds, experimentIds, place } = chosen;
  const experimentNames = experimentNamesOf(chosen);
  const { experiments, receipts } = remote.settings;
  return {
    ...(runIds === undefined ? {} : { runIds }),
    ...(experimentIds === undefined ? {} : { experimentIds }),
    ...(experimentNames === undefined ? {} : { experimentNames }),
    ...{ jobs, withArtifacts, includeDeleted, withRegistry, recheck },
    experiments: {
      map: new Map(Object.entries({ ...experiments.map, ...parsePairs(map) })),
      prefix: experiments.prefix,
    },
    commitReceipts: receipts === "committed",
    onDamage: place.onDamage,
  };
}
