import { processOwner } from "../../core/leases/owner.js";
import { locateActiveRun } from "../../core/store/runs/change-run.js";
import { FileRunWriter } from "../../core/store/runs/run-writer.js";
import type { OpenPlace } from "./open-place.js";

/** Writes into a run without its lease, as one of perhaps several processes. Throws as `TrackingStore.openRun`. */
export function openWriter({ context }: OpenPlace, runId: string): FileRunWriter {
  const location = locateActiveRun(context, runId);
  return new FileRunWriter(context, location, { identity: processOwner("runstone log"), lease: null });
}
