/** Three-way merging of one side's changes into the other: who changed it wins, both alike is no conflict. */
import type { StringMap } from "../../store-format/index.js";

/** What a push is to do with one tag, or with a name, a status, an end time. */
export type Change<Value> =
  | { readonly kind: "same" }
  /** Only here it changed: send it; null takes it away there. */
  | { readonly kind: "send"; readonly value: Value | null }
  /** Only there it changed: a pull brings it. */
  | { readonly kind: "theirs" }
  | {
      readonly kind: "conflict";
      readonly base: Value | null;
      readonly mine: Value | null;
      readonly theirs: Value | null;
    };

/** `base`: undefined when it is not known what both had; then a difference is a conflict unless there is nothing there. */
export function mergeValue<Value extends string | number | bigint>(
  base: Value | null | undefined,
  mine: Value | null,
  theirs: Value | null,
): Change<Value> {
  if (mine === theirs) return { kind: "same" };
  if (base === undefined) {
    if (theirs === null) return { kind: "send", value: mine };
    return mine === null ? { kind: "theirs" } : { kind: "conflict", base: null, mine, theirs };
  }
  if (theirs === base) return { kind: "send", value: mine };
  if (mine === base) return { kind: "theirs" };
  return { kind: "conflict", base, mine, theirs };
}

export interface TagChange {
  readonly key: string;
  readonly change: Change<string>;
}

/** Every tag that is not the same on both sides. `base` null: not known. */
export function mergeTags(base: StringMap | null, mine: StringMap, theirs: StringMap): readonly TagChange[] {
  const keys = new Set([...Object.keys(mine), ...Object.keys(theirs), ...Object.keys(base ?? {})]);
  const changes: TagChange[] = [];
  for (const key of keys) {
    const before = base === null ? undefined : tagOf(base, key);
    const change = mergeValue(before, tagOf(mine, key), tagOf(theirs, key));
    if (change.kind !== "same") changes.push({ key, change });
  }
  return changes;
}

function tagOf(map: StringMap, key: string): string | null {
  return Object.hasOwn(map, key) ? map[key]! : null;
}
