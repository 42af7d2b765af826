/** Before a push of Git: which runs no remote of the workspace has. */
import { isRunstoneError } from "../../store-format/index.js";
import { planRuns, readRemoteState } from "../../sync/index.js";
import { type RemoteSettings, readRemotes } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import type { StoreRuns } from "../store/open-runs.js";
import { openHookStore } from "./hook-store.js";

/** Asks nobody: the journals tell. Throws nothing that is to stop Git. */
export async function beforePush(context: CommandContext): Promise<void> {
  try {
    const opened = openHookStore(context);
    const workspace = opened?.place.context.workspace ?? null;
    if (opened === null || workspace === null) return;
    for (const remote of readRemotes(workspace).remotes) tell(context, opened, remote);
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    context.err.line(`runstone: ${visible(error.message)}`);
  }
}

function tell({ err }: CommandContext, { place }: StoreRuns, { name, address }: RemoteSettings): void {
  const state = readRemoteState(place.context, name, { address: address.text });
  try {
    const runs = planRuns(place.context, state, { onDamage: place.onDamage }).tasks.length;
    if (runs === 0) return;
    const has = runs === 1 ? "1 run is" : `${runs} runs are`;
    err.line(`runstone: ${has} not at ${visible(name)} as here: runstone push ${visible(name)}`);
  } finally {
    state.close();
  }
}
