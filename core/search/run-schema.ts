/** What can be searched for in runs. */
import type { FilterField } from "./filter.js";
import {
  attribute,
  ENTITY_PREFIXES,
  type KeyedEntity,
  MLFLOW_OPERATORS,
  mlflowTime,
  OWN_OPERATORS,
  type SearchField,
  type SearchSchema,
  tagField,
  type WrittenKey,
} from "./search-schema.js";
import { METRIC_AGGREGATES, type MetricAggregate } from "./table.js";

const PREFIXES: SearchSchema["prefixes"] = new Map([
  ...ENTITY_PREFIXES,
  ["dataset", "dataset"],
  ["datasets", "dataset"],
]);

const START_TIMES = ["start_time", "created", "Created"];
const RUN_NAMES = ["run_name", "run name", "Run name", "Run Name"];
const ORDER_ENTITIES: ReadonlySet<KeyedEntity> = new Set(["metric", "param", "tag"]);

function mlflowAttributes(names: readonly string[]): Map<string, SearchField> {
  const { number, text, listed } = MLFLOW_OPERATORS;
  const fields = new Map<string, SearchField>([
    ["run_id", attribute("run_id", "text", listed)],
    ["user_id", attribute("user_id", "text", text)],
    ["status", attribute("status", "text", text)],
    ["artifact_uri", attribute("artifact_uri", "text", text)],
    ["end_time", attribute("end_time", "number", number)],
  ]);
  for (const name of START_TIMES) fields.set(name, attribute("start_time", "number", number));
  for (const name of names) fields.set(name, attribute("run_name", "text", text));
  return fields;
}

function mlflowField(entity: KeyedEntity, { key }: WrittenKey): SearchField | null {
  const { number, listed, nullable } = MLFLOW_OPERATORS;
  if (entity === "metric") return { field: lastOf(key), type: "number", operators: number };
  if (entity !== "dataset") return { field: { entity, key }, type: "text", operators: nullable };
  return isDatasetKey(key) ? { field: { entity, key }, type: "text", operators: listed } : null;
}

export const MLFLOW_RUNS: SearchSchema = {
  dialect: "mlflow",
  prefixes: PREFIXES,
  attributes: mlflowAttributes(RUN_NAMES),
  fieldOf: mlflowField,
  order: mlflowAttributes(["run_name"]),
  orderEntities: ORDER_ENTITIES,
  names: [],
};

function isDatasetKey(key: string): key is "name" | "digest" | "context" {
  return key === "name" || key === "digest" || key === "context";
}

function lastOf(key: string): FilterField {
  return { entity: "metric", key, aggregate: "last" };
}

/** Names, as an id of `--help` and the docs lists them, first the one to suggest. */
function runstoneAttributes(): Map<string, SearchField> {
  const fields = new Map<string, SearchField>([
    ["id", attribute("run_id", "prefix")],
    ["run_id", attribute("run_id", "text")],
    ["name", attribute("run_name", "text")],
    ["user", attribute("user_id", "text")],
    ["user_id", attribute("user_id", "text")],
    ["status", attribute("status", "status")],
    ["state", attribute("state", "state")],
    ["started", attribute("start_time", "time")],
    ["ended", attribute("end_time", "time")],
    ["end_time", mlflowTime("end_time")],
    ["age", attribute("start_time", "age")],
    ["duration", { field: { entity: "duration" }, type: "duration", operators: OWN_OPERATORS.duration }],
    ["experiment", attribute("experiment_id", "text")],
    ["experiment_id", attribute("experiment_id", "text")],
    ["artifact_uri", attribute("artifact_uri", "text")],
    ["lifecycle_stage", attribute("lifecycle_stage", "text")],
    ["commit", tagField("mlflow.source.git.commit", "prefix")],
    ["branch", tagField("mlflow.source.git.branch", "text")],
    ["dirty", tagField("mlflow.source.git.dirty", "flag")],
    ["author", tagField("runstone.git.author", "text")],
    ["note", tagField("mlflow.note.content", "text")],
    ["parent", tagField("mlflow.parentRunId", "prefix")],
    ["host", tagField("runstone.host", "text")],
    ["command", tagField("runstone.command", "text")],
  ]);
  for (const name of START_TIMES) fields.set(name, mlflowTime("start_time"));
  for (const name of RUN_NAMES) fields.set(name, attribute("run_name", "text"));
  return fields;
}

function runstoneField(entity: KeyedEntity, written: WrittenKey): SearchField | null {
  const { key } = written;
  if (entity === "metric")
    return { field: metricField(written), type: "number", operators: OWN_OPERATORS.number };
  if (entity !== "dataset")
    return { field: { entity, key }, type: "scalar", operators: OWN_OPERATORS.scalar };
  return isDatasetKey(key) ? { field: { entity, key }, type: "text", operators: OWN_OPERATORS.text } : null;
}

const QUOTED_METRIC = /^(?:`((?:``|[^`])*)`|"((?:""|[^"])*)")\.(\w+)$/;

/**
 * `loss` is the latest value, `` `loss`.min `` the minimum, and `loss.min` the minimum too, unless a metric is called so:
 * then it is that metric, as in MLflow. A key that is quoted whole is always the whole key.
 */
function metricField({ key, raw }: WrittenKey): FilterField {
  const quoted = QUOTED_METRIC.exec(raw);
  if (quoted !== null && isAggregate(quoted[3]!))
    return { entity: "metric", key: quoted[1] ?? quoted[2]!, aggregate: quoted[3] };
  const dot = key.lastIndexOf(".");
  const aggregate = key.slice(dot + 1);
  if (dot < 1 || key !== raw || !isAggregate(aggregate)) return lastOf(key);
  return {
    entity: "ambiguous",
    exact: { entity: "metric", key, aggregate: "last" },
    otherwise: { entity: "metric", key: key.slice(0, dot), aggregate },
  };
}

function isAggregate(word: string): word is MetricAggregate {
  return (METRIC_AGGREGATES as readonly string[]).includes(word);
}

/** The schema of Runstone's dialect. `experimentNames`: id to name, so that `experiment` may be either. */
export function runstoneRuns(experimentNames?: ReadonlyMap<string, string>): SearchSchema {
  const attributes = runstoneAttributes();
  if (experimentNames !== undefined) {
    const aliases = (id: string): readonly string[] => [experimentNames.get(id) ?? id];
    const allAliases = (): Iterable<string> => experimentNames.values();
    attributes.set("experiment", { ...attribute("experiment_id", "text"), aliases, allAliases });
  }
  return {
    dialect: "runstone",
    prefixes: PREFIXES,
    attributes,
    fieldOf: runstoneField,
    order: attributes,
    orderEntities: ORDER_ENTITIES,
    names: [{ entity: "attribute", key: "run_name" }],
    ids: [{ entity: "attribute", key: "run_id" }],
  };
}
