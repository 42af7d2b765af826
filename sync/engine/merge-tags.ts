/** Three-way merging of one side's changes into the other: who changed it wins, both alike is no conflict. */
import { mergeValue } from "../../core/transfer/index.js";
import type { Integer, StringMap } from "../../store-format/index.js";

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

/** By the rule of `mergeValue` in core/transfer, as seen by a push. `base`: undefined when it is not known what both had. */
export function changeOf<Value extends Integer | string>(
  base: Value | null | undefined,
  mine: Value | null,
  theirs: Value | null,
): Change<Value> {
  if (mine === theirs) return { kind: "same" };
  const merged = mergeValue(base, mine, theirs);
  if (merged === "conflict") return { kind: "conflict", base: base ?? null, mine, theirs };
  return merged === "mine" ? { kind: "send", value: mine } : { kind: "theirs" };
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
    const change = changeOf(before, tagOf(mine, key), tagOf(theirs, key));
    if (change.kind !== "same") changes.push({ key, change });
  }
  return changes;
}

function tagOf(map: StringMap, key: string): string | null {
  return Object.hasOwn(map, key) ? map[key]! : null;
}
