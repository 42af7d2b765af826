/** Names in a filter or order that are valid but that no row has: most often a slip of the fingers. */
import type { Filter, FilterField } from "./filter.js";
import { nearestWord } from "./suggest.js";
import type { Field, SearchTable } from "./table.js";

const MAX_HINTS = 5;

/** One sentence for each metric, param and tag that no row has, each once, the nearest key named. */
export function unknownKeyHints(fields: Iterable<FilterField>, table: SearchTable): readonly string[] {
  const hints = new Set<string>();
  for (const field of fields) {
    const unknown = unknownField(field, table);
    if (unknown !== null) hints.add(hintOf(unknown, table));
    if (hints.size === MAX_HINTS) break;
  }
  return [...hints];
}

type KeyedField = Extract<Field, { entity: "metric" | "param" | "tag" }>;

function unknownField(field: FilterField, table: SearchTable): KeyedField | null {
  if (field.entity === "ambiguous")
    return table.column(field.exact) === null ? unknownField(field.otherwise, table) : null;
  const keyed = field.entity === "metric" || field.entity === "param" || field.entity === "tag";
  return keyed && table.column(field) === null ? field : null;
}

function hintOf({ entity, key }: KeyedField, table: SearchTable): string {
  const nearest = nearestWord(key, table.keys(entity));
  const meant = nearest === null || nearest === key ? "" : `; did you mean ${nearest}?`;
  return `no run has a ${entity} ${JSON.stringify(key.slice(0, 80))}${meant}`;
}

/** The fields a filter looks at, in its order. */
export function* fieldsOf(filter: Filter): Generator<FilterField> {
  if (filter.kind === "and" || filter.kind === "or") for (const part of filter.parts) yield* fieldsOf(part);
  else if (filter.kind === "not") yield* fieldsOf(filter.part);
  else if (filter.kind === "test") yield filter.field;
}
