/** Keys and values that filters find hard: what the store of the differential test is made of, and what its filters name. */

export const METRIC_KEYS: readonly string[] = [
  "loss",
  "Loss",
  "acc",
  "val/loss",
  "my metric",
  "f-1",
  "m.x.y",
  "größe",
  "min",
  "all nan",
  "a:b",
  "1st",
  "count",
];

export const PARAM_KEYS: readonly string[] = [
  "lr",
  "LR",
  "opt",
  "a b",
  "a/b",
  "a-b",
  "a.b.c",
  "größe",
  "order",
  "null",
  "user",
  "0",
  "__proto__",
  "constructor",
];

export const TAG_KEYS: readonly string[] = [
  "team",
  "Team",
  "mlflow.note.content",
  "mlflow.source.name",
  "x y",
  "x/y",
  "x-y",
  "größe",
  "and",
  "select",
  "end",
  "toString",
];

export const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.1,
  0.5,
  -0.5,
  5,
  5,
  1e-5,
  1e16,
  5e-324,
  1.7976931348623157e308,
  123456789.125,
  9007199254740994,
  Number.NaN,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** Values of params and tags. */
export const TEXTS: readonly string[] = [
  "",
  " ",
  "  padded ",
  "0.1",
  "10",
  "9",
  "1e-5",
  "adam",
  "Adam",
  "ADAM",
  "adamw",
  "a%b",
  "a_b",
  "axb",
  "100%",
  "%",
  "_",
  "it's",
  'say "hi"',
  "back`tick",
  "'quoted'",
  "adam\n",
  "adam\nsecond",
  "\nadam",
  "adam\r\n",
  "tab\tin",
  "two\u2028lines",
  "None",
  "null",
  "true",
  "größe",
  "GRÖSSE",
  "GRÖßE",
  "naïve",
  "nai\u0308ve",
  "日本語",
  "😀",
  "a😀b",
  "İstanbul",
  "istanbul",
  "ısparta",
  "Kelvin \u212a",
  "ſharp",
  "Σίσυφος",
  "σίσυφοσ",
  "C:\\x\\y",
  ".*",
  "(a)",
  "a, b",
  "a;b",
  "-- no comment",
  "/* c */",
  "x AND y",
  "a OR b",
  "[1]",
  "{a: 1}",
  "$1",
  "0123456789".repeat(20),
];

export const RUN_NAMES: readonly string[] = [
  "gentle-otter-512",
  "Gentle-Otter-512",
  "run 1",
  "run_1",
  "runx1",
  "it's",
  'the "best"',
  "100%",
  "größe 😀",
  "a\nb",
  "back`tick",
  " ",
];

export const USERS: readonly string[] = ["ana", "Ana", "zoë", "unknown", "o'neil"];

export const STATUSES = ["FINISHED", "FAILED", "KILLED", "SCHEDULED", "RUNNING"] as const;

export const DATASETS: readonly { readonly name: string; readonly digest: string }[] = [
  { name: "invoices-train", digest: "5f2c81aa" },
  { name: "invoices-train", digest: "00000000" },
  { name: "Invoices-Train", digest: "5F2C81AA" },
  { name: "größe & co", digest: "00ff" },
  { name: "it's", digest: "d'1" },
  { name: "100%_x", digest: "%" },
];

export const CONTEXTS: readonly (string | null)[] = ["training", "eval", "Training", "", null];

export const EXPERIMENT_NAMES: readonly string[] = [
  "alpha",
  "Alpha",
  "ALPHA β",
  "a%b_c",
  "100%",
  "back`tick",
  'dq"name',
  "yes",
  "20240102",
  " padded ",
];

export const MODEL_NAMES: readonly string[] = [
  "parser",
  "Parser",
  "my model",
  "a_b",
  "größe",
  "v-2.x",
  'dq"name',
  "o'model",
  "empty one",
];

export const LOGGED_MODEL_NAMES: readonly string[] = ["parser", "Parser", "tree 2", "größe", "a_b", "a-b"];

export const MODEL_TYPES: readonly (string | null)[] = ["agent", "Agent", "", null];

/** Equal times on purpose. */
export const TIMES: readonly number[] = [
  1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_001, 1_699_999_999_999, 1_700_000_500_000, 0, 1,
  253_402_300_799_000,
];

/** Sources of model versions. */
export const SOURCES: readonly string[] = [
  "s3://bucket/100%/a_b",
  "runs:/x/model",
  "C:\\models\\it's",
  "/abs/Pfad",
];
