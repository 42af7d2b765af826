/** The end of a run: status and end time, then the seal, unless somebody still writes. */
import type { Integer, RunStatus } from "../../../store-format/index.js";
import { artifactLocation } from "../artifact-location.js";
import type { StoreContext } from "../context.js";
import { type RunLocation, readRunMeta } from "../read/index.js";
import { writeRunMeta } from "./run-files.js";
import { type KnownHashes, sealRun } from "./seal.js";

export interface Outcome {
  readonly status: RunStatus;
  /** Default: now. */
  readonly endTime?: Integer;
}

/** Sets the outcome (durable) and seals. With live writers the last of them to close seals. */
export function finishRun(
  context: StoreContext,
  location: RunLocation,
  outcome: Outcome,
  known?: KnownHashes,
): void {
  const meta = readRunMeta(location);
  writeRunMeta(location.directory, {
    ...meta,
    status: outcome.status,
    endTime: outcome.endTime ?? context.now(),
    artifactUri: artifactLocation(
      context,
      context.locations,
      location.experimentId,
      location.runId,
      "artifacts",
    ),
  });
  sealRun(context, location, known === undefined ? {} : { known });
}

/** Whether a run of this status is over. */
export function isEnded(status: RunStatus): boolean {
  return status === "FINISHED" || status === "FAILED" || status === "KILLED";
}

/** Seals a run that has ended, when nobody else writes into it. For the writer that closes last. */
export function sealIfFinished(context: StoreContext, location: RunLocation, known?: KnownHashes): void {
  if (isEnded(readRunMeta(location).status)) sealRun(context, location, known === undefined ? {} : { known });
}
