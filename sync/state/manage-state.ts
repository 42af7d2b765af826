/** Giving the state of a remote another name, and forgetting it. Receipts beside runs stay: they are the runs'. */
import { join } from "node:path";
import {
  discardTree,
  listDirectory,
  moveFile,
  removeFile,
  removeIfEmpty,
  statIfExists,
} from "../../core/fs/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { CLAIM, claimState } from "./claim-state.js";
import { stateDirectory } from "./state-directory.js";

type Place = Pick<StoreContext, "root" | "workspace">;

/** Throws LEASE_HELD while a sync works with the remote. */
export function assertNoSync(context: Place, name: string): void {
  const directory = stateDirectory(context, name);
  if (statIfExists(directory) !== null) claimState(directory, name, { command: "runstone remote" })();
}

/** Everything that is known of a remote; false when there was nothing. Throws LEASE_HELD while a sync works with it. */
export function forgetRemoteState(context: Place, name: string): boolean {
  const directory = stateDirectory(context, name);
  if (statIfExists(directory) === null) return false;
  const release = claimState(directory, name, { command: "runstone remote" });
  try {
    for (const entry of listDirectory(directory) ?? [])
      if (entry.name !== CLAIM) discardTree(join(directory, entry.name));
  } finally {
    release();
  }
  removeIfEmpty(directory);
  return true;
}

/** The state under its new name; what was left there of an earlier remote of that name goes. Throws LEASE_HELD. */
export function renameRemoteState(context: Place, from: string, to: string): void {
  const [source, target] = [stateDirectory(context, from), stateDirectory(context, to)];
  if (statIfExists(source) === null) return;
  forgetRemoteState(context, to);
  const release = claimState(source, from, { command: "runstone remote" });
  try {
    if (!moveFile(source, target)) return release();
  } catch (error) {
    release();
    throw error;
  }
  // The claim went along.
  removeFile(join(target, CLAIM));
}
