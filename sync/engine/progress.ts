/** What happens during a sync, as it happens: the command line renders it. */
import type { RunOutcome } from "./report.js";

/** What one request, or a part of one, brought over. */
export interface Moved {
  readonly params?: number;
  readonly tags?: number;
  readonly points?: number;
  readonly artifacts?: number;
  /** Bytes of artifacts. */
  readonly bytes?: number;
}

export type SyncEvent =
  /** What is to be done: before the first transfer. */
  | { readonly type: "plan"; readonly runs: number; readonly unchanged: number }
  | { readonly type: "begin"; readonly runId: string; readonly runName: string }
  | ({ readonly type: "moved"; readonly runId: string } & Moved)
  | { readonly type: "end"; readonly outcome: RunOutcome }
  /** Something that concerns no run alone: an experiment that was made, storage that cannot be reached. */
  | { readonly type: "note"; readonly message: string };

export type OnSyncEvent = (event: SyncEvent) => void;
