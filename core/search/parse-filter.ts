/**
 * The grammar of filters, of both dialects (docs/reference/filter.md). Nesting is bounded, so hostile texts end in an
 * error and not in a full stack.
 */
import { RunstoneError } from "../../store-format/index.js";
import { buildTest } from "./build-test.js";
import {
  both,
  EVERYTHING,
  either,
  type Filter,
  OPERATORS,
  type Operator,
  type WordFilter,
} from "./filter.js";
import { filterError, shown } from "./filter-error.js";
import { foldCase } from "./fold-case.js";
import type { TextPredicate } from "./like-pattern.js";
import { isTimeUnit } from "./parse-times.js";
import { type KnownKeys, type NameSource, nameInQuotes, resolveField, writtenName } from "./resolve-field.js";
import type { SearchField, SearchSchema } from "./search-schema.js";
import { type Token, Tokens, unquoted } from "./tokenize.js";
import { COST } from "./work.js";
import { colonAdvice, testAdvice, wordAdvice } from "./write-advice.js";

/** Most comparisons (and bare words) of one filter; IN is one, but each time in a list is one, too. */
export const MAX_COMPARISONS = 2_000;
/** Most elements of all lists of one filter together. */
export const MAX_ELEMENTS = 10_000;
/** Most characters of all patterns of LIKE and ILIKE together, and of all regular expressions together. */
export const MAX_LIKE_LENGTH = 10_000;
export const MAX_REGEXP_LENGTH = 1_000;
/** Deepest nesting of parentheses and NOT. */
export const MAX_DEPTH = 100;

export interface FilterOptions {
  readonly schema: SearchSchema;
  /** Milliseconds since 1970, what ages count from. */
  readonly now: number;
  /** Keys that rows have, for suggestions. */
  readonly known?: KnownKeys;
}

/** Throws `INVALID_PARAMETER_VALUE` with the offset of the token that is wrong. The empty text matches everything. */
export function parseFilter(source: string, options: FilterOptions): Filter {
  mustBeText(source);
  if (source === "") return EVERYTHING;
  return new FilterParser(source, options).parse();
}

/** The library is called by JavaScript, too. */
function mustBeText(source: unknown): void {
  if (typeof source === "string") return;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `filter must be a text, not ${typeof source}`, {
    hint: 'Write it as in "metrics.loss < 0.5".',
  });
}

const TERM_STARTS = "a comparison like metrics.loss < 0.5 is expected here";

class FilterParser {
  readonly #source: string;
  readonly #options: FilterOptions;
  readonly #mlflow: boolean;
  readonly #tokens: Tokens;
  #at = 0;
  #depth = 0;
  #comparisons = 0;
  #joins = 0;
  #elements = 0;
  #likeLength = 0;
  #regexpLength = 0;

  constructor(source: string, options: FilterOptions) {
    this.#source = source;
    this.#options = options;
    this.#mlflow = options.schema.dialect === "mlflow";
    this.#tokens = new Tokens({ subject: "filter", source, dialect: options.schema.dialect });
  }

  parse(): Filter {
    if (this.#peek().kind === "end") {
      if (this.#mlflow) throw this.#error(this.#peek(), "there is nothing but white space");
      return EVERYTHING;
    }
    const filter = this.#either();
    const rest = this.#peek();
    if (rest.kind === ")") throw this.#error(rest, "this ) has no (");
    if (rest.kind !== "end") throw this.#error(rest, TERM_STARTS);
    return filter;
  }

  #either(): Filter {
    const parts = [this.#all()];
    while (!this.#mlflow && this.#takeWord("OR")) parts.push(this.#all());
    return either(parts);
  }

  /** Terms side by side are joined by AND, and an AND too many does no harm: both as in MLflow. */
  #all(): Filter {
    const parts: Filter[] = [];
    let joined = false;
    for (;;) {
      if (this.#takeWord("AND")) joined = this.#countJoin();
      else if (this.#endsTerms()) break;
      else parts.push(this.#term());
    }
    if (parts.length === 0 && !joined) throw this.#error(this.#peek(), TERM_STARTS);
    return both(parts);
  }

  #endsTerms(): boolean {
    const { kind } = this.#peek();
    return kind === "end" || kind === ")" || (!this.#mlflow && this.#isWord("OR"));
  }

  #term(): Filter {
    const token = this.#peek();
    if (this.#mlflow) {
      if (token.kind === "(" || this.#isWord("OR") || this.#isWord("NOT"))
        throw this.#error(token, MLFLOW_ONLY);
      return this.#comparison();
    }
    if (this.#takeWord("NOT")) return { kind: "not", part: this.#nested(token, () => this.#term()) };
    if (token.kind === "(") return this.#nested(token, () => this.#parenthesis());
    return this.#comparison();
  }

  #nested(at: Token, parse: () => Filter): Filter {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#error(at, `it is nested more than ${MAX_DEPTH} deep`);
    const filter = parse();
    this.#depth -= 1;
    return filter;
  }

  #parenthesis(): Filter {
    const open = this.#next();
    const filter = this.#either();
    if (this.#peek().kind !== ")") throw this.#error(open, "this ( is not closed");
    this.#next();
    return filter;
  }

  #comparison(): Filter {
    const name = this.#next();
    this.#countComparison(name);
    const isName = name.kind === "path" || (name.kind === "text" && name.raw.startsWith('"'));
    const start = this.#at;
    const operator = this.#operator();
    if (operator === null) return this.#bareWord(name);
    if (!isName) throw this.#error(name, "the name of a field stands on the left");
    const field = resolveField(name, this.#names());
    const at = this.#tokens.at(start);
    this.#checkOperator({ name, field, operator, at });
    const values = this.#values(operator, at, field);
    for (const value of values.slice(1)) if (field.type === "time") this.#countComparison(value);
    this.#countPattern(operator, values);
    const { schema, now } = this.#options;
    const request = { source: this.#source, dialect: schema.dialect, now, name, field, operator, values };
    const filter = buildTest(request);
    if (this.#mlflow || filter.kind !== "test") return filter;
    return { ...filter, advice: testAdvice(request) };
  }

  #countComparison(at: Token): void {
    this.#comparisons += 1;
    if (this.#comparisons <= MAX_COMPARISONS) return;
    const hint = this.#mlflow ? undefined : "Many values of one field are compared by IN ('a', 'b').";
    throw this.#error(at, `there are more than ${MAX_COMPARISONS} comparisons`, hint);
  }

  /** There may be one too many, but not any number. */
  #countJoin(): true {
    this.#joins += 1;
    if (this.#joins <= MAX_COMPARISONS) return true;
    throw this.#error(this.#peek(), `there are more than ${MAX_COMPARISONS} times AND`);
  }

  #countPattern(operator: Operator, [value]: readonly Token[]): void {
    if (value === undefined) return;
    if (operator.endsWith("LIKE")) this.#likeLength += value.raw.length;
    if (operator.endsWith("~")) this.#regexpLength += value.raw.length;
    if (this.#likeLength > MAX_LIKE_LENGTH)
      throw this.#error(value, `its patterns have more than ${MAX_LIKE_LENGTH} characters`);
    if (this.#regexpLength > MAX_REGEXP_LENGTH)
      throw this.#error(value, `its regular expressions have more than ${MAX_REGEXP_LENGTH} characters`);
  }

  #names(): NameSource {
    const { schema, known } = this.#options;
    const source = { subject: "filter", source: this.#source, schema } as const;
    return known === undefined ? source : { ...source, known };
  }

  #checkOperator(compared: { name: Token; field: SearchField; operator: Operator; at: Token }): void {
    const { name, field, operator, at } = compared;
    if (field.operators.has(operator)) return;
    const hint = `It knows ${[...field.operators].join(", ")}.`;
    throw this.#error(at, `${shown(name.raw)} cannot be compared by ${operator}`, hint);
  }

  /** null when no operator follows. */
  #operator(): Operator | null {
    const token = this.#peek();
    if (token.kind === "operator") return this.#symbol(this.#next());
    if (token.kind !== "path") return null;
    for (const operator of WORD_OPERATORS) {
      if (this.#takeWords(operator)) return operator;
    }
    if (this.#isWord("RLIKE") || this.#isWord("REGEXP") || this.#isWord("BETWEEN"))
      throw this.#error(
        token,
        "there is no such operator",
        this.#mlflow ? undefined : "Write =~ or two comparisons.",
      );
    return null;
  }

  #symbol(token: Token): Operator {
    const known = SYMBOLS.get(token.raw);
    if (
      known !== undefined &&
      (!this.#mlflow || known === token.raw) &&
      !(this.#mlflow && known.includes("~"))
    )
      return known;
    throw this.#error(token, "there is no such operator", SYMBOL_HINTS.get(token.raw));
  }

  #values(operator: Operator, at: Token, field: SearchField): readonly Token[] {
    if (operator === "IS NULL" || operator === "IS NOT NULL") return [];
    if (operator === "IN" || operator === "NOT IN") return this.#list();
    const value = this.#next();
    if (value.kind === "text" || value.kind === "number" || value.kind === "path")
      return [this.#mlflow ? value : this.#withMore(value, field)];
    if (value.kind === "(") throw this.#error(value, "a list is compared by IN");
    throw this.#error(value, `a value is expected after ${at.raw}`);
  }

  /** `2026-11-22 03:00` is one time, `2 days` one duration. */
  #withMore(value: Token, { type }: SearchField): Token {
    const { kind, raw, end } = this.#peek();
    if (type === "time" && kind === "path" && DAY.test(value.raw) && CLOCK.test(raw)) {
      this.#next();
      return {
        kind: "path",
        raw: `${value.raw}T${raw.padStart(raw.indexOf(":") === 1 ? raw.length + 1 : 0, "0")}`,
        start: value.start,
        end,
      };
    }
    const isPart = value.kind === "number" && kind === "path" && isTimeUnit(raw);
    if (!isPart || (type !== "age" && type !== "duration")) return value;
    this.#next();
    return { kind: "path", raw: `${value.raw}${raw}`, start: value.start, end };
  }

  /** As in MLflow, which reads it as Python, one comma more at the end is no harm. */
  #list(): readonly Token[] {
    const open = this.#next();
    if (open.kind !== "(") throw this.#error(open, "a list like ('a', 'b') is expected after IN");
    const values: Token[] = [];
    for (;;) {
      const value = this.#next();
      if (value.kind === ")" && values.length > 0) return values;
      this.#checkElement(value, open);
      this.#elements += 1;
      if (this.#elements > MAX_ELEMENTS)
        throw this.#error(value, `its lists have more than ${MAX_ELEMENTS} elements`);
      values.push(value);
      const after = this.#next();
      if (after.kind === ")") return values;
      if (after.kind !== ",") throw this.#error(after, "a comma or a ) is expected here");
    }
  }

  #checkElement(value: Token, open: Token): void {
    if (value.kind === "end") throw this.#error(open, "this ( is not closed");
    if (value.kind === ")") throw this.#error(value, "the list is empty");
    const fits =
      value.kind === "text" || (!this.#mlflow && (value.kind === "number" || value.kind === "path"));
    if (!fits)
      throw this.#error(value, this.#mlflow ? "a quoted text is expected here" : "a value is expected here");
  }

  /** A word over names, tags and notes; the name of a flag is the flag. */
  #bareWord(token: Token): Filter {
    if (this.#mlflow) throw this.#missingOperator(token);
    if (token.kind === "text") {
      const word = unquoted(token.raw) ?? token.raw;
      return { kind: "word", word, ...containing(word), idPrefix: null };
    }
    if (token.kind === "number") return this.#word(token);
    if (token.kind !== "path" || token.raw.includes("`")) throw this.#missingOperator(token);
    const { schema } = this.#options;
    const { prefix, key } = writtenName(token.raw);
    const field = prefix === null ? schema.attributes.get(key) : undefined;
    if (field?.type === "flag") return flagFilter(field);
    if (field !== undefined || (prefix !== null && schema.prefixes.has(prefix)))
      throw this.#missingOperator(token);
    return this.#word(token);
  }

  #word({ raw }: Token): Filter {
    const { schema } = this.#options;
    const next = this.#peek();
    const advice = (): string | null => wordAdvice({ word: raw, next, names: this.#names() });
    const idPrefix = schema.ids !== undefined && ID_PREFIX.test(raw) ? raw.toLowerCase() : null;
    return { kind: "word", word: raw, ...containing(raw), idPrefix, advice };
  }

  #missingOperator(token: Token): Error {
    const negates = !this.#mlflow && token.raw.startsWith("!");
    if (token.kind !== "path" && token.kind !== "text")
      return this.#error(token, TERM_STARTS, negates ? "Write NOT, as in NOT dirty." : undefined);
    const quoted = nameInQuotes(token, this.#names());
    const meant = quoted ?? colonAdvice({ word: token.raw, next: this.#peek(), names: this.#names() });
    const hint = meant === null ? "To search for the word itself, write it in quotes." : `Write ${meant}.`;
    return this.#error(token, `a comparison is expected after ${shown(token.raw)}`, hint);
  }

  #peek(): Token {
    return this.#tokens.at(this.#at);
  }

  /** The last token, `end`, is never passed. */
  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#at += 1;
    return token;
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#tokens.at(this.#at + ahead);
    if (token.kind !== "path") return false;
    return token.raw.toUpperCase() === word || (!this.#mlflow && SIGNS.get(token.raw) === word);
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#at += 1;
    return true;
  }

  #takeWords(words: string): boolean {
    const parts = words.split(" ");
    if (!parts.every((part, index) => this.#isWord(part, index))) return false;
    this.#at += parts.length;
    return true;
  }

  #error(at: Token, reason: string, hint?: string): Error {
    const problem = { subject: "filter", source: this.#source, at, reason } as const;
    return filterError(hint === undefined ? problem : { ...problem, hint });
  }
}

const MLFLOW_ONLY = "MLflow's dialect knows neither OR nor NOT nor parentheses around comparisons";

const SYMBOLS = new Map<string, Operator>([
  ...OPERATORS.filter((operator) => !/[A-Z]/.test(operator)).map((operator) => [operator, operator] as const),
  ["==", "="],
  ["<>", "!="],
]);
const SYMBOL_HINTS = new Map([
  ["==", "Write =."],
  ["<>", "Write !=."],
  ["=>", "Write >=."],
  ["=<", "Write <=."],
  ["~", "Write =~."],
]);
const WORD_OPERATORS = OPERATORS.filter((operator) => /[A-Z]/.test(operator));

/** Other spellings of AND and OR. */
const SIGNS = new Map([
  ["&&", "AND"],
  ["||", "OR"],
]);
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const CLOCK = /^\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?$/i;
const ID_PREFIX = /^[0-9a-f]{4,32}$/i;

function containing(word: string): Pick<WordFilter, "matches" | "folded"> {
  const folded = foldCase(word);
  // Short texts are searched faster by this than by includes().
  const matches: TextPredicate = (text, work) => {
    work.look(text.length * COST.character);
    return text.indexOf(folded) >= 0;
  };
  return { matches, folded };
}

function flagFilter({ field }: SearchField): Filter {
  return { kind: "test", field, condition: { kind: "equal", value: "true" } };
}
