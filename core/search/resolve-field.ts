/** From a name as it is written to the field it means. */
import { filterError, shown } from "./filter-error.js";
import type { KeyedEntity, SearchField, SearchSchema } from "./search-schema.js";
import { nearestWord } from "./suggest.js";
import { type Token, unquoted } from "./tokenize.js";

/** What is searched, for suggestions: the keys that rows have. */
export interface KnownKeys {
  keys(entity: "metric" | "param" | "tag"): readonly string[];
}

export interface NameSource {
  readonly subject: "filter" | "order";
  readonly source: string;
  readonly schema: SearchSchema;
  readonly known?: KnownKeys;
}

/** A name taken apart at its first dot, as MLflow does. */
export interface WrittenName {
  /** null for a name without a dot: an attribute. */
  readonly prefix: string | null;
  /** Without quotes around it. */
  readonly key: string;
  readonly raw: string;
}

export function writtenName(raw: string): WrittenName {
  const dot = raw.indexOf(".");
  const rest = raw.slice(dot + 1);
  const key = trimBackticks(unquoted(rest) ?? rest);
  return { prefix: dot < 0 ? null : trimBackticks(raw.slice(0, dot)), key, raw: rest };
}

function trimBackticks(text: string): string {
  return text.length >= 2 && text.startsWith("`") && text.endsWith("`") ? text.slice(1, -1) : text;
}

/** Throws `INVALID_PARAMETER_VALUE` for a name that is no field; its hint names the nearest one. */
export function resolveField(token: Token, from: NameSource): SearchField {
  const name = writtenName(token.raw);
  const entity = name.prefix === null ? "attribute" : from.schema.prefixes.get(name.prefix);
  if (entity === undefined) throw unknownPrefix(token, name, from);
  const field = entity === "attribute" ? attributeOrKey(name, from) : keyedField(entity, name, from);
  if (field === undefined || field === null) throw unknownKey(token, name, entity, from);
  return field;
}

function attributeOf(key: string, { schema, subject }: NameSource): SearchField | undefined {
  return (subject === "filter" ? schema.attributes : schema.order).get(key);
}

/** In a filter of Runstone's dialect, a name that is no attribute is the one metric, param or tag that is called so. */
function attributeOrKey(name: WrittenName, from: NameSource): SearchField | undefined | null {
  const field = attributeOf(name.key, from);
  if (field !== undefined || name.prefix !== null) return field;
  if (from.subject !== "filter" || from.schema.dialect === "mlflow") return undefined;
  const [entity, other] = entitiesOf(name.key, from);
  if (entity === undefined || other !== undefined) return undefined;
  return from.schema.fieldOf(entity, { key: name.key, raw: `\`${name.key}\`` });
}

function keyedField(entity: KeyedEntity, name: WrittenName, from: NameSource): SearchField | null {
  if (from.subject === "order" && !from.schema.orderEntities.has(entity)) return null;
  return from.schema.fieldOf(entity, name);
}

function unknownPrefix(token: Token, { prefix }: WrittenName, from: NameSource): Error {
  const prefixes = [...from.schema.prefixes.keys()];
  const nearest = nearestWord(prefix ?? "", prefixes);
  const rest = shown(token.raw.slice(token.raw.indexOf(".") + 1));
  const hint =
    nearest === null
      ? `A name with a dot begins with one of ${prefixes.join(", ")}.`
      : `Did you mean ${nearest}.${rest}?`;
  return nameError(token, `nothing is called ${JSON.stringify(shown(prefix ?? ""))}`, hint, from);
}

function unknownKey(token: Token, { key }: WrittenName, entity: string, from: NameSource): Error {
  if (entity !== "attribute") {
    const reason =
      from.subject === "order" ? `cannot be ordered by a ${entity}` : `no such key of a ${entity}`;
    return nameError(token, reason, "A dataset has name, digest and context.", from);
  }
  const attributes = from.subject === "filter" ? from.schema.attributes : from.schema.order;
  const elsewhere = entitiesOf(key, from).map((one) => `${one}s.${key}`);
  const nearest = elsewhere.length > 0 ? elsewhere.join(" or ") : nearestWord(key, attributes.keys());
  const hint =
    nearest === null ? `Attributes are ${[...attributes.keys()].join(", ")}.` : `Did you mean ${nearest}?`;
  return nameError(token, `there is no attribute ${JSON.stringify(shown(key))}`, hint, from);
}

/** Which of metrics, params and tags have such a key. */
function entitiesOf(key: string, { known, schema }: NameSource): readonly ("metric" | "param" | "tag")[] {
  const entities = new Set(schema.prefixes.values());
  return (["metric", "param", "tag"] as const).filter(
    (entity) => entities.has(entity) && known?.keys(entity).includes(key),
  );
}

/** What to write for a name whose key has more words than were taken: `metrics."F1 Score"`. Null when it is none. */
export function nameInQuotes(at: Token, { source, schema, known }: NameSource): string | null {
  const dot = at.raw.indexOf(".");
  const entity = dot < 0 ? undefined : schema.prefixes.get(at.raw.slice(0, dot));
  if (known === undefined || (entity !== "metric" && entity !== "param" && entity !== "tag")) return null;
  const start = at.start + dot + 1;
  const keys = known.keys(entity).filter((key) => key !== "" && source.startsWith(key, start));
  const longest = keys.reduce((best, key) => (key.length > best.length ? key : best), "");
  if (longest.length <= at.end - start) return null;
  const quote = longest.includes('"') ? "`" : '"';
  return `${at.raw.slice(0, dot + 1)}${quote}${longest}${quote}`;
}

function nameError(at: Token, reason: string, hint: string, { subject, source }: NameSource): Error {
  return filterError({ subject, source, at, reason, hint });
}
