/** Params and tags: lists of `{key, value}` on the wire, maps of ours. */
import type { StringMap } from "../../store-format/index.js";
import type { Fields } from "./fields.js";

export type WireKeyValue = { readonly key: string; readonly value: string };

/** Of several entries with one key the last counts; an absent value is the empty text. */
export function parseKeyValues(entries: readonly Fields[]): StringMap {
  const map: Record<string, string> = Object.create(null);
  for (const entry of entries) map[entry.requiredString("key")] = entry.string("value") ?? "";
  return map;
}

export function serializeKeyValues(map: StringMap): readonly WireKeyValue[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }));
}
