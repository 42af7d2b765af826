/** Merging the fields of an experiment, model or version three-way. Pure. */
import { mergeValue } from "../../core/transfer/index.js";
import type { StringMap } from "../../store-format/index.js";

export interface FieldConflict {
  readonly field: string;
  readonly base: string | null;
  readonly mine: string | null;
  readonly theirs: string | null;
}

export interface MergedFields {
  /** What is to be written here; null takes a field away. */
  readonly here: Readonly<Record<string, string | null>>;
  readonly there: Readonly<Record<string, string | null>>;
  readonly conflicts: readonly FieldConflict[];
}

/** `base` null: not known what both had; then `defaults` tell what a field of the name was at first. */
export function mergeFields(
  base: StringMap | null,
  mine: StringMap,
  theirs: StringMap,
  defaults: StringMap = {},
): MergedFields {
  const here: Record<string, string | null> = Object.create(null);
  const there: Record<string, string | null> = Object.create(null);
  const conflicts: FieldConflict[] = [];
  for (const field of fieldsOf(base ?? {}, mine, theirs)) {
    const before = base === null ? defaults[field] : fieldOf(base, field);
    const [ours, other] = [fieldOf(mine, field), fieldOf(theirs, field)];
    if (ours === other) continue;
    const taken = mergeValue(before, ours, other);
    if (taken === "mine") there[field] = ours;
    else if (taken === "theirs") here[field] = other;
    else conflicts.push({ field, base: before ?? null, mine: ours, theirs: other });
  }
  return { here, there, conflicts };
}

function fieldsOf(...maps: readonly StringMap[]): ReadonlySet<string> {
  return new Set(maps.flatMap((map) => Object.keys(map)));
}

export function fieldOf(map: StringMap, field: string): string | null {
  return Object.hasOwn(map, field) ? map[field]! : null;
}

/** What both have after some changes were made: fields that still differ are as they were known before. */
export function commonFields(base: StringMap | null, mine: StringMap, theirs: StringMap): StringMap {
  const common: Record<string, string> = Object.create(null);
  for (const field of [...fieldsOf(base ?? {}, mine, theirs)].sort()) {
    const ours = fieldOf(mine, field);
    const value = ours === fieldOf(theirs, field) ? ours : fieldOf(base ?? {}, field);
    if (value !== null) common[field] = value;
  }
  return common;
}

export function withChanges(fields: StringMap, changes: Readonly<Record<string, string | null>>): StringMap {
  const changed: Record<string, string> = Object.assign(Object.create(null), fields);
  for (const [field, value] of Object.entries(changes)) {
    if (value === null) delete changed[field];
    else changed[field] = value;
  }
  return changed;
}
