/** Filters of Runstone's dialect over the store of test/interop/search: valid by grammar, with a few that are refused. */
import fc from "../helpers/fast-check.js";
import * as words from "../interop/search/vocabulary.js";

const quotedKey = (key: string): string => (/^[\p{L}_]\w*(\.\w+)*$/u.test(key) ? key : `\`${key}\``);
const quoted = (text: string): string => (text.includes("'") ? `"${text}"` : `'${text}'`);
const oneOf = <T extends string>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const metric = fc
  .tuple(fc.constantFrom(...words.METRIC_KEYS), oneOf("", "", ".min", ".max", ".first", ".last", ".count"))
  .map(([key, aggregate]) => `metrics.${quotedKey(key)}${aggregate}`);
const param = fc.constantFrom(...words.PARAM_KEYS).map((key) => `params.${quotedKey(key)}`);
const tag = fc.constantFrom(...words.TAG_KEYS, "mlflow.runName").map((key) => `tags.${quotedKey(key)}`);
const text = fc.constantFrom(...words.TEXTS, ...words.RUN_NAMES, ...words.USERS);

const number = fc
  .constantFrom(...words.NUMBERS)
  .map((value) => String(value).replace("Infinity", "inf").replace("NaN", "nan"));
const size = oneOf("=", "!=", "<", "<=", ">", ">=", "==", "<>");
const like = oneOf("LIKE", "ILIKE", "NOT LIKE", "not ilike");
const pattern = fc
  .tuple(text, fc.nat(12), oneOf("%", "_", "%%", ""))
  .map(([value, at, wild]) => value.slice(0, at) + wild + value.slice(at + 1));
const regular = oneOf("^adam", "a.m$", "(?i)ADAM", "[0-9]+", "ö|ß", "^$", "\\\\", "it's", "(");
const list = (items: fc.Arbitrary<string>) =>
  fc.array(items, { minLength: 1, maxLength: 4 }).map((values) => `(${values.join(", ")})`);

const textTest = (field: fc.Arbitrary<string>, values = text) =>
  fc.oneof(
    fc.tuple(field, size, values.map(quoted)),
    fc.tuple(field, like, pattern.map(quoted)),
    fc.tuple(field, oneOf("=~", "!~"), regular.map(quoted)),
    fc.tuple(field, oneOf("IN", "NOT IN"), list(values.map(quoted))),
    fc.tuple(field, oneOf("IS NULL", "IS NOT NULL"), oneOf("")),
  );
const numberTest = (field: fc.Arbitrary<string>) =>
  fc.oneof(
    fc.tuple(field, size, number),
    fc.tuple(field, oneOf("IN", "NOT IN"), list(number)),
    fc.tuple(field, oneOf("IS NULL", "IS NOT NULL"), oneOf("")),
  );

const states = oneOf("RUNNING", "FINISHED", "FAILED", "KILLED", "SCHEDULED", "LOST", "DAMAGED", "finished");
const times = fc.oneof(
  fc.constantFrom(...words.TIMES).map(String),
  oneOf("2023-11-14", "2023-11", "2023-11-14T22:13:20Z", "today", "now", "9999-12-31"),
);
const ages = oneOf("1s", "30m", "1.5h", "2d", "3w", "99999d");

const comparison = fc
  .oneof(
    { weight: 3, arbitrary: numberTest(metric) },
    { weight: 3, arbitrary: textTest(param) },
    { weight: 2, arbitrary: numberTest(param) },
    { weight: 3, arbitrary: textTest(tag) },
    textTest(oneOf("name", "run_name", "user", "artifact_uri", "experiment", "branch", "author", "host")),
    textTest(
      oneOf("dataset.name", "dataset.digest", "datasets.context"),
      fc.constantFrom("training", "it's", "5f2c81aa"),
    ),
    fc.tuple(oneOf("status", "state"), oneOf("=", "!="), states),
    fc.tuple(oneOf("started", "ended", "end_time"), size, times),
    fc.tuple(oneOf("age", "duration"), oneOf("<", "<=", ">", ">="), ages),
    fc.tuple(oneOf("id", "commit", "parent"), oneOf("=", "!="), fc.stringMatching(/^[0-9a-f]{1,3}$/)),
    fc.tuple(oneOf("lifecycle_stage"), size, oneOf("active", "deleted")),
  )
  .map((parts) => parts.join(" ").trim());

const word = fc.oneof(
  oneOf("dirty", "NOT dirty", "adam", "otter", '"run 1"', "ßE", "nothing-has-this"),
  fc.constantFrom(...words.TEXTS).map(quoted),
);

/** The filter as text. */
export const ownFilters: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    { weight: 6, arbitrary: comparison },
    { weight: 1, arbitrary: word },
    {
      weight: 3,
      arbitrary: fc
        .tuple(tie("filter"), oneOf(" AND ", " and ", " "), tie("filter"))
        .map((all) => all.join("")),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(tie("filter"), oneOf(" OR ", " or "), tie("filter")).map((all) => all.join("")),
    },
    { weight: 2, arbitrary: tie("filter").map((filter) => `NOT (${filter})`) },
    { weight: 2, arbitrary: tie("filter").map((filter) => `(${filter})`) },
  ),
})).filter;

export const ownOrders: fc.Arbitrary<readonly string[]> = fc.array(
  fc
    .tuple(
      fc.oneof(
        metric,
        param,
        tag,
        oneOf("name", "started", "age", "duration", "status", "state", "id", "user"),
      ),
      oneOf("", " ASC", " DESC"),
    )
    .map((parts) => parts.join("")),
  { maxLength: 3 },
);
