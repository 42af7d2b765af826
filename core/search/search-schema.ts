/** What can be searched for in a kind of thing, by dialect: names, types, operators. The parser asks it, and knows nothing else. */
import type { FilterField, Operator } from "./filter.js";
import type { Dialect } from "./tokenize.js";

/**
 * How values of a field are written and compared. `scalar`: a text that may be a number (params and tags of Runstone's
 * dialect); `age`: a duration before now, of a field that holds a time; `state` and `status`: a word of the run's life;
 * `prefix`: the beginning of an id or commit; `flag`: true or false; `version`: an integer, quoted or not.
 */
export type ValueType =
  | "number"
  | "text"
  | "scalar"
  | "time"
  | "age"
  | "duration"
  | "state"
  | "status"
  | "prefix"
  | "flag"
  | "version";

export interface SearchField {
  readonly field: FilterField;
  readonly type: ValueType;
  readonly operators: ReadonlySet<Operator>;
  /** Of times: a number of four digits is milliseconds as every number is, as in MLflow, and no year. */
  readonly noYears?: boolean;
  /** Other texts that stand for a value of the field: the names of experiment ids. */
  readonly aliases?: (value: string) => readonly string[];
  /** Every text that stands for a value of the field, for suggestions. */
  readonly allAliases?: () => Iterable<string>;
}

/** A key as written behind the entity: without its quotes, and raw. */
export interface WrittenKey {
  readonly key: string;
  readonly raw: string;
}

export type KeyedEntity = "metric" | "param" | "tag" | "dataset";

export interface SearchSchema {
  readonly dialect: Dialect;
  /** Prefixes before the first dot. */
  readonly prefixes: ReadonlyMap<string, KeyedEntity | "attribute">;
  readonly attributes: ReadonlyMap<string, SearchField>;
  /** The field of a key; null when the key is none of its entity. */
  readonly fieldOf: (entity: KeyedEntity, key: WrittenKey) => SearchField | null;
  /** Attributes that can be ordered by. */
  readonly order: ReadonlyMap<string, SearchField>;
  /** What bare words look into, beside tags. */
  readonly names: readonly FilterField[];
  /** What bare words of four and more hexadecimal digits begin; default nothing. */
  readonly ids?: readonly FilterField[];
  /** Keyed entities that can be ordered by. */
  readonly orderEntities: ReadonlySet<KeyedEntity>;
}

/** Words before the first dot of a name, for things that have metrics and params. */
export const ENTITY_PREFIXES: SearchSchema["prefixes"] = new Map([
  ["metric", "metric"],
  ["metrics", "metric"],
  ["parameter", "param"],
  ["parameters", "param"],
  ["param", "param"],
  ["params", "param"],
  ["tag", "tag"],
  ["tags", "tag"],
  ["attribute", "attribute"],
  ["attributes", "attribute"],
  ["attr", "attribute"],
  ["run", "attribute"],
]);

const EQUALITY = ["=", "!="] as const;
const SIZE = ["<", "<=", ">", ">="] as const;
const LIKES = ["LIKE", "ILIKE"] as const;
const LISTS = ["IN", "NOT IN"] as const;
const NULLS = ["IS NULL", "IS NOT NULL"] as const;
const OWN_TEXTS = ["NOT LIKE", "NOT ILIKE", "=~", "!~"] as const;

/** The operators of MLflow's dialect by group. */
export const MLFLOW_OPERATORS = {
  number: new Set<Operator>([...EQUALITY, ...SIZE]),
  text: new Set<Operator>([...EQUALITY, ...LIKES]),
  listed: new Set<Operator>([...EQUALITY, ...LIKES, ...LISTS]),
  nullable: new Set<Operator>([...EQUALITY, ...LIKES, ...NULLS]),
  anyText: new Set<Operator>([...EQUALITY, ...SIZE, ...LIKES, ...LISTS]),
} as const;

/** The operators of Runstone's dialect by type. */
export const OWN_OPERATORS: Readonly<Record<ValueType, ReadonlySet<Operator>>> = {
  number: new Set([...EQUALITY, ...SIZE, ...LISTS, ...NULLS]),
  version: new Set([...EQUALITY, ...SIZE, ...LISTS, ...NULLS]),
  text: new Set([...EQUALITY, ...SIZE, ...LIKES, ...OWN_TEXTS, ...LISTS, ...NULLS]),
  scalar: new Set([...EQUALITY, ...SIZE, ...LIKES, ...OWN_TEXTS, ...LISTS, ...NULLS]),
  time: new Set([...EQUALITY, ...SIZE, ...LISTS, ...NULLS]),
  age: new Set([...SIZE, ...NULLS]),
  duration: new Set([...EQUALITY, ...SIZE, ...NULLS]),
  state: new Set([...EQUALITY, ...LIKES, ...OWN_TEXTS, ...LISTS, ...NULLS]),
  status: new Set([...EQUALITY, ...LIKES, ...OWN_TEXTS, ...LISTS, ...NULLS]),
  prefix: new Set([...EQUALITY, ...LIKES, ...OWN_TEXTS, ...LISTS, ...NULLS]),
  flag: new Set([...EQUALITY, ...NULLS]),
};

export function attribute(
  key: string,
  type: ValueType,
  operators: ReadonlySet<Operator> = OWN_OPERATORS[type],
): SearchField {
  return { field: { entity: "attribute", key }, type, operators };
}

/** A time under the name that MLflow has for it. */
export function mlflowTime(key: string): SearchField {
  return { ...attribute(key, "time"), noYears: true };
}

export function tagField(key: string, type: ValueType): SearchField {
  return { field: { entity: "tag", key }, type, operators: OWN_OPERATORS[type] };
}
