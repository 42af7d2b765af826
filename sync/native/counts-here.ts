/** How much of artifacts that somebody may send is in a store already. */
import { join } from "node:path";
import { objectPath, statIfExists } from "../../core/fs/index.js";
import { findRun, type RunLocation } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { incomingPath, objectsPath } from "../../core/store/layout.js";
import { type ArtifactHead, readRunDocument } from "../../core/transfer/index.js";
import type { WantedArtifact } from "../../protocol/index.js";
import { isRunstoneError } from "../../store-format/index.js";

/**
 * Bytes of each. What is here whole is hashed when it is used, and what is here in part when it is gone on with. An artifact
 * that its run has already is not sent again.
 */
export function countsHere(context: StoreContext, wanted: readonly WantedArtifact[]): readonly number[] {
  const sealed = new Map<string, ReadonlyMap<string, string>>();
  return wanted.map((artifact) => {
    const { runId, path, sha256, size } = artifact;
    if (!sealed.has(runId)) sealed.set(runId, sealedIn(context, runId));
    if (sealed.get(runId)!.get(path) === sha256 || hasObject(context, artifact)) return size;
    const part = statIfExists(join(incomingPath(context), `${sha256}.part`))?.size ?? 0;
    return part < size ? part : 0;
  });
}

/** Artifacts of a run whose files look as they did when it was sealed: path -> SHA-256. */
function sealedIn(context: StoreContext, runId: string): ReadonlyMap<string, string> {
  const location = findRun(context, runId);
  const known = new Map<string, string>();
  if (location === null) return known;
  for (const { path, sha256, absent } of artifactsOf(context, location))
    if (absent !== true) known.set(path, sha256);
  return known;
}

function artifactsOf(context: StoreContext, location: RunLocation): readonly ArtifactHead[] {
  try {
    return readRunDocument(context, location).document.artifacts;
  } catch (error) {
    if (isRunstoneError(error)) return [];
    throw error;
  }
}

function hasObject(context: StoreContext, { sha256, size }: WantedArtifact): boolean {
  const own = objectsPath(context);
  return own !== null && statIfExists(objectPath(own, sha256))?.size === size;
}
