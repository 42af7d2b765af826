import { ArtifactHashes } from "../../core/transfer/index.js";
import {
  joinReports,
  type LiveRuns,
  type PushOptions,
  type PushParties,
  type SyncReport,
} from "../../sync/index.js";

/** How often runs that still run are looked at. Milliseconds. */
const WAIT_MS = 3_000;

/** Pushes again and again until no run runs any more, or the signal is aborted. */
export async function pushWhileRunning(
  parties: PushParties,
  options: PushOptions & { readonly signal: AbortSignal },
): Promise<SyncReport> {
  const live: LiveRuns = { watermarks: new Map(), hashes: new ArtifactHashes(), sizes: new Map() };
  const { push } = await import("../../sync/mlflow/push.js");
  return untilEnded(options.signal, () => push(parties, { ...options, live }));
}

/** Repeats a sync until no run of it runs any more, or the signal is aborted. */
export async function untilEnded(signal: AbortSignal, sync: () => Promise<SyncReport>): Promise<SyncReport> {
  let sum: SyncReport | null = null;
  for (;;) {
    const report = await sync();
    sum = sum === null ? report : joinReports(sum, report);
    if (report.counts.running === 0 || signal.aborted) return sum;
    await pause(WAIT_MS, signal);
  }
}

/** Ends early when the signal is aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
