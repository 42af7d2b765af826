/**
 * Artifact locations are nearly all the same text around the id of the run: stored without the id, `@`, where the id goes,
 * `:`, the rest; any other location after `=`.
 */
import { SegmentDamage } from "./segment-damage.js";

export function shortenUri(uri: string, runId: string): string {
  const at = runId === "" ? -1 : uri.lastIndexOf(runId);
  return at < 0 ? `=${uri}` : `@${at}:${uri.slice(0, at)}${uri.slice(at + runId.length)}`;
}

/** Throws {@link SegmentDamage}. */
export function restoreUri(short: string, runId: string, path: string): string {
  if (short.startsWith("=")) return short.slice(1);
  const colon = short.indexOf(":");
  const at = Number(short.slice(1, colon));
  if (!short.startsWith("@") || colon < 2 || !Number.isSafeInteger(at))
    throw new SegmentDamage(path, "an artifact location is none");
  const rest = short.slice(colon + 1);
  return rest.slice(0, at) + runId + rest.slice(at);
}
