/** Resuming: a run that ended, or whose process died, goes on. Its attempts are counted. */
import { join } from "node:path";
import { statIfExists, unshareFile } from "../../fs/index.js";
import { artifactLocation } from "../artifact-location.js";
import type { StoreContext } from "../context.js";
import { type RunLocation, readRunMeta, readTags, THROW_UNREADABLE } from "../read/index.js";
import { ATTEMPTS_TAG, markLive } from "./create-run.js";
import { type FoldOptions, foldWriters } from "./fold-writers.js";
import { writeRunMeta, writeTags } from "./run-files.js";
import { listSealedFiles } from "./sealed-files.js";

/** Sets RUNNING again, keeps the start time, clears the end time. The former seal goes on to protect what it covers. The caller holds the lease. */
export function resumeRun(context: StoreContext, location: RunLocation, options: FoldOptions = {}): void {
  const { directory } = location;
  // A seal that died in the middle keeps writers out until its fold is finished.
  foldWriters(directory, options);
  unshareArtifacts(directory);
  markLive(directory);
  writeTags(directory, { [ATTEMPTS_TAG]: String(attemptsOf(location) + 1) }, true);
  writeRunMeta(directory, {
    ...readRunMeta(location),
    status: "RUNNING",
    endTime: null,
    artifactUri: artifactLocation(context, "absolute", location.experimentId, location.runId, "artifacts"),
  });
}

/** An artifact that is a hard link of an object must not be edited through it. */
function unshareArtifacts(directory: string): void {
  for (const { path, kind } of listSealedFiles(directory)) {
    const file = join(directory, path);
    if (kind === "artifact" && (statIfExists(file)?.links ?? 1) > 1) unshareFile(file, directory);
  }
}

function attemptsOf(location: RunLocation): number {
  const tag = readTags(location, THROW_UNREADABLE).find(({ key }) => key === ATTEMPTS_TAG);
  const count = tag === undefined ? 1 : Number(new TextDecoder().decode(tag.bytes));
  return Number.isSafeInteger(count) && count > 0 ? count : 1;
}
