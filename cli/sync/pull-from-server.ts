/** Pulling from an MLflow server, as several commands do it. */
import type { PullOptions, SyncEvent, SyncReport } from "../../sync/index.js";
import type { OpenedRemote } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { parsePairs } from "../parse/pairs.js";
import { experimentNamesOf } from "./experiment-names.js";
import type { NativeChosen } from "./native-sync.js";
import { withServer } from "./open-server.js";
import { syncProgress } from "./sync-progress.js";
import { tellWaits } from "./tell-waits.js";

export interface ServerTarget {
  readonly chosen: NativeChosen;
  readonly remote: OpenedRemote;
}

export interface ServerPull {
  readonly jobs: number;
  readonly withArtifacts: boolean;
  readonly includeDeleted: boolean;
  readonly withRegistry?: boolean;
  readonly map?: readonly string[];
  /** By path; default: all. */
  readonly isWantedArtifact?: (path: string) => boolean;
}

/** `command`: as it is shown to somebody who waits for the remote; `verb`: `Pulling`. */
export async function pullFromServer(
  context: CommandContext,
  target: ServerTarget,
  how: ServerPull & { readonly command: string; readonly verb: string; readonly rate?: number | null },
): Promise<SyncReport> {
  const progress = syncProgress(context, how.verb);
  const server = {
    command: how.command,
    connections: 2 * how.jobs,
    rate: how.rate ?? null,
    onWait: tellWaits(context),
  };
  return withServer(target, server, async (parties, signal) => {
    const onEvent = (event: SyncEvent): void => progress.tell(event);
    try {
      const { pull } = await import("../../sync/mlflow/pull.js");
      return await pull(parties, { ...pullOptions(target, how), signal, onEvent });
    } finally {
      progress.clear();
    }
  });
}

export function pullOptions(
  { chosen, remote }: ServerTarget,
  { jobs, withArtifacts, includeDeleted, withRegistry = false, map = [], isWantedArtifact }: ServerPull,
): PullOptions {
  const { runIds, runWords } = chosen;
  const { experiments, receipts } = remote.settings;
  const names = experimentNamesOf(chosen);
  return {
    ...{ jobs, withArtifacts, includeDeleted, withRegistry },
    ...(isWantedArtifact === undefined ? {} : { isWantedArtifact }),
    ...(runIds === undefined ? {} : { runIds }),
    ...(runWords === undefined ? {} : { words: runWords }),
    ...(names === undefined ? {} : { experimentNames: names }),
    experiments: {
      map: new Map(Object.entries({ ...experiments.map, ...parsePairs(map) })),
      prefix: experiments.prefix,
    },
    commitReceipts: receipts === "committed",
  };
}
