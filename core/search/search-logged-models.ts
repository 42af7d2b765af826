/** Searches over logged models, as MLflow's `search_logged_models`. */
import { type LoggedModel, type LoggedModelMetric, RunstoneError } from "../../store-format/index.js";
import type { DatasetChoice, LoggedModelOrder } from "../interfaces.js";
import { type EntityFields, EntityTable } from "./entity-table.js";
import type { Filter } from "./filter.js";
import { numberColumn, numberOf } from "./make-columns.js";
import { parseFilter } from "./parse-filter.js";
import { type EntityPage, type EntitySearch, pageOfList } from "./search-list.js";
import {
  attribute,
  ENTITY_PREFIXES,
  MLFLOW_OPERATORS,
  mlflowTime,
  OWN_OPERATORS,
  type SearchField,
  type SearchSchema,
  tagField,
} from "./search-schema.js";
import type { SortKey } from "./sort-rows.js";

export interface LoggedModelSearch extends Omit<EntitySearch, "orderBy"> {
  /** Metrics in the filter count only on these; without any in the filter, models that have a metric on one of them. */
  readonly datasets?: readonly DatasetChoice[] | undefined;
  readonly orderBy?: readonly LoggedModelOrder[] | undefined;
}

function fieldsOn(datasets: readonly DatasetChoice[]): EntityFields<LoggedModel> {
  return {
    numbers: {
      creation_timestamp: ({ creationTime }) => numberOf(creationTime),
      last_updated_timestamp: ({ lastUpdatedTime }) => numberOf(lastUpdatedTime),
    },
    texts: {
      name: ({ name }) => name,
      model_id: ({ modelId }) => modelId,
      model_type: ({ modelType }) => modelType,
      status: ({ status }) => status,
      source_run_id: ({ sourceRunId }) => sourceRunId,
      experiment_id: ({ experimentId }) => experimentId,
    },
    tags: ({ tags }) => tags,
    params: ({ params }) => params,
    metric: (model, key) =>
      model.metrics.find((metric) => metric.key === key && isOnAny(metric, datasets))?.value,
    metricKeys: ({ metrics }) => metrics.map(({ key }) => key),
  };
}

function isOnAny(metric: LoggedModelMetric, datasets: readonly DatasetChoice[]): boolean {
  return datasets.length === 0 || datasets.some((dataset) => isOn(metric, dataset));
}

function isOn({ dataset }: LoggedModelMetric, { name, digest }: DatasetChoice): boolean {
  return dataset?.name === name && (digest === undefined || dataset.digest === digest);
}

const TEXTS = ["name", "model_id", "model_type", "status", "source_run_id"];
const TIMES = new Map([
  ["creation_timestamp", "creation_timestamp"],
  ["creation_time", "creation_timestamp"],
  ["last_updated_timestamp", "last_updated_timestamp"],
  ["last_updated_time", "last_updated_timestamp"],
]);

function mlflowAttributes(): Map<string, SearchField> {
  const { anyText, number } = MLFLOW_OPERATORS;
  const fields = new Map(TEXTS.map((key) => [key, attribute(key, "text", anyText)]));
  for (const [name, key] of TIMES) fields.set(name, attribute(key, "number", number));
  return fields;
}

function runstoneAttributes(): Map<string, SearchField> {
  const fields = new Map(TEXTS.map((key) => [key, attribute(key, "text")]));
  fields.set("id", attribute("model_id", "prefix"));
  fields.set("type", attribute("model_type", "text"));
  fields.set("experiment_id", attribute("experiment_id", "text"));
  fields.set("created", attribute("creation_timestamp", "time"));
  fields.set("updated", attribute("last_updated_timestamp", "time"));
  fields.set("age", attribute("creation_timestamp", "age"));
  for (const [name, key] of TIMES) fields.set(name, mlflowTime(key));
  fields.set("note", tagField("mlflow.note.content", "text"));
  return fields;
}

function schemaOf(dialect: "mlflow" | "runstone"): SearchSchema {
  const mlflow = dialect === "mlflow";
  const attributes = mlflow ? mlflowAttributes() : runstoneAttributes();
  const number = mlflow ? MLFLOW_OPERATORS.number : OWN_OPERATORS.number;
  const keyed = mlflow ? MLFLOW_OPERATORS.text : OWN_OPERATORS.scalar;
  return {
    dialect,
    prefixes: ENTITY_PREFIXES,
    attributes,
    fieldOf: (entity, { key }) => {
      if (entity === "metric")
        return { field: { entity, key, aggregate: "last" }, type: "number", operators: number };
      if (entity === "dataset") return null;
      return { field: { entity, key }, type: mlflow ? "text" : "scalar", operators: keyed };
    },
    order: attributes,
    orderEntities: new Set(["metric"]),
    names: mlflow ? [] : [{ entity: "attribute", key: "name" }],
  };
}

const SCHEMAS = { mlflow: schemaOf("mlflow"), runstone: schemaOf("runstone") } as const;

/** Latest creation first, then by id, unless an order is given. Throws `INVALID_PARAMETER_VALUE`. */
export function searchLoggedModels(
  models: readonly LoggedModel[],
  search: LoggedModelSearch,
): EntityPage<LoggedModel> {
  const { datasets = [], orderBy = [], now } = search;
  for (const dataset of datasets) checkDataset(dataset);
  const schema = SCHEMAS[search.dialect];
  const known = new EntityTable(models, fieldsOn([]));
  const filter = parseFilter(search.filter ?? "", { schema, now, known });
  const onDatasets = datasets.length > 0 && !hasMetric(filter);
  const items = onDatasets
    ? models.filter((model) => model.metrics.some((metric) => isOnAny(metric, datasets)))
    : models;
  const table = new EntityTable(items, fieldsOn(datasets));
  const limits = { otherwise: 100, most: Number.POSITIVE_INFINITY };
  const keys = [...orderBy.map((order) => sortKey(order, { items, table, schema })), ...tieKeys(table)];
  const { orderBy: _, ...rest } = search;
  return pageOfList({ items, table, schema, limits }, rest, { filter, keys });
}

function hasMetric(filter: Filter): boolean {
  if (filter.kind === "and" || filter.kind === "or") return filter.parts.some(hasMetric);
  if (filter.kind === "not") return hasMetric(filter.part);
  return filter.kind === "test" && filter.field.entity === "metric";
}

function checkDataset({
  name,
  digest,
}: {
  readonly name: string;
  readonly digest?: string | undefined;
}): void {
  if (name !== "") return;
  const what = digest === undefined ? "a dataset" : `the dataset of digest ${digest}`;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `${what} has no name`);
}

interface OrderedModels {
  readonly items: readonly LoggedModel[];
  readonly table: EntityTable<LoggedModel>;
  readonly schema: SearchSchema;
}

function sortKey(order: LoggedModelOrder, { items, table, schema }: OrderedModels): SortKey {
  const { field, ascending = true, dataset } = order;
  if (dataset !== undefined) checkDataset(dataset);
  const dot = field.indexOf(".");
  if (dot >= 0) {
    if (field.slice(0, dot) !== "metrics") throw wrongOrder(field);
    const key = field.slice(dot + 1);
    const latest = (model: LoggedModel): number | undefined => latestOf(model, key, dataset)?.value;
    return { column: numberColumn(items, latest), descending: !ascending };
  }
  const known = schema.order.get(field.trim());
  if (known === undefined || known.field.entity !== "attribute") throw wrongOrder(field);
  return { column: table.column(known.field), descending: known.type === "age" ? ascending : !ascending };
}

function wrongOrder(field: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `logged models cannot be ordered by ${JSON.stringify(field)}`,
    {
      hint: "Write an attribute, like creation_timestamp, or metrics.<key>.",
    },
  );
}

function latestOf(
  model: LoggedModel,
  key: string,
  dataset: DatasetChoice | undefined,
): LoggedModelMetric | undefined {
  let latest: LoggedModelMetric | undefined;
  for (const metric of model.metrics) {
    if (metric.key !== key || (dataset !== undefined && !isOn(metric, dataset))) continue;
    if (latest === undefined || metric.timestamp > latest.timestamp) latest = metric;
  }
  return latest;
}

function tieKeys(table: EntityTable<LoggedModel>): readonly SortKey[] {
  return [
    { column: table.column({ entity: "attribute", key: "creation_timestamp" }), descending: true },
    { column: table.column({ entity: "attribute", key: "model_id" }), descending: false },
  ];
}
