/** Searches over experiments, as MLflow's `search_experiments`. */
import type { Experiment, View } from "../../store-format/index.js";
import { mlflowSchema, runstoneSchema } from "./entity-schema.js";
import { type EntityFields, EntityTable } from "./entity-table.js";
import { numberOf } from "./make-columns.js";
import { type EntityPage, type EntitySearch, searchList } from "./search-list.js";
import { attribute, MLFLOW_OPERATORS, mlflowTime, tagField } from "./search-schema.js";

export interface ExperimentSearch extends EntitySearch {
  /** Default `active`. */
  readonly view?: View | undefined;
}

const FIELDS: EntityFields<Experiment> = {
  numbers: {
    creation_time: ({ creationTime }) => numberOf(creationTime),
    last_update_time: ({ lastUpdateTime }) => numberOf(lastUpdateTime),
  },
  texts: {
    name: ({ name }) => name,
    experiment_id: ({ experimentId }) => experimentId,
    artifact_location: ({ artifactLocation }) => artifactLocation,
    lifecycle_stage: ({ lifecycleStage }) => lifecycleStage,
  },
  tags: ({ tags }) => tags,
};

const { text, listed, number, nullable } = MLFLOW_OPERATORS;
const MLFLOW = mlflowSchema({
  filter: {
    name: attribute("name", "text", text),
    experiment_id: attribute("experiment_id", "text", listed),
    creation_time: attribute("creation_time", "number", number),
    last_update_time: attribute("last_update_time", "number", number),
  },
  order: {
    name: "name",
    experiment_id: "experiment_id",
    creation_time: "creation_time",
    last_update_time: "last_update_time",
  },
  operators: nullable,
});

const RUNSTONE = runstoneSchema({
  attributes: {
    name: attribute("name", "text"),
    id: attribute("experiment_id", "prefix"),
    experiment_id: attribute("experiment_id", "text"),
    created: attribute("creation_time", "time"),
    creation_time: mlflowTime("creation_time"),
    updated: attribute("last_update_time", "time"),
    last_update_time: mlflowTime("last_update_time"),
    age: attribute("creation_time", "age"),
    artifact_location: attribute("artifact_location", "text"),
    note: tagField("mlflow.note.content", "text"),
  },
  names: ["name"],
});

/** Latest creation first, then by id, unless an order is given. Throws `INVALID_PARAMETER_VALUE`. */
export function searchExperiments(
  experiments: readonly Experiment[],
  search: ExperimentSearch,
): EntityPage<Experiment> {
  const { view = "active" } = search;
  const items = experiments.filter(({ lifecycleStage }) => view === "all" || lifecycleStage === view);
  const list = {
    items,
    table: new EntityTable(items, FIELDS),
    schema: search.dialect === "mlflow" ? MLFLOW : RUNSTONE,
    limits: { otherwise: 1_000, most: 50_000 },
    defaultOrder: ["creation_time DESC", "experiment_id ASC"],
    ties: ["experiment_id DESC"],
  };
  return searchList(list, search);
}
