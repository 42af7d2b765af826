/** What a filter of each search can name, and the values that it can hold in the store. */
import type { Query } from "./query.js";
import type { SearchStore } from "./store.js";
import * as words from "./vocabulary.js";

export interface Entity {
  /** What stands before the key, the dot included. */
  readonly prefixes: readonly string[];
  readonly keys: readonly string[];
  readonly kind: "number" | "text";
  readonly texts: readonly string[];
  /** Empty: the numbers of the vocabulary. */
  readonly numbers: readonly number[];
  /** Whether lists are tried often. */
  readonly lists?: boolean;
  /** Whether IS NULL is tried often. */
  readonly nulls?: boolean;
  /** Whether quotes around its keys are as a rule an error. */
  readonly bare?: boolean;
  /** How it takes part in `order_by` as a rule. */
  readonly order?: "never" | "only";
}

const PARAM = ["param.", "params.", "params.", "parameter.", "parameters."];
const TAG = ["tag.", "tags.", "tags."];
const METRIC = ["metric.", "metrics.", "metrics."];
const ATTRIBUTE = ["", "", "attribute.", "attributes.", "attr.", "run."];
const RESTRICTED = ["", "", "", "attribute."];
const DATASET = ["dataset.", "datasets."];
const DATASET_NAMES = words.DATASETS.map(({ name }) => name);
const DATASET_DIGESTS = words.DATASETS.map(({ digest }) => digest);
const CONTEXTS = ["none", ...words.CONTEXTS.filter((context) => context !== null)];
const MODEL_NAMES = [...words.MODEL_NAMES, "greeting"];
const MODEL_TIMES = ["creation_timestamp", "last_updated_timestamp"];
const UPPER = (values: readonly string[]) => values.flatMap((value) => [value, value, value.toUpperCase()]);

const known = new WeakMap<SearchStore, Map<string, readonly Entity[]>>();

export function entitiesOf(search: Query["search"], store: SearchStore): readonly Entity[] {
  const searches = known.get(store) ?? new Map<string, readonly Entity[]>();
  known.set(store, searches);
  const entities = searches.get(search) ?? MAKERS[search](store);
  searches.set(search, entities);
  return entities;
}

const MAKERS: Readonly<Record<Query["search"], (store: SearchStore) => readonly Entity[]>> = {
  runs: (store) => [
    numbers(METRIC, words.METRIC_KEYS),
    numbers(METRIC, words.METRIC_KEYS),
    { ...texts(PARAM, words.PARAM_KEYS, words.TEXTS), nulls: true },
    { ...texts(PARAM, words.PARAM_KEYS, words.TEXTS), nulls: true },
    { ...texts(TAG, words.TAG_KEYS, words.TEXTS), nulls: true },
    { ...texts(TAG, words.TAG_KEYS, words.TEXTS), nulls: true },
    texts(TAG, ["mlflow.runName"], words.RUN_NAMES),
    texts(ATTRIBUTE, ["run_name", "run_name"], words.RUN_NAMES),
    { ...texts(ATTRIBUTE, ["run name", "Run name", "Run Name"], words.RUN_NAMES), order: "never" },
    texts(ATTRIBUTE, ["user_id"], words.USERS),
    texts(ATTRIBUTE, ["status"], [...words.STATUSES, "finished", "LOST"]),
    texts(
      ATTRIBUTE,
      ["artifact_uri"],
      store.runIds.map((id) => `%${id}/artifacts`),
    ),
    { ...texts(ATTRIBUTE, ["run_id"], UPPER(store.runIds)), lists: true },
    numbers(ATTRIBUTE, ["start_time", "end_time", "created", "Created"], words.TIMES),
    { ...texts(DATASET, ["name"], DATASET_NAMES), lists: true, order: "never" },
    { ...texts(DATASET, ["digest"], DATASET_DIGESTS), lists: true, order: "never" },
    { ...texts(DATASET, ["context"], CONTEXTS), lists: true, order: "never" },
  ],
  experiments: (store) => [
    texts(RESTRICTED, ["name"], [...words.EXPERIMENT_NAMES, "Default", "renamed β"]),
    { ...texts(RESTRICTED, ["experiment_id"], store.experimentIds), lists: true },
    numbers(RESTRICTED, ["creation_time", "last_update_time"], words.TIMES),
    { ...texts(TAG, words.TAG_KEYS, words.TEXTS), nulls: true, order: "never" },
    { ...texts(TAG, words.TAG_KEYS, words.TEXTS), nulls: true, order: "never" },
  ],
  registeredModels: () => [
    { ...texts(RESTRICTED, ["name"], MODEL_NAMES), lists: true, bare: true },
    { ...texts(TAG, words.TAG_KEYS, words.TEXTS), order: "never" },
    { ...texts(TAG, words.TAG_KEYS, words.TEXTS), order: "never" },
    { ...texts(TAG, ["mlflow.prompt.is_prompt"], ["true", "false", "True"]), order: "never" },
    { ...numbers(RESTRICTED, MODEL_TIMES, words.TIMES), bare: true, order: "only" },
  ],
  modelVersions: (store) => [
    { ...texts(RESTRICTED, ["name"], MODEL_NAMES), lists: true, bare: true },
    { ...numbers(RESTRICTED, ["version_number"], [0, 1, 2, 3, 4]), bare: true },
    { ...texts(RESTRICTED, ["run_id"], runIdsOfVersions(store)), lists: true, bare: true, order: "never" },
    { ...texts(RESTRICTED, ["source_path"], words.SOURCES), bare: true, order: "never" },
    { ...texts(TAG, words.TAG_KEYS, words.TEXTS), order: "never" },
    { ...numbers(RESTRICTED, MODEL_TIMES, words.TIMES), bare: true, order: "only" },
  ],
  loggedModels: (store) => [
    { ...texts(ATTRIBUTE, ["name"], words.LOGGED_MODEL_NAMES), lists: true },
    { ...texts(ATTRIBUTE, ["model_id"], store.loggedModelIds), lists: true },
    texts(ATTRIBUTE, ["model_type"], ["none", ...words.MODEL_TYPES.filter((type) => type !== null)]),
    texts(ATTRIBUTE, ["status"], ["READY", "PENDING", "FAILED", "ready"]),
    { ...texts(ATTRIBUTE, ["source_run_id"], store.runIds), lists: true },
    numbers(ATTRIBUTE, [...MODEL_TIMES, ...MODEL_TIMES, "creation_time"], words.TIMES),
    numbers(METRIC, ["loss", "acc", "val/loss", "my metric"]),
    numbers(METRIC, ["loss", "acc"]),
    texts(PARAM, words.PARAM_KEYS, words.TEXTS),
    texts(TAG, words.TAG_KEYS, words.TEXTS),
  ],
};

function runIdsOfVersions({ plan, runIds }: SearchStore): readonly string[] {
  const used = plan.models.flatMap(({ versions }) => versions.map(({ run }) => run));
  return ["", ...used.flatMap((run) => (run === null ? [] : [runIds[run] ?? ""]))];
}

function texts(prefixes: readonly string[], keys: readonly string[], values: readonly string[]): Entity {
  return { prefixes, keys, kind: "text", texts: values, numbers: [] };
}

function numbers(
  prefixes: readonly string[],
  keys: readonly string[],
  values: readonly number[] = [],
): Entity {
  return { prefixes, keys, kind: "number", texts: [], numbers: values };
}
