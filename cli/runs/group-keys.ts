/** What runs are grouped by. */
import type { FilterField } from "../../core/search/filter.js";
import { runstoneRuns } from "../../core/search/run-schema.js";
import type { RunTable } from "../../core/search/run-table.js";
import type { Field } from "../../core/search/table.js";
import { nearest } from "../parse/nearest.js";
import { usageError } from "../parse/usage-error.js";

export interface GroupKey {
  readonly field: Field;
  /** For programs: `params.lr`. */
  readonly key: string;
  /** For people: `lr`. */
  readonly title: string;
}

const ENTITIES = { metric: "metric", param: "param", tag: "tag" } as const;

/**
 * `params.lr`, `tags.team`, `metrics.epoch`, an attribute (`experiment`, `user`, `commit`, ...), or a bare key: a param, else a tag,
 * an attribute, a metric. A word may be a list, with commas. Throws USAGE for a key that no run has.
 */
export function groupKeys(words: readonly string[], table: RunTable): readonly GroupKey[] {
  return words.flatMap((word) => keysOf(word, table));
}

function keysOf(word: string, table: RunTable): readonly GroupKey[] {
  const found = keyOf(word, table);
  if (found !== undefined) return [found];
  const parts = word.split(",").map((part) => part.trim());
  if (parts.length > 1) return parts.filter(Boolean).flatMap((part) => keysOf(part, table));
  const meant = nearest(word.replace(PREFIX, ""), [
    ...(["param", "tag", "metric"] as const).flatMap((entity) => table.keys(entity)),
    ...runstoneRuns().attributes.keys(),
  ]);
  throw usageError(
    `cannot group by '${word}': no run has it`,
    meant === undefined ? "Name a param, a tag or an attribute." : `Did you mean ${meant}?`,
  );
}

const PREFIX = /^(metric|param|tag|attribute)s?\./;

function keyOf(word: string, table: RunTable): GroupKey | undefined {
  const named = PREFIX.exec(word)?.[1];
  const key = word.replace(PREFIX, "");
  if (named === "attribute") return attributeKey(key);
  if (named !== undefined) return recordKey(ENTITIES[named as keyof typeof ENTITIES], key, table);
  return (
    recordKey("param", word, table) ??
    recordKey("tag", word, table) ??
    attributeKey(word) ??
    recordKey("metric", word, table)
  );
}

function recordKey(entity: "metric" | "param" | "tag", key: string, table: RunTable): GroupKey | undefined {
  if (!table.keys(entity).includes(key)) return undefined;
  const field: Field = entity === "metric" ? { entity, key, aggregate: "last" } : { entity, key };
  return { field, key: `${entity}s.${key}`, title: key };
}

/** The names of the filter language, but for those that are times: no two runs share them. */
function attributeKey(key: string): GroupKey | undefined {
  const found = runstoneRuns().attributes.get(key);
  if (found === undefined || found.type === "age" || found.type === "time") return undefined;
  return isField(found.field) ? { field: found.field, key, title: key } : undefined;
}

function isField(field: FilterField): field is Field {
  return field.entity !== "duration" && field.entity !== "ambiguous";
}
