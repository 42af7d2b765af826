import { inside, placeLocation, type RunLocation } from "../store/read/located.js";
import type { RunRecord } from "./run-record.js";

/** Where the run of a record lies: what its points and artifacts are read by. */
export function locationOf(run: RunRecord): RunLocation {
  const { runId, experimentId, place, orphan, directory } = run;
  const { path } = inside(inside(placeLocation("", place), experimentId), runId);
  return { runId, experimentId, place, orphan, directory, path };
}
