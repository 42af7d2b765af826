/**
 * The grammar of filters, of both dialects (docs/reference/filter.md). Nesting is bounded, so hostile texts end in an
 * error and not in a full stack.
 */
import { buildTest } from "./build-test.js";
import { both, EVERYTHING, either, type Filter, OPERATORS, type Operator } from "./filter.js";
import { filterError } from "./filter-error.js";
import { foldCase } from "./fold-case.js";
import { type KnownKeys, type NameSource, resolveField, writtenName } from "./resolve-field.js";
import type { SearchField, SearchSchema } from "./search-schema.js";
import { type Token, Tokens, unquoted } from "./tokenize.js";

/** Most comparisons (and bare words) of one filter; IN is one, whatever its length. */
export const MAX_COMPARISONS = 1_000;
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
  if (source === "") return EVERYTHING;
  return new FilterParser(source, options).parse();
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
      if (this.#takeWord("AND")) joined = true;
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
    this.#comparisons += 1;
    if (this.#comparisons > MAX_COMPARISONS)
      throw this.#error(name, `there are more than ${MAX_COMPARISONS} comparisons`);
    const isName = name.kind === "path" || (name.kind === "text" && name.raw.startsWith('"'));
    const start = this.#at;
    const operator = this.#operator();
    if (operator === null) return this.#bareWord(name);
    if (!isName) throw this.#error(name, "the name of a field stands on the left");
    const field = resolveField(name, this.#names());
    const at = this.#tokens.at(start);
    this.#checkOperator({ name, field, operator, at });
    const values = this.#values(operator, at);
    const { schema, now } = this.#options;
    return buildTest({ source: this.#source, dialect: schema.dialect, now, name, field, operator, values });
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
    throw this.#error(at, `${name.raw} cannot be compared by ${operator}`, hint);
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

  #values(operator: Operator, at: Token): readonly Token[] {
    if (operator === "IS NULL" || operator === "IS NOT NULL") return [];
    if (operator === "IN" || operator === "NOT IN") return this.#list();
    const value = this.#next();
    if (value.kind === "text" || value.kind === "number" || value.kind === "path") return [value];
    if (value.kind === "(") throw this.#error(value, "a list is compared by IN");
    throw this.#error(value, `a value is expected after ${at.raw}`);
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
    if (token.kind === "text") return wordFilter(unquoted(token.raw) ?? token.raw);
    if (token.kind === "number") return wordFilter(token.raw);
    if (token.kind !== "path" || token.raw.includes("`")) throw this.#missingOperator(token);
    const { schema } = this.#options;
    const { prefix, key } = writtenName(token.raw);
    const field = prefix === null ? schema.attributes.get(key) : undefined;
    if (field?.type === "flag") return flagFilter(field);
    if (field !== undefined || (prefix !== null && schema.prefixes.has(prefix)))
      throw this.#missingOperator(token);
    return wordFilter(token.raw);
  }

  #missingOperator(token: Token): Error {
    if (token.kind !== "path" && token.kind !== "text") return this.#error(token, TERM_STARTS);
    const hint = this.#mlflow ? undefined : `To search for the word itself, write it in quotes.`;
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
    return token.kind === "path" && token.raw.toUpperCase() === word;
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

function shown(raw: string): string {
  return raw.length <= 40 ? raw : `${raw.slice(0, 40)}…`;
}

function wordFilter(word: string): Filter {
  const wanted = foldCase(word);
  return { kind: "word", matches: (text) => text.includes(wanted) };
}

function flagFilter({ field }: SearchField): Filter {
  return { kind: "test", field, condition: { kind: "equal", value: "true" } };
}
