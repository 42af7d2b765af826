/**
 * Where Runstone's answer may differ from that of MLflow's file store. Each stands, by this name, in
 * the table of docs/reference/filter.md; whatever differs otherwise is a bug.
 */
import { tokensOf } from "./mutate.js";
import { NAN_METRIC } from "./plan.js";
import { type Answer, isRefusal, type Pages, type Query } from "./query.js";

export interface Deviation {
  /** The first cell of its row in the documentation. */
  readonly name: string;
  readonly reason: string;
  readonly allows: (query: Query, answers: Answers) => boolean;
}

export interface Answers {
  readonly ours: Answer;
  readonly theirs: Answer;
}

/** Only for texts that were mutated; the test bounds how many there are. */
export const BROKEN_TEXTS = "texts that are no filters (`metrics.a .= 1`)";

export const DEVIATIONS: readonly Deviation[] = [
  {
    name: "an operator or value that the field does not have (`==`, `run_id = ('a')`), an order by a dataset",
    reason: "MLflow looks at some parts only when a run reaches them, and never when none does",
    allows: (_, { ours, theirs }) =>
      isRefusal(ours) &&
      isEmpty(theirs) &&
      /operator|cannot be (compared|ordered) by|is compared with/.test(ours.error.message),
  },
  {
    name: "page tokens with another text around the offset",
    reason: "only tokens as MLflow makes them are tokens",
    allows: ({ pageToken }, { ours, theirs }) =>
      pageToken !== null && isRefusal(ours) !== isRefusal(theirs) && !isTokenOfMlflow(pageToken),
  },
  {
    name: "`max_results` below 1 for runs and logged models",
    reason: "less than 1 is an error in every search",
    allows: ({ maxResults }, { ours }) => isRefusal(ours) && maxResults < 1,
  },
  {
    name: "a bare key in square brackets, or `*` (`params.[a b]`, `tags.*`)",
    reason: "MLflow's parser takes [x] for a name, brackets included, which nothing has",
    allows: (query, { ours }) =>
      isRefusal(ours) && textsOf(query).some((text) => tokensOf(text).includes("[") || /\.\*/.test(text)),
  },
  {
    name: "two texts side by side in a list (`('a' 'b')`), lists in lists",
    reason: "MLflow evaluates a list as a Python literal; texts and commas are all that is meant",
    allows: ({ filter }, { ours, theirs }) =>
      /\bIN\s*\(/i.test(filter) &&
      ((isRefusal(ours) && /expected/.test(ours.error.message)) ||
        (isRefusal(theirs) && /parsing a list/.test(theirs.error.message))),
  },
  {
    name: "a blank beside the dot (`params. a`) or in a bare key",
    reason: "blanks around a dot and in a key that is not quoted: MLflow takes some for a part of the key",
    allows: (query, { ours }) =>
      isRefusal(ours) &&
      (textsOf(query).some((text) => /\.\s|\s\./.test(text)) ||
        /a comparison is expected/.test(ours.error.message)),
  },
  {
    name: "`IS NOT  NULL` with two blanks",
    reason: "blanks between words do not count",
    allows: ({ filter }, { ours, theirs }) =>
      isRefusal(theirs) && !isRefusal(ours) && /\bNOT(?! NULL)\s+NULL\b/i.test(filter),
  },
  {
    name: "blanks around an order clause",
    reason: "blanks around a clause do not count",
    allows: (query, { ours, theirs }) =>
      isRefusal(theirs) &&
      !isRefusal(ours) &&
      ordersOf(query).some((text) => text.trim() !== text || /[^\S \t\r\n]/.test(text)),
  },
  {
    name: "`version_number > 1.5`",
    reason: "a number is compared as it is; MLflow cuts off what is behind the point",
    allows: ({ search, filter }, answers) =>
      search === "modelVersions" && bothAnswer(answers) && /version_number\W*\d*\.\d/.test(filter),
  },
  {
    name: "clauses side by side without AND, one of them IN or IS NULL",
    reason: "comparisons side by side are joined by AND, which MLflow does for some and refuses for others",
    allows: ({ filter }) => lacksAnd(filter),
  },
  {
    name: "a quoted text or name that touches the next word (`'a'and`)",
    reason: "a quoted text or name ends at its quote, and a blank must follow it as in every other place",
    allows: (query, { ours, theirs }) =>
      textsOf(query).some(hasTouchingTokens) &&
      (isRefusal(ours) !== isRefusal(theirs) || ordersOf(query).some(hasTouchingTokens)),
  },
  {
    name: "bare keys `case`, `in`, `values`, `using`, `from`, `as`, or of digits (`metrics.12a`)",
    reason: "params.0 needs no quotes; MLflow's parser takes .0 for a number",
    allows: (query, { ours, theirs }) =>
      isRefusal(theirs) &&
      !isRefusal(ours) &&
      textsOf(query).some((text) => /\.\d+(?![\p{L}\p{N}_])/u.test(text)),
  },
  {
    name: 'an entity in double quotes (`"tags".a DESC`), a bare key like `f-1` (`metrics.f-1 DESC`)',
    reason:
      "before ASC or DESC MLflow also takes a prefix in double quotes, and a key like f-1 without quotes",
    allows: (query, { ours }) =>
      isRefusal(ours) && ordersOf(query).some((text) => /^\s*"|[\p{L}\p{N}_]-\d/u.test(text)),
  },
  {
    name: "searches of models and versions: a text that ends in a backslash",
    reason:
      "in the registry MLflow puts a clause of its own behind the filter, and reads the \\' before it on",
    allows: ({ search, filter }, answers) =>
      isRegistry(search) && /\\['"]/.test(filter) && isRefusal(answers.theirs),
  },
  {
    name: "searches of models and versions: a filter of blanks",
    reason: "a filter of nothing but blanks is an error in every search; MLflow takes it in the registry",
    allows: ({ search, filter }, { ours }) =>
      isRefusal(ours) && isRegistry(search) && filter !== "" && filter.trim() === "",
  },
  {
    name: "attributes of models and versions in quotes",
    reason: "attributes may be quoted in every search, in MLflow not in those of the registry",
    allows: ({ search, filter }, { ours, theirs }) =>
      isRegistry(search) &&
      isRefusal(theirs) &&
      !isRefusal(ours) &&
      tokensOf(filter).some((token) => /^[`"'](name|run_id|source_path|version_number)[`"']$/.test(token)),
  },
  {
    name: "`mlflow.prompt.is_prompt` compared otherwise than with `= 'true'`, `= 'false'`, `!= 'true'`",
    reason:
      "what is no prompt counts as one that says false, whatever the operator; in MLflow for two comparisons only",
    allows: ({ search, filter }, answers) =>
      isRegistry(search) && filter.includes("mlflow.prompt.is_prompt") && bothAnswer(answers),
  },
  {
    name: "experiments without times (MLflow before 1.29), compared by time",
    reason: "a missing time matches nothing; MLflow raises a TypeError, but lets != match",
    allows: (query) =>
      query.search === "experiments" &&
      query.view !== "active" &&
      /creation_time|last_update_time/.test(query.filter),
  },
  {
    name: "`creation_time`, `last_updated_time` of logged models",
    reason: "creation_time and last_updated_time are the timestamps; MLflow raises an AttributeError",
    allows: (query, { theirs }) =>
      query.search === "loggedModels" &&
      isRaw(theirs, "AttributeError") &&
      /creation_time|last_updated_time/.test(query.filter + query.orderBy.map((order) => order.field_name)),
  },
  {
    name: "missing values in orders of models, or compared by size",
    reason: "logged models without a type or a source run come last; MLflow raises a TypeError",
    allows: (query, { theirs }) =>
      query.search === "loggedModels" &&
      isRaw(theirs, "TypeError") &&
      query.orderBy.some(({ field_name = "" }) => /model_type|source_run_id/.test(field_name)),
  },
  {
    name: "a NaN in an order of logged models",
    reason: "NaN comes before missing values, as for runs; MLflow's comparison is no order then",
    allows: (query, answers) =>
      query.search === "loggedModels" &&
      bothAnswer(answers) &&
      query.orderBy.some(({ field_name }) => field_name === `metrics.${NAN_METRIC}`),
  },
  {
    name: "`dataset.name` in a filter over logged models",
    reason: "dataset.name is an error in a filter; MLflow compares the name of the model with it",
    allows: ({ search, filter }, { ours }) =>
      search === "loggedModels" && isRefusal(ours) && /\bdatasets?\./.test(filter),
  },
  {
    name: "`version_number < 1e400`",
    reason: "1e400 is infinity; MLflow raises an OverflowError where it makes it an integer",
    allows: (_, { theirs }) => isRaw(theirs, "OverflowError"),
  },
  {
    name: BROKEN_TEXTS,
    reason:
      "what is no filter at all is an error; MLflow's SQL parser makes something of a few such texts, or the reverse",
    allows: ({ mutated }, { ours, theirs }) => mutated && isRefusal(ours) !== isRefusal(theirs),
  },
];

/** The text of the filter and of each clause of the order. */
function textsOf(query: Query): readonly string[] {
  return [query.filter, ...ordersOf(query)];
}

function ordersOf(query: Query): readonly string[] {
  return query.search === "loggedModels" ? [] : query.orderBy;
}

function isRegistry(search: Query["search"]): boolean {
  return search === "registeredModels" || search === "modelVersions";
}

function bothAnswer({ ours, theirs }: Answers): boolean {
  return !isRefusal(ours) && !isRefusal(theirs);
}

function isRaw(answer: Answer, type: string): boolean {
  return isRefusal(answer) && answer.error.raised === "raw" && answer.error.type === type;
}

function isEmpty(answer: Answer): answer is Pages {
  return !isRefusal(answer) && answer.pages.flat().length === 0;
}

function isTokenOfMlflow(token: string): boolean {
  const text = Buffer.from(token, "base64").toString();
  return /^\{"offset": ?[1-9]\d*\}$/.test(text) && Buffer.from(text).toString("base64") === token;
}

function hasTouchingTokens(text: string): boolean {
  const tokens = tokensOf(text);
  return (
    tokens.some((token, index) => isQuoted(token) && /^[\p{L}\p{N}_'"`]/u.test(tokens[index + 1] ?? "")) ||
    tokens.some(
      (token, index) => /^[\p{L}\p{N}_.]*[\p{L}\p{N}_]$/u.test(token) && isQuoted(tokens[index + 1] ?? ""),
    )
  );
}

function lacksAnd(filter: string): boolean {
  const tokens = tokensOf(filter);
  const operators = tokens.filter((token) => /^([<>=!]+|I?LIKE|IN|IS)$/i.test(token));
  return operators.length > tokens.filter((token) => /^AND$/i.test(token)).length + 1;
}

function isQuoted(token: string): boolean {
  return token.length > 1 && /^['"`]/.test(token);
}
