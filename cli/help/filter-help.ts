/**
 * What `runstone help filter` prints: the short reference of the filter language. A test holds it and
 * docs/reference/filter.md together.
 */
import { type Row, section, wrap } from "./layout.js";

/** A filter and what it finds. */
export const EXAMPLES: readonly Row[] = [
  ["metrics.loss < 0.5 AND params.model = 'tree'", "what MLflow finds"],
  ["metrics.val/loss < 0.5 params.model = tree", "keys and words need no quotes, AND may be left out"],
  ["params.lr < 0.01 or params.lr = 'auto'", "params are compared as numbers where both sides are"],
  ["(tags.team = nlp or author = Ana) and not dirty", "one of two, from a clean work tree"],
  ["started > 2026-11-01 and duration > 1h", "long runs of November and later"],
  ["age < 2d status = lost", "lost runs that started in the last two days"],
  ["commit = 3f2a", "runs of this commit"],
  ["metrics.loss.min < 0.1 and metrics.loss.last > 1", "went well, then diverged"],
  ["metrics.`val/f1`.count >= 10", "at least ten values"],
  ["params.model IN (tree, 'random forest') and params.seed > 10", "one of a list"],
  ["name =~ '^sweep-[0-9]+$'", "a name by regular expression"],
  ["metrics.loss = nan or metrics.loss IS NULL", "training that failed to say anything"],
  ["dataset.name LIKE 'iris%'", "runs that used one of these datasets"],
  ["baseline", "the word in the name, the note or a tag, in any case"],
  ['"warm start" metrics.loss < 0.5', "the same with several words, and a comparison"],
];

export const GRAMMAR = `filter     = [ either ]
either     = all { OR all }
all        = term { [ AND ] term }
term       = NOT term | "(" either ")" | comparison | word
comparison = field operator value
           | field [ NOT ] IN "(" value { "," value } ")"
           | field IS [ NOT ] NULL
operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | [ NOT ] LIKE | [ NOT ] ILIKE | "=~" | "!~"
field      = attribute | entity "." key
key        = word | \`quoted\` | "quoted"
value      = number | 'text' | "text" | word`;

/** What stands before a key, and what it means. */
export const ENTITIES: readonly Row[] = [
  ["metrics, metric", "the latest value of a metric, a number"],
  ["params, param, parameters, parameter", "a param, a text that may be a number"],
  ["tags, tag", "a tag, the same"],
  ["dataset, datasets", "name, digest or context; passes when one dataset of the run does"],
  ["attributes, attribute, attr, run", "an attribute, below; it needs no entity"],
];

/** Names, type, and what it is. */
type Typed = readonly [string, string, string];

/** Fields without a key. */
export const ATTRIBUTES: readonly Typed[] = [
  ["id", "prefix", "the beginning of the run id"],
  ["run_id", "text", "the whole run id"],
  ["name, run_name", "text", "the name"],
  ["user, user_id", "text", "who ran it"],
  ["status", "status", "the status in the files, or LOST or DAMAGED"],
  ["state", "state", "the status as Runstone sees it: RUNNING is running, LOST is not"],
  ["started, start_time, created", "time", "the start"],
  ["ended, end_time", "time", "the end"],
  ["age", "age", "how long ago it started"],
  ["duration", "duration", "from start to end, of a running run to now"],
  ["experiment", "text", "the name of the experiment, or its id"],
  ["experiment_id", "text", "its id"],
  ["artifact_uri", "text", "as in meta.yaml"],
  ["lifecycle_stage", "text", "active or deleted; see --view"],
  ["commit", "prefix", "the beginning of the commit, tag mlflow.source.git.commit"],
  ["branch", "text", "the branch, tag mlflow.source.git.branch"],
  ["dirty", "flag", "uncommitted changes, tag mlflow.source.git.dirty; stands alone, too"],
  ["author", "text", "who works in the repository, tag runstone.git.author"],
  ["note", "text", "the note, tag mlflow.note.content"],
  ["parent", "prefix", "the beginning of the parent's run id, tag mlflow.parentRunId"],
  ["host", "text", "the host, tag runstone.host"],
  ["command", "text", "the command line, tag runstone.command"],
];

/** The operators of each type, and how its values are written. */
export const TYPES: readonly Typed[] = [
  ["number", "= != < <= > >= IN", "0.5, -1e-3, inf, -inf, nan (= nan finds NaN)"],
  ["text", "= != < <= > >= LIKE ILIKE =~ !~ IN", "quoted, or a word; < is by code point"],
  ["scalar", "= != < <= > >= LIKE ILIKE =~ !~ IN", "params and tags: see below"],
  [
    "time",
    "= != < <= > >= IN",
    "2026-11-22, 2026-11, 2026-11-22T10:30, with Z or +01:00; today, yesterday, now; milliseconds since 1970",
  ],
  ["age", "< <= > >=", "90s, 30m, 1.5h, 1h30m, 1h30, 2d, 2 days, 3w, 8mo, 1y"],
  ["duration", "= != < <= > >=", "the same, 250ms"],
  [
    "state",
    "= != LIKE ILIKE =~ !~ IN",
    "RUNNING, SCHEDULED, FINISHED, FAILED, KILLED, LOST, DAMAGED in any case",
  ],
  ["status", "= != LIKE ILIKE =~ !~ IN", "the same as a word; between quotes exactly so"],
  ["prefix", "= != LIKE ILIKE =~ !~ IN", "the beginning of an id, in any case"],
  ["flag", "= !=", "true, false"],
  ["version", "= != < <= > >= IN", "a whole number"],
];

const NOTES: readonly string[] = [
  "NOT binds closer than AND, AND closer than OR; AND may be left out. A key with a blank or an operator in it goes between backticks or double quotes: params.`learning rate`. Every field has IS NULL and IS NOT NULL; LIKE, ILIKE and IN may have NOT before them.",
  "metrics.KEY is the last value; metrics.KEY.min, .max, .first, .last and .count are its aggregates. A key alone is the metric, param or tag of that name when only one of the three has it.",
  "Params and tags are compared as numbers with a number without quotes, as texts with one between quotes. Times are UTC; = means within: started = 2026-11 is November. In LIKE % is any text and _ one character.",
  "A value that is missing passes no comparison, != neither; NOT before the comparison turns that around. Words alone are looked for in the name, the note and the tags.",
];

/** Without colours, every line at most `width` columns where words allow it. */
export function filterHelp(width: number): string {
  return [
    wrap("The filter language: which runs are meant, in runs, best, compare, plot, watch, export.", width),
    'Usage: runstone runs "FILTER"',
    section("Examples", EXAMPLES, width),
    section("Fields", ENTITIES, width),
    section("Attributes", ATTRIBUTES.map(attributeRow), width),
    section(
      "Types, with operators and values",
      TYPES.map(([type, operators, values]): Row => [type, `${operators}\n${values}`]),
      width,
    ),
    ...NOTES.map((note) => wrap(note, width)),
    ["Grammar:", ...GRAMMAR.split("\n").map((line) => `  ${line}`)].join("\n"),
    wrap("In a shell, put the filter in quotes. docs/reference/filter.md says it all.", width),
  ].join("\n\n");
}

function attributeRow([names, type, value]: Typed): Row {
  const isPlain = type === "text" || type === names;
  return [names, isPlain ? value : `${value} (${type})`];
}
