/** What a filter says: a tree of tests, the same for both dialects and for every kind of thing that is searched. */
import type { TextPredicate } from "./like-pattern.js";
import type { Field } from "./table.js";

export type OrderOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";

export const OPERATORS = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "LIKE",
  "NOT LIKE",
  "ILIKE",
  "NOT ILIKE",
  "=~",
  "!~",
  "IN",
  "NOT IN",
  "IS NULL",
  "IS NOT NULL",
] as const;
export type Operator = (typeof OPERATORS)[number];

/**
 * What a test looks at: a field of the table; `duration`, made of two (milliseconds); or a metric whose key may be read in
 * two ways: `metrics.loss.min` is the metric `loss.min` where a row has one, else the minimum of `loss`.
 */
export type FilterField =
  | Field
  | { readonly entity: "duration" }
  | { readonly entity: "ambiguous"; readonly exact: Field; readonly otherwise: Field };

/** A test of one value. A row without the value fails every test but `present` with `wanted: false`. */
export type Condition =
  | { readonly kind: "number"; readonly operator: OrderOperator; readonly value: number }
  /** `from` up to, without, `to`. */
  | { readonly kind: "range"; readonly from: number; readonly to: number; readonly negated: boolean }
  | { readonly kind: "numbers"; readonly values: ReadonlySet<number>; readonly negated: boolean }
  | TextCondition
  /** Of the number that the text is, NaN for a text that is none. */
  | { readonly kind: "text number"; readonly matches: (value: number) => boolean }
  | { readonly kind: "equal"; readonly value: string; readonly negated?: boolean }
  | { readonly kind: "present"; readonly wanted: boolean };

export interface TextCondition {
  /** `folded`: of the text in folded case. */
  readonly kind: "text" | "folded";
  readonly matches: TextPredicate;
  /** The texts that do not match pass. */
  readonly negated?: boolean;
  /** Every text that matches holds this: many texts are searched for it at once. Default nothing. */
  readonly holds?: string;
}

export type Filter =
  | { readonly kind: "all" }
  | { readonly kind: "and" | "or"; readonly parts: readonly Filter[] }
  /** Every row that `part` does not match. */
  | { readonly kind: "not"; readonly part: Filter }
  | TestFilter
  | WordFilter;

export interface TestFilter {
  readonly kind: "test";
  readonly field: FilterField;
  readonly condition: Condition;
  /** What was probably meant, in a few words, for when no row passes; null when nothing comes to mind. */
  readonly advice?: (() => string | null) | undefined;
}

/** A bare word: in the name, the note or a tag of the user's, in folded case. */
export interface WordFilter {
  readonly kind: "word";
  /** As written, without quotes. */
  readonly word: string;
  readonly matches: TextPredicate;
  /** In folded case. */
  readonly folded: string;
  /** Also the beginning of an id, in lower case; null for a word that is none. */
  readonly idPrefix: string | null;
  readonly advice?: (() => string | null) | undefined;
}

export const EVERYTHING: Filter = { kind: "all" };

/** One of several filters; `parts` is not empty. */
export function either(parts: readonly Filter[]): Filter {
  return parts.length === 1 ? parts[0]! : { kind: "or", parts };
}

export function both(parts: readonly Filter[]): Filter {
  if (parts.length === 0) return EVERYTHING;
  return parts.length === 1 ? parts[0]! : { kind: "and", parts };
}
