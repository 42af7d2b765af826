/** Receipts as files: one for people in the state of the remote, a copy beside the run for Git. The journal has them, too. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { listDirectory, readBytesIfExists, replaceFile, statIfExists } from "../../core/fs/index.js";
import type { RunLocation } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { WORKSPACE_DIRECTORY } from "../../core/workspace/find-workspace.js";
import {
  isRunstoneError,
  parseSyncReceipt,
  receiptFileName,
  serializeSyncReceipt,
} from "../../store-format/index.js";
import type { RunState } from "../engine/run-state.js";
import { remotesWithState } from "./state-directory.js";

export const RECEIPTS = "receipts";

/** A state without a receipt is a bug. */
export function receiptBytes(remote: string, state: RunState): Uint8Array {
  const { runId, remoteRunId, remoteExperimentId, receipt } = state;
  if (receipt === null || remoteRunId === null) throw new Error(`the state of ${runId} has no receipt`);
  return Buffer.from(
    serializeSyncReceipt({
      ...receipt,
      remote,
      runId,
      remoteRunId,
      remoteExperimentId: remoteExperimentId ?? "",
    }),
  );
}

/** In the state's directory. Not durable: it is the journal's. Throws typed I/O errors. */
export function keepReceipt(directory: string, runId: string, bytes: Uint8Array): void {
  replaceFile(join(directory, RECEIPTS, `${runId}.yaml`), bytes, { temporaryIn: directory, sync: false });
}

/** Beside the run; its path, or null when one is there that differs in nothing but the time. Throws typed I/O errors. */
export function copyReceipt(runDirectory: string, remote: string, bytes: Uint8Array): string | null {
  const copy = join(runDirectory, receiptFileName(remote));
  if (saysTheSame(copy, bytes)) return null;
  replaceFile(copy, bytes, { temporaryIn: runDirectory, sync: false });
  return copy;
}

/** Names of the remotes of which a receipt of the run is kept here, in the workspace's state or beside the run. Throws typed I/O errors. */
export function remotesWithReceipt(
  { workspace }: Pick<StoreContext, "workspace">,
  { runId, directory }: Pick<RunLocation, "directory" | "runId">,
): readonly string[] {
  const known = workspace === null ? [] : remotesWithState(workspace);
  const kept = known.filter((name) => {
    const path = join(workspace ?? "", WORKSPACE_DIRECTORY, "remotes", name, RECEIPTS, `${runId}.yaml`);
    return statIfExists(path) !== null;
  });
  const beside = (listDirectory(directory) ?? []).flatMap(({ name }) => {
    const found = /^runstone-receipt\.(.+)\.yaml$/.exec(name)?.[1];
    return found === undefined ? [] : [found];
  });
  return [...new Set([...kept, ...beside])];
}

function saysTheSame(path: string, bytes: Uint8Array): boolean {
  const found = readBytesIfExists(path);
  if (found === null) return false;
  try {
    const [was, is] = [found, bytes].map((text) => ({ ...parseSyncReceipt(text), verifiedTime: 0 }));
    return isDeepStrictEqual(was, is);
  } catch (error) {
    if (isRunstoneError(error)) return false;
    throw error;
  }
}
