/** Workspaces that sync with a directory. */

import { findRun, listRunLocations } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { readRunDocument } from "../../core/transfer/index.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { syncNative } from "../../sync/native/native-sync.js";
import type { Peer } from "../../sync/native/peer.js";
import type { NativeOptions } from "../../sync/native/sync-session.js";
import { openRemoteState } from "../../sync/state/index.js";
import { peerOf } from "./native-peers.js";

export async function syncWith(
  context: StoreContext,
  remote: Peer,
  options: Partial<NativeOptions> & Pick<NativeOptions, "direction">,
): Promise<SyncReport> {
  const state = openRemoteState(context, "lab", { address: "test" });
  try {
    return await syncNative(
      { context, local: peerOf(context), remote, state },
      {
        jobs: 3,
        withArtifacts: true,
        includeDeleted: false,
        experiments: { map: new Map(), prefix: "" },
        commitReceipts: false,
        ...options,
      },
    );
  } finally {
    state.close();
  }
}

/** What a run is wherever it lies; null when it is not there. */
export function contentOf(context: StoreContext, runId: string): object | null {
  const location = findRun(context, runId);
  if (location === null) return null;
  const { document } = readRunDocument(context, location);
  const { artifactUri: _uri, experimentId: _id, ...info } = document.info;
  return { ...document, info };
}

export function contentsOf(context: StoreContext): Record<string, object | null> {
  const ids = [...listRunLocations(context)].map(({ runId }) => runId).sort();
  return Object.fromEntries(ids.map((runId) => [runId, contentOf(context, runId)]));
}
