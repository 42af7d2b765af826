/** Workspaces that sync with a directory. */

import { findRun, listRunLocations } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { readRunDocument } from "../../core/transfer/index.js";
import type { SyncReport } from "../../sync/engine/report.js";
import type { CatalogCounts } from "../../sync/index.js";
import { foreseeNativeCatalog } from "../../sync/native/foresee-catalog.js";
import { foreseeNative } from "../../sync/native/foresee-native.js";
import { syncNative } from "../../sync/native/native-sync.js";
import type { Peer } from "../../sync/native/peer.js";
import type { NativeOptions } from "../../sync/native/sync-session.js";
import { openRemoteState, readRemoteState } from "../../sync/state/index.js";
import { peerOf } from "./native-peers.js";

const DEFAULTS: Omit<NativeOptions, "direction"> = {
  jobs: 3,
  withArtifacts: true,
  includeDeleted: false,
  experiments: { map: new Map(), prefix: "" },
  commitReceipts: false,
};

export async function syncWith(
  context: StoreContext,
  remote: Peer,
  options: Partial<NativeOptions> & Pick<NativeOptions, "direction">,
): Promise<SyncReport> {
  const state = openRemoteState(context, "lab", { address: "test" });
  try {
    return await syncNative({ context, local: peerOf(context), remote, state }, { ...DEFAULTS, ...options });
  } finally {
    state.close();
  }
}

/** A dry run of the same. */
export async function foreseeWith(
  context: StoreContext,
  remote: Peer,
  options: Partial<NativeOptions> & Pick<NativeOptions, "direction">,
): Promise<SyncReport> {
  const state = readRemoteState(context, "lab");
  try {
    return await foreseeNative({ local: peerOf(context), remote, state }, { ...DEFAULTS, ...options });
  } finally {
    state.close();
  }
}

/** What a dry run tells of experiments and models. */
export async function foreseeCatalogWith(
  context: StoreContext,
  remote: Peer,
  options: Partial<NativeOptions> & Pick<NativeOptions, "direction">,
): Promise<CatalogCounts> {
  const state = readRemoteState(context, "lab", { address: "test" });
  const parties = { context, local: peerOf(context), remote, state };
  try {
    return (await foreseeNativeCatalog(parties, { ...DEFAULTS, ...options })).counts;
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
