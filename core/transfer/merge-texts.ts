/** Params and tags: params never change, tags are merged three-way. */
import type { StringMap } from "../../store-format/index.js";
import { OWN_TAG_PREFIX } from "../../store-format/index.js";
import { freePath, type KeyFolder } from "../store/key-files.js";
import { createParams, removeTag, writeTags } from "../store/runs/run-files.js";
import type { Merge } from "./merge-run.js";
import { isClash, mergeValue } from "./merge-value.js";

const RUN_NAME = "mlflow.runName";

/** The number of params written. */
export function mergeParams(merge: Merge): number {
  const { location, mine, document } = merge;
  const missing: Record<string, string> = Object.create(null);
  for (const [key, theirs] of Object.entries(document.params)) {
    const ours = textIn(mine.params, key);
    if (ours === theirs) continue;
    if (ours === null && canLie(merge, "params", key)) missing[key] = theirs;
    else merge.conflict({ field: "param", key, base: null, mine: ours, theirs });
  }
  return createParams(location.directory, missing, true).length;
}

/** The number of tags written and removed. */
export function mergeTags(merge: Merge): number {
  const { mine, document, common } = merge;
  const set: Record<string, string> = Object.create(null);
  const removed: string[] = [];
  for (const key of keysOf(mine.tags, document.tags, common?.tags)) {
    const [ours, theirs] = [textIn(mine.tags, key), textIn(document.tags, key)];
    if (theirs === null && merge.theirs.incomplete === true) continue;
    const taken = mergeValue(baseOf(merge, key), ours, theirs);
    if (taken === "conflict") conflictOf(merge, key, { ours, theirs });
    if (taken !== "theirs") continue;
    if (theirs === null) removed.push(key);
    else if (ours !== null || canLie(merge, "tags", key)) set[key] = theirs;
    else merge.conflict({ field: "tag", key, base: null, mine: ours, theirs });
  }
  for (const key of removed) removeTag(merge.location.directory, key);
  return writeTags(merge.location.directory, set, true).length + removed.length;
}

function baseOf({ common }: Merge, key: string): string | null | undefined {
  return common === null ? undefined : textIn(common.tags, key);
}

/**
 * Notes of Runstone's about where the run was made are no part of the record: each side keeps its own. The name is told of
 * once, not as a tag, too.
 */
function conflictOf(
  merge: Merge,
  key: string,
  { ours, theirs }: { readonly ours: string | null; readonly theirs: string | null },
): void {
  if (key.startsWith(OWN_TAG_PREFIX)) return;
  const isName = key === RUN_NAME && merge.mine.info.runName !== merge.document.info.runName;
  if (isName) return;
  merge.conflict({ field: "tag", key, base: baseOf(merge, key) ?? null, mine: ours, theirs });
}

/** Whether the key can lie beside those here. */
function canLie({ location }: Merge, folder: KeyFolder, key: string): boolean {
  try {
    freePath({ owner: location.directory, folder }, key);
    return true;
  } catch (error) {
    if (isClash(error)) return false;
    throw error;
  }
}

function textIn(map: StringMap, key: string): string | null {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

function keysOf(...maps: readonly (StringMap | undefined)[]): Set<string> {
  return new Set(maps.flatMap((map) => Object.keys(map ?? {})));
}
