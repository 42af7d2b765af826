/** Bytes of artifacts that a run came without: brought later, on demand. */
import { join } from "node:path";
import { statIfExists } from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { MANIFEST } from "../store/layout.js";
import { IGNORE_DAMAGE } from "../store/read/damages.js";
import type { RunLocation } from "../store/read/located.js";
import { readRunMeta } from "../store/read/runs.js";
import { isEnded } from "../store/runs/finish-run.js";
import { assertSealable, sealRun } from "../store/runs/seal.js";
import { assertWritableRun, writable } from "../store/writable.js";
import { ArtifactHashes, readArtifactHeads } from "./artifact-heads.js";
import { ArtifactBringer } from "./merge-artifacts.js";
import type { ArtifactSource } from "./receive-artifact.js";
import type { ArtifactHead } from "./run-document.js";

export interface FetchedArtifacts {
  readonly received: readonly ArtifactHead[];
  /** Absent still: the source has no bytes for them. */
  readonly missing: readonly ArtifactHead[];
}

export interface FetchOptions {
  readonly source: ArtifactSource;
  /** Which of them. Default: all. */
  readonly isWanted?: (head: ArtifactHead) => boolean;
}

/**
 * Brings the artifacts of a run that its seal names and that are not here. What was brought before an error stays, and large
 * ones are gone on with. Throws DAMAGED for other bytes than the seal names, REMOTE_FAILED for fewer, typed I/O errors, and
 * what the source throws.
 */
export async function receiveArtifacts(
  context: StoreContext,
  location: RunLocation,
  { source, isWanted = () => true }: FetchOptions,
): Promise<FetchedArtifacts> {
  writable(context);
  assertWritableRun(location);
  assertSealable(location);
  const bringer = new ArtifactBringer(context, location, source);
  const [received, missing]: [ArtifactHead[], ArtifactHead[]] = [[], []];
  try {
    for (const head of absentArtifacts(context, location).filter(isWanted))
      ((await bringer.bring(head)) ? received : missing).push(head);
  } finally {
    bringer.finish();
    // A run that goes on is sealed when it ends.
    const hasSeal = statIfExists(join(location.directory, MANIFEST)) !== null;
    if (received.length > 0 && hasSeal && isEnded(readRunMeta(location).status))
      sealRun(context, location, { known: bringer.known });
  }
  return { received, missing };
}

/** Artifacts that the run's seal names and that are not here. */
export function absentArtifacts(context: StoreContext, location: RunLocation): ArtifactHead[] {
  const options = { onDamage: IGNORE_DAMAGE, hashes: new ArtifactHashes() };
  const { artifacts } = readArtifactHeads(context, location, options);
  return artifacts.filter(({ absent }) => absent === true);
}
