/** Params and tags: params never change, tags are merged three-way. */
import type { StringMap } from "../../store-format/index.js";
import { OWN_TAG_PREFIX } from "../../store-format/index.js";
import { createParams, removeTag, writeTags } from "../store/runs/run-files.js";
import type { Merge } from "./merge-run.js";
import { mergeValue } from "./merge-value.js";
import type { MergeView } from "./merge-view.js";

const RUN_NAME = "mlflow.runName";

/** The number of params written. */
export function mergeParams(merge: Merge): number {
  return createParams(merge.location.directory, missingParams(merge), true).length;
}

/** Params that are theirs alone. Another value is a conflict. */
export function missingParams(merge: MergeView): StringMap {
  const { mine, document } = merge;
  const missing: Record<string, string> = Object.create(null);
  for (const [key, theirs] of Object.entries(document.params)) {
    const ours = textIn(mine.params, key);
    if (ours === theirs) continue;
    if (ours === null && merge.canLie("params", key)) missing[key] = theirs;
    else merge.conflict({ field: "param", key, base: null, mine: ours, theirs });
  }
  return missing;
}

/** The number of tags written and removed. */
export function mergeTags(merge: Merge): number {
  const { directory } = merge.location;
  const { set, removed } = changedTags(merge);
  for (const key of removed) removeTag(directory, key);
  return writeTags(directory, set, true).length + removed.length;
}

/** Tags that they changed. What both changed differently is a conflict. */
export function changedTags(merge: MergeView): {
  readonly set: StringMap;
  readonly removed: readonly string[];
} {
  const { mine, document, common } = merge;
  const set: Record<string, string> = Object.create(null);
  const removed: string[] = [];
  for (const key of keysOf(mine.tags, document.tags, common?.tags)) {
    const [ours, theirs] = [textIn(mine.tags, key), textIn(document.tags, key)];
    if (theirs === null && merge.isIncomplete) continue;
    const taken = mergeValue(baseOf(merge, key), ours, theirs);
    if (taken === "conflict") conflictOf(merge, key, { ours, theirs });
    if (taken !== "theirs") continue;
    if (theirs === null) removed.push(key);
    else if (ours !== null || merge.canLie("tags", key)) set[key] = theirs;
    else merge.conflict({ field: "tag", key, base: null, mine: ours, theirs });
  }
  return { set, removed };
}

function baseOf({ common }: MergeView, key: string): string | null | undefined {
  return common === null ? undefined : textIn(common.tags, key);
}

/**
 * Notes of Runstone's about where the run was made are no part of the record: each side keeps its own. The name is told of
 * once, not as a tag, too.
 */
function conflictOf(
  merge: MergeView,
  key: string,
  { ours, theirs }: { readonly ours: string | null; readonly theirs: string | null },
): void {
  if (key.startsWith(OWN_TAG_PREFIX)) return;
  const isName = key === RUN_NAME && merge.mine.info.runName !== merge.document.info.runName;
  if (isName) return;
  merge.conflict({ field: "tag", key, base: baseOf(merge, key) ?? null, mine: ours, theirs });
}

function textIn(map: StringMap, key: string): string | null {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

function keysOf(...maps: readonly (StringMap | undefined)[]): Set<string> {
  return new Set(maps.flatMap((map) => Object.keys(map ?? {})));
}
