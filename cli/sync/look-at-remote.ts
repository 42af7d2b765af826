/** Asking a remote what is new, changed and gone there: without its claim, and nothing is written. */

import type { LookOptions, RemoteLook } from "../../sync/engine/remote-look.js";
import type { RemoteStateView } from "../../sync/index.js";
import { lookAtPeer } from "../../sync/native/look-at-peer.js";
import { assertOtherDirectory } from "../../sync/native/other-store.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import { type OpenedRemote, openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { type Chosen, openChosenRemote } from "./chosen.js";
import { experimentNamesOf } from "./experiment-names.js";
import { openPeer, PROGRAM } from "./open-peer.js";
import { openHttp } from "./open-server.js";
import { tellWaits } from "./tell-waits.js";

/** Throws as `openRemote`, and what keeps the remote from answering. */
export async function lookAtRemote(
  context: CommandContext,
  chosen: Chosen,
  state: RemoteStateView,
): Promise<RemoteLook> {
  const remote = openChosenRemote(context, chosen);
  const { experiments, artifacts } = remote.settings;
  const options: LookOptions = {
    experimentIds: chosen.experimentIds,
    experimentNames: experimentNamesOf(chosen),
    experiments: { map: new Map(Object.entries(experiments.map)), prefix: experiments.prefix },
    withArtifacts: artifacts === "all",
  };
  const native = (): Promise<RemoteLook> => atPeer(context, { chosen, remote, state }, options);
  return openByKind(remote, {
    mlflow: () => atServer(context, { chosen, remote, state }, options),
    directory: native,
    ssh: native,
  });
}

interface Looking {
  readonly chosen: Chosen;
  readonly remote: OpenedRemote;
  readonly state: RemoteStateView;
}

async function atServer(
  context: CommandContext,
  { chosen, remote, state }: Looking,
  options: LookOptions,
): Promise<RemoteLook> {
  const { lookAtServer } = await import("../../sync/mlflow/look-at-server.js");
  const http = await openHttp(remote, { connections: 1, rate: null, onWait: tellWaits(context) });
  try {
    return await lookAtServer({ context: chosen.place.context, state, http }, options);
  } finally {
    await http.destroy();
  }
}

async function atPeer(
  context: CommandContext,
  { chosen, remote, state }: Looking,
  options: LookOptions,
): Promise<RemoteLook> {
  const store = chosen.place.context;
  if (remote.address.kind === "directory") assertOtherDirectory(store, remote.address.path);
  const opened = await openPeer(context, remote.address);
  try {
    const local = new StorePeer({ program: PROGRAM, open: () => store });
    return await lookAtPeer({ context: store, state, local, remote: opened.peer }, options);
  } catch (error) {
    throw await opened.explain(error);
  } finally {
    await opened.close();
  }
}
