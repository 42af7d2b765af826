/** Runs on their way into a commit: sealed as they are now. */
import { locationOf } from "../../core/search/run-location.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { sealRun } from "../../core/store/runs/seal.js";
import { readRunHead } from "../../core/transfer/index.js";
import type { StoreRuns } from "../store/open-runs.js";

/** Why a run cannot be committed; null: it can, once it is sealed. */
export function reasonToSkip(run: RunRecord): string | null {
  const state = stateOf(run);
  if (state === "LOST") return "it was lost; runstone end ends it, runstone resume goes on with it";
  if (state === "DAMAGED") return "its meta.yaml is damaged; runstone fsck tells more";
  return run.info?.endTime === null || state === "RUNNING" || state === "SCHEDULED"
    ? "it has not ended"
    : null;
}

/** Seals it where what is there is not what was sealed; false while somebody writes into it. */
export function isSealedNow({ place: { context } }: StoreRuns, run: RunRecord): boolean {
  const location = locationOf(run);
  if (readRunHead(context, location)?.recordDigest != null) return true;
  return sealRun(context, location);
}

export interface SealedRuns {
  readonly sealed: ReadonlySet<string>;
  readonly skipped: readonly { readonly runId: string; readonly reason: string }[];
}

/** Of these ids; one that is no run of the store is passed over. */
export function sealedRuns(opened: StoreRuns, runIds: Iterable<string>): SealedRuns {
  const sealed = new Set<string>();
  const skipped: { runId: string; reason: string }[] = [];
  for (const runId of runIds) {
    const row = opened.table.rowOf(runId);
    if (row === null) continue;
    const run = opened.table.runAt(row);
    const reason = reasonToSkip(run) ?? (isSealedNow(opened, run) ? null : "something writes into it");
    if (reason === null) sealed.add(runId);
    else skipped.push({ runId, reason });
  }
  return { sealed, skipped };
}
