/** From a field, an operator and values as they are written to a test. The rules of types are here. */
import { compareCodePoints, isRunstoneError, parsePythonFloat } from "../../store-format/index.js";
import { LinearRegExp } from "../process/linear-regexp.js";
import { both, type Condition, either, type Filter, type Operator, type OrderOperator } from "./filter.js";
import { filterError, shown } from "./filter-error.js";
import { foldCase } from "./fold-case.js";
import { likePredicate, literalOf, type TextPredicate } from "./like-pattern.js";
import { parseDuration, parseTime, type TimeRange } from "./parse-times.js";
import { parsePythonText } from "./python-texts.js";
import type { SearchField } from "./search-schema.js";
import { nearestWord } from "./suggest.js";
import { type Dialect, type Token, unquoted } from "./tokenize.js";
import { COST } from "./work.js";

export interface TestRequest {
  readonly source: string;
  readonly dialect: Dialect;
  readonly now: number;
  /** The name as written. */
  readonly name: Token;
  readonly field: SearchField;
  readonly operator: Operator;
  /** One for a comparison, any number for IN, none for IS NULL. */
  readonly values: readonly Token[];
}

/** Throws `INVALID_PARAMETER_VALUE`, pointing at the value, for one that does not fit the field. */
export function buildTest(request: TestRequest): Filter {
  const { operator, field } = request;
  if (operator === "IS NULL") return test(request, { kind: "present", wanted: false });
  if (operator === "IS NOT NULL") return test(request, { kind: "present", wanted: true });
  switch (field.type) {
    case "number":
    case "version":
      return buildNumber(request);
    case "time":
      return buildTime(request);
    case "age":
      return buildAge(request);
    case "duration":
      return buildDuration(request);
    case "scalar":
      return buildScalar(request);
    case "state":
    case "status":
      return buildState(request);
    case "flag":
      return buildFlag(request);
    default:
      return buildText(request, textValues(request));
  }
}

function test({ field }: TestRequest, condition: Condition): Filter {
  return { kind: "test", field: field.field, condition };
}

function isNegated(operator: Operator): boolean {
  return operator === "!=" || operator === "!~" || operator.startsWith("NOT ");
}

function wrongValue({ source }: TestRequest, at: Token, reason: string, hint?: string): Error {
  return filterError({ subject: "filter", source, at, reason, ...(hint === undefined ? {} : { hint }) });
}

// Numbers

function buildNumber(request: TestRequest): Filter {
  const numbers = request.values.map((value) => readNumber(request, value));
  if (request.operator === "IN" || request.operator === "NOT IN")
    return test(request, {
      kind: "numbers",
      values: new Set(numbers),
      negated: request.operator === "NOT IN",
    });
  return test(request, { kind: "number", operator: request.operator as OrderOperator, value: numbers[0]! });
}

function readNumber(request: TestRequest, value: Token): number {
  const { dialect, field, name } = request;
  if (value.kind === "number") return Number(value.raw);
  if (dialect === "runstone" && value.kind === "path") {
    const number = parsePythonFloat(value.raw);
    if (number !== undefined && !Number.isFinite(number)) return number;
  }
  const text = unquoted(value.raw);
  if (field.type === "version" && text !== null && /^\s*[+-]?\d+\s*$/.test(text)) return Number(text);
  const hint =
    text !== null && text !== "" && Number.isFinite(Number(text))
      ? `Write ${shown(text.trim())} without quotes.`
      : undefined;
  throw wrongValue(request, value, `${shown(name.raw)} is compared with a number`, hint);
}

// Times

const TIME_HINT = "Write a date like 2026-11-22 or 2026-11-22T10:30 (UTC), or milliseconds since 1970.";

function buildTime(request: TestRequest): Filter {
  const ranges = request.values.map((value) => readTime(request, value));
  const { operator } = request;
  if (operator === "=" || operator === "!=" || operator === "IN" || operator === "NOT IN") {
    const negated = isNegated(operator);
    const tests = ranges.map((range) => test(request, withinTime(range, negated)));
    return negated ? both(tests) : either(tests);
  }
  return test(request, { kind: "number", operator: operator as OrderOperator, value: ranges[0]!.from });
}

/** A time that was given as a number is that number, and has no width. */
function withinTime({ from, to }: TimeRange, negated: boolean): Condition {
  if (from === to) return { kind: "number", operator: negated ? "!=" : "=", value: from };
  return { kind: "range", from, to, negated };
}

function readTime(request: TestRequest, value: Token): TimeRange {
  const isYear = /^\d{4}$/.test(value.raw) && request.field.noYears !== true;
  if (value.kind === "number" && !isYear) return { from: Number(value.raw), to: Number(value.raw) };
  const range = parseTime(unquoted(value.raw) ?? value.raw, request.now);
  if (range === null)
    throw wrongValue(request, value, `${shown(request.name.raw)} is compared with a time`, TIME_HINT);
  return range;
}

const FLIPPED: Readonly<Record<string, OrderOperator>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/** `age < 2d`: started after the time two days ago. */
function buildAge(request: TestRequest): Filter {
  const value = request.now - readDuration(request, request.values[0]!);
  return test(request, { kind: "number", operator: FLIPPED[request.operator]!, value });
}

function buildDuration(request: TestRequest): Filter {
  const value = readDuration(request, request.values[0]!);
  return test(request, { kind: "number", operator: request.operator as OrderOperator, value });
}

function readDuration(request: TestRequest, value: Token): number {
  const duration = parseDuration(unquoted(value.raw) ?? value.raw);
  if (duration !== null) return duration;
  const hint = "Write a number with a unit: 90s, 30m, 1.5h, 1h30m, 2d, 3w, 8mo, 1y.";
  throw wrongValue(request, value, `${shown(request.name.raw)} is compared with a duration`, hint);
}

// Texts

/** MLflow's dialect demands quotes; Runstone's takes a word or a number as its text. */
function textValues(request: TestRequest): readonly string[] {
  const inList = request.operator === "IN" || request.operator === "NOT IN";
  return request.values.map((value) => readText(request, value, inList));
}

function readText(request: TestRequest, value: Token, inList: boolean): string {
  const { dialect, name } = request;
  if (value.kind === "text") {
    const text = inList ? parsePythonText(value.raw) : unquoted(value.raw);
    if (text === null) throw wrongValue(request, value, "no list can hold a text that is written like this");
    return text;
  }
  const quoted = value.raw.includes("`");
  if (dialect === "runstone" && !quoted) return value.raw;
  const hint = `Write '${shown(value.raw.replaceAll("`", ""))}' in quotes.`;
  throw wrongValue(request, value, `${shown(name.raw)} is compared with a text`, hint);
}

function buildText(request: TestRequest, values: readonly string[]): Filter {
  const { operator, field } = request;
  const plain = field.aliases === undefined && field.type !== "prefix";
  if (plain && (operator === "=" || operator === "!="))
    return test(request, { kind: "equal", value: values[0]!, negated: operator === "!=" });
  return test(request, {
    kind: isFolded(request) ? "folded" : "text",
    matches: textPredicate(request, values),
    negated: isNegated(operator),
    holds: heldText(request, values),
  });
}

/** Whether the texts of the column can be folded once for all: not when each has others that stand for it. */
function isFolded({ operator, field }: TestRequest): boolean {
  return ignoresCase(operator) && field.aliases === undefined;
}

function ignoresCase(operator: Operator): boolean {
  return operator === "ILIKE" || operator === "NOT ILIKE";
}

/** What a text of the column must hold to match. */
function heldText({ operator, field }: TestRequest, [value]: readonly string[]): string {
  if (field.aliases !== undefined || !operator.endsWith("LIKE")) return "";
  return literalOf(ignoresCase(operator) ? foldCase(value!) : value!);
}

/** Of the operator without NOT: for experiments, no name of an id may pass then. */
function textPredicate(request: TestRequest, values: readonly string[]): TextPredicate {
  const positive = positivePredicate(request, values);
  const { aliases } = request.field;
  if (aliases === undefined) return positive;
  return (text, work) => positive(text, work) || aliases(text).some((alias) => positive(alias, work));
}

function positivePredicate(request: TestRequest, values: readonly string[]): TextPredicate {
  const value = values[0]!;
  switch (request.operator) {
    case "LIKE":
    case "NOT LIKE":
      return likePredicate(value);
    case "ILIKE":
    case "NOT ILIKE":
      return foldedLike(request, value);
    case "=~":
    case "!~":
      return regexpPredicate(request, value);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return orderPredicate(request.operator, value);
    default:
      return request.field.type === "prefix" ? prefixPredicate(request, values) : memberPredicate(values);
  }
}

function foldedLike(request: TestRequest, pattern: string): TextPredicate {
  const like = likePredicate(foldCase(pattern));
  return isFolded(request) ? like : (text, work) => like(foldCase(text), work);
}

function memberPredicate(values: readonly string[]): TextPredicate {
  const members = new Set(values);
  return (text) => members.has(text);
}

function prefixPredicate(request: TestRequest, values: readonly string[]): TextPredicate {
  const prefixes = values.map((value) => value.toLowerCase());
  const empty = prefixes.indexOf("");
  if (empty >= 0) throw wrongValue(request, request.values[empty]!, "an id cannot begin with nothing");
  const shortest = withoutLonger(prefixes);
  return (text, work) => {
    work.look(COST.text);
    const lower = text.toLowerCase();
    const prefix = greatestUpTo(shortest, lower);
    return prefix !== undefined && lower.startsWith(prefix);
  };
}

/** Sorted, without those that begin with another. */
function withoutLonger(prefixes: readonly string[]): readonly string[] {
  const shortest: string[] = [];
  for (const prefix of [...prefixes].sort()) {
    const last = shortest.at(-1);
    if (last === undefined || !prefix.startsWith(last)) shortest.push(prefix);
  }
  return shortest;
}

/** The last of sorted texts that does not stand after `text`: of texts none of which begins another, the only one `text` can begin with. */
function greatestUpTo(sorted: readonly string[], text: string): string | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= text) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}

function orderPredicate(operator: OrderOperator, value: string): TextPredicate {
  switch (operator) {
    case "<":
      return (text) => compareCodePoints(text, value) < 0;
    case "<=":
      return (text) => compareCodePoints(text, value) <= 0;
    case ">":
      return (text) => compareCodePoints(text, value) > 0;
    default:
      return (text) => compareCodePoints(text, value) >= 0;
  }
}

function regexpPredicate(request: TestRequest, pattern: string): TextPredicate {
  try {
    const regexp = new LinearRegExp(pattern);
    return (text, work) => {
      work.look(text.length * COST.symbol);
      return regexp.test(text, (places) => work.spend(places * COST.place));
    };
  } catch (error) {
    if (!isRunstoneError(error, "INVALID_PARAMETER_VALUE")) throw error;
    throw wrongValue(request, request.values[0]!, error.message);
  }
}

// Params and tags: texts that may be numbers

function buildScalar(request: TestRequest): Filter {
  const { operator, values } = request;
  if (operator === "IN" || operator === "NOT IN") return buildScalarList(request);
  const number = comparedNumber(operator, values[0]!);
  if (number === null) return buildText(request, textValues(request));
  const compare = numberPredicate(operator as OrderOperator, number);
  return test(request, { kind: "text number", matches: compare });
}

/**
 * The number that values are compared with as numbers; null for a comparison of texts. Quotes make a text, as in MLflow;
 * only for sizes, which MLflow does not compare, a quoted number is a number too.
 */
function comparedNumber(operator: Operator, value: Token): number | null {
  if (operator === "=" || operator === "!=") return value.kind === "number" ? Number(value.raw) : null;
  if (!(operator in FLIPPED)) return null;
  return parsePythonFloat(unquoted(value.raw) ?? value.raw) ?? null;
}

function numberPredicate(operator: OrderOperator, wanted: number): (value: number) => boolean {
  switch (operator) {
    case "=":
      return (value) => value === wanted;
    case "!=":
      return (value) => value !== wanted;
    case "<":
      return (value) => value < wanted;
    case "<=":
      return (value) => value <= wanted;
    case ">":
      return (value) => value > wanted;
    case ">=":
      return (value) => value >= wanted;
  }
}

function buildScalarList(request: TestRequest): Filter {
  const texts = new Set<string>();
  const numbers = new Set<number>();
  for (const value of request.values) {
    if (value.kind === "number") numbers.add(Number(value.raw));
    else texts.add(readText(request, value, true));
  }
  const matches: TextPredicate = (text) => texts.has(text) || isNumberIn(numbers, text);
  return test(request, { kind: "text", matches, negated: request.operator === "NOT IN" });
}

function isNumberIn(numbers: ReadonlySet<number>, text: string): boolean {
  if (numbers.size === 0) return false;
  const value = parsePythonFloat(text);
  return value !== undefined && numbers.has(value);
}

// States

const DERIVED = ["LOST", "DAMAGED"];
const STATES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED", ...DERIVED];

/**
 * `state` is what Runstone derives, in any case of letters. `status` is what the file says, as in MLflow, where `'lost'`
 * in quotes is no status; the two derived words are looked up in the state.
 */
function buildState(request: TestRequest): Filter {
  const { operator } = request;
  const listed = isNegated(operator) || operator === "=" || operator === "IN";
  if (!listed) return buildText(request, textValues(request));
  const texts = textValues(request);
  const words = request.values.map((value, index) => stateWord(request, value, texts[index]!));
  const tests = [...new Set(words)].map((word): Filter => {
    const key = request.field.type === "state" || DERIVED.includes(word) ? "state" : "status";
    return {
      kind: "test",
      field: { entity: "attribute", key },
      condition: { kind: "equal", value: word, negated: isNegated(operator) },
    };
  });
  return isNegated(operator) ? both(tests) : either(tests);
}

function stateWord(request: TestRequest, value: Token, text: string): string {
  if (value.kind === "text" && request.field.type === "status") return text;
  const word = text.toUpperCase();
  if (STATES.includes(word)) return word;
  const nearest = nearestWord(word, STATES);
  const hint = nearest === null ? `It is one of ${STATES.join(", ")}.` : `Did you mean ${nearest}?`;
  throw wrongValue(request, value, `no run has such a ${request.field.type}`, hint);
}

function buildFlag(request: TestRequest): Filter {
  const value = textValues(request)[0]!.toLowerCase();
  if (value !== "true" && value !== "false")
    throw wrongValue(request, request.values[0]!, `${shown(request.name.raw)} is true or false`);
  const wanted = (value === "true") === (request.operator === "=");
  return test(request, { kind: "equal", value: String(wanted) });
}
