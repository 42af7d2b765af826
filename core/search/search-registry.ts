/** Searches over registered models and their versions, as MLflow's `search_registered_models` and `search_model_versions`. */
import type { ModelVersion, RegisteredModel, StringMap } from "../../store-format/index.js";
import { DELETED_STAGE } from "../store/read/registry.js";
import { mlflowSchema, runstoneSchema } from "./entity-schema.js";
import { type EntityFields, EntityTable } from "./entity-table.js";
import { numberOf } from "./make-columns.js";
import { type EntityPage, type EntitySearch, searchList } from "./search-list.js";
import { attribute, MLFLOW_OPERATORS, mlflowTime } from "./search-schema.js";

/** MLflow keeps prompts among the models. They are shown only to who asks for this tag, which models do not have. */
const IS_PROMPT = "mlflow.prompt.is_prompt";

interface Tagged {
  readonly tags: StringMap;
}

function withoutPrompts<Item extends Tagged>(
  items: readonly Item[],
  { filter = "" }: EntitySearch,
): readonly Item[] {
  return filter.includes(IS_PROMPT) ? items : items.filter(({ tags }) => tags[IS_PROMPT] !== "true");
}

/** What is no prompt is taken for one that says so. */
function tagsOf({ tags }: Tagged): StringMap {
  return IS_PROMPT in tags ? tags : Object.assign(Object.create(null), tags, { [IS_PROMPT]: "false" });
}

const { text, listed, number } = MLFLOW_OPERATORS;

const MODEL_FIELDS: EntityFields<RegisteredModel> = {
  numbers: {
    creation_timestamp: ({ creationTime }) => numberOf(creationTime),
    last_updated_timestamp: ({ lastUpdatedTime }) => numberOf(lastUpdatedTime),
  },
  texts: { name: ({ name }) => name, description: ({ description }) => description },
  lists: { alias: ({ aliases }) => Object.keys(aliases) },
  tags: tagsOf,
};

const MLFLOW_MODELS = mlflowSchema({
  filter: { name: attribute("name", "text", listed) },
  order: {
    name: "name",
    creation_timestamp: "creation_timestamp",
    last_updated_timestamp: "last_updated_timestamp",
  },
  operators: text,
});

const OWN_MODELS = runstoneSchema({
  attributes: {
    name: attribute("name", "text"),
    description: attribute("description", "text"),
    alias: attribute("alias", "text"),
    created: attribute("creation_timestamp", "time"),
    creation_timestamp: mlflowTime("creation_timestamp"),
    updated: attribute("last_updated_timestamp", "time"),
    last_updated_timestamp: mlflowTime("last_updated_timestamp"),
    age: attribute("creation_timestamp", "age"),
  },
  names: ["name", "description"],
});

/** By name, unless an order is given. Throws `INVALID_PARAMETER_VALUE`. */
export function searchRegisteredModels(
  models: readonly RegisteredModel[],
  search: EntitySearch,
): EntityPage<RegisteredModel> {
  const items = withoutPrompts(models, search);
  const list = {
    items,
    table: new EntityTable(items, MODEL_FIELDS),
    schema: search.dialect === "mlflow" ? MLFLOW_MODELS : OWN_MODELS,
    limits: { otherwise: 100, most: 1_000 },
    defaultOrder: ["name"],
    ties: ["name"],
  };
  return searchList(list, search);
}

const VERSION_FIELDS: EntityFields<ModelVersion> = {
  numbers: {
    version: ({ version }) => version,
    creation_timestamp: ({ creationTime }) => numberOf(creationTime),
    last_updated_timestamp: ({ lastUpdatedTime }) => numberOf(lastUpdatedTime),
  },
  texts: {
    name: ({ name }) => name,
    run_id: ({ runId }) => runId,
    source: ({ source }) => source,
    stage: ({ currentStage }) => currentStage,
    status: ({ status }) => status,
    user: ({ userId }) => userId,
    model_id: ({ modelId }) => modelId,
    description: ({ description }) => description,
  },
  lists: { alias: ({ aliases }) => aliases },
  tags: tagsOf,
};

const MLFLOW_VERSIONS = mlflowSchema({
  filter: {
    name: attribute("name", "text", listed),
    run_id: attribute("run_id", "text", listed),
    source_path: attribute("source", "text", text),
    version_number: attribute("version", "version", number),
  },
  order: {
    name: "name",
    version_number: "version",
    creation_timestamp: "creation_timestamp",
    last_updated_timestamp: "last_updated_timestamp",
  },
  operators: text,
});

const OWN_VERSIONS = runstoneSchema({
  attributes: {
    name: attribute("name", "text"),
    version: attribute("version", "version"),
    version_number: attribute("version", "version"),
    run_id: attribute("run_id", "text"),
    source: attribute("source", "text"),
    source_path: attribute("source", "text"),
    stage: attribute("stage", "text"),
    status: attribute("status", "text"),
    user: attribute("user", "text"),
    model_id: attribute("model_id", "text"),
    description: attribute("description", "text"),
    alias: attribute("alias", "text"),
    created: attribute("creation_timestamp", "time"),
    creation_timestamp: mlflowTime("creation_timestamp"),
    updated: attribute("last_updated_timestamp", "time"),
    last_updated_timestamp: mlflowTime("last_updated_timestamp"),
    age: attribute("creation_timestamp", "age"),
  },
  names: ["name", "description"],
});

/** Latest update first, then by name, greatest version first. Deleted versions are hidden. Throws `INVALID_PARAMETER_VALUE`. */
export function searchModelVersions(
  versions: readonly ModelVersion[],
  search: EntitySearch,
): EntityPage<ModelVersion> {
  const items = withoutPrompts(versions, search).filter(({ currentStage }) => currentStage !== DELETED_STAGE);
  const list = {
    items,
    table: new EntityTable(items, VERSION_FIELDS),
    schema: search.dialect === "mlflow" ? MLFLOW_VERSIONS : OWN_VERSIONS,
    limits: { otherwise: 10_000, most: 200_000 },
    defaultOrder: ["last_updated_timestamp DESC", "name", "version_number DESC"],
    ties: ["name", "version_number DESC"],
  };
  return searchList(list, search);
}
