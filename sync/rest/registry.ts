import type { NewModelVersion, SearchQuery } from "../../core/interfaces.js";
import {
  createModelVersionRequest,
  MAX_MODEL_VERSION_RESULTS,
  MAX_REGISTERED_MODEL_RESULTS,
  parseModelVersion,
  parsePage,
  parseRegisteredModel,
  serializeKeyValues,
  type WirePage,
} from "../../protocol/mlflow/index.js";
import {
  isRunstoneError,
  type ModelVersion,
  type RegisteredModel,
  type StringMap,
} from "../../store-format/index.js";
import type { QueryValue } from "../http/http-request.js";
import { isAmbiguous, type MlflowApi } from "./api.js";
import { quoteText } from "./quote.js";

/** Of model versions in one answer. */
const VERSION_PAGE = 10_000;

export interface ModelOptions {
  readonly description?: string;
  readonly tags?: StringMap;
}

export async function createRegisteredModel(
  api: MlflowApi,
  name: string,
  options: ModelOptions,
): Promise<RegisteredModel> {
  const body = { name, description: options.description, tags: serializeKeyValues(options.tags ?? {}) };
  try {
    return parseRegisteredModel(
      (await api.call("createRegisteredModel", { body })).requiredNested("registered_model"),
    );
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_ALREADY_EXISTS") && isAmbiguous(error))
      return getRegisteredModel(api, name);
    throw error;
  }
}

export async function getRegisteredModel(api: MlflowApi, name: string): Promise<RegisteredModel> {
  const answer = await api.call("getRegisteredModel", { query: { name } });
  return parseRegisteredModel(answer.requiredNested("registered_model"));
}

function queryOf({ filter, orderBy, pageToken }: SearchQuery): Readonly<Record<string, QueryValue>> {
  return { filter, order_by: orderBy, page_token: pageToken };
}

/** One page as the server answers. */
export async function searchModelPage(
  api: MlflowApi,
  search: SearchQuery,
): Promise<WirePage<RegisteredModel>> {
  const most = Math.min(search.maxResults ?? 100, MAX_REGISTERED_MODEL_RESULTS);
  const query = { ...queryOf(search), max_results: most };
  return parsePage(
    await api.call("searchRegisteredModels", { query }),
    "registered_models",
    parseRegisteredModel,
  );
}

export async function listRegisteredModels(api: MlflowApi): Promise<readonly RegisteredModel[]> {
  return allPages((pageToken) =>
    searchModelPage(api, { maxResults: MAX_REGISTERED_MODEL_RESULTS, ...pageToken }),
  );
}

/** One page as the server answers. */
export async function searchVersionPage(
  api: MlflowApi,
  search: SearchQuery,
): Promise<WirePage<ModelVersion>> {
  const most = Math.min(search.maxResults ?? VERSION_PAGE, MAX_MODEL_VERSION_RESULTS);
  const query = { ...queryOf(search), max_results: most };
  return parsePage(await api.call("searchModelVersions", { query }), "model_versions", parseModelVersion);
}

/** Of one model, or of all. Servers may leave aliases out of searches: they are taken from the models. */
export async function listModelVersions(
  api: MlflowApi,
  name: string | null,
): Promise<readonly ModelVersion[]> {
  const models = name === null ? await listRegisteredModels(api) : await findModel(api, name);
  if (models.length === 0) return [];
  const filter = name === null ? undefined : `name = ${quoteText(name)}`;
  const search = { maxResults: VERSION_PAGE, ...(filter === undefined ? {} : { filter }) };
  const versions = await allPages((pageToken) => searchVersionPage(api, { ...search, ...pageToken }));
  const aliases = new Map(models.map((model) => [model.name, model.aliases]));
  return versions
    .map((version) => ({ ...version, aliases: aliasesOf(version, aliases.get(version.name) ?? {}) }))
    .sort((a, b) => (a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1));
}

async function findModel(api: MlflowApi, name: string): Promise<readonly RegisteredModel[]> {
  try {
    return [await getRegisteredModel(api, name)];
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return [];
    throw error;
  }
}

function aliasesOf({ version, aliases }: ModelVersion, ofModel: StringMap): readonly string[] {
  const more = Object.keys(ofModel).filter((alias) => ofModel[alias] === String(version));
  return [...new Set([...aliases, ...more])].sort();
}

async function allPages<Item>(
  ask: (token: { readonly pageToken?: string }) => Promise<WirePage<Item>>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let next: string | null = null;
  do {
    const page: WirePage<Item> = await ask(next === null ? {} : { pageToken: next });
    all.push(...page.items);
    next = page.nextPageToken;
  } while (next !== null);
  return all;
}

/** The server makes the number. Not repeatable: an error with `data.ambiguous` may have left a version behind. */
export async function createModelVersion(api: MlflowApi, spec: NewModelVersion): Promise<ModelVersion> {
  const answer = await api.call("createModelVersion", {
    body: createModelVersionRequest(spec),
    repeatable: false,
  });
  return parseModelVersion(answer.requiredNested("model_version"));
}

export async function getModelVersion(api: MlflowApi, name: string, version: number): Promise<ModelVersion> {
  const answer = await api.call("getModelVersion", { query: { name, version } });
  return parseModelVersion(answer.requiredNested("model_version"));
}

export async function getModelVersionByAlias(
  api: MlflowApi,
  name: string,
  alias: string,
): Promise<ModelVersion> {
  const answer = await api.call("getModelVersionByAlias", { query: { name, alias } });
  return parseModelVersion(answer.requiredNested("model_version"));
}

export async function transitionStage(
  api: MlflowApi,
  spec: {
    readonly name: string;
    readonly version: number;
    readonly stage: string;
    readonly archiveExisting: boolean;
  },
): Promise<ModelVersion> {
  const { name, stage } = spec;
  const body = {
    name,
    stage,
    version: String(spec.version),
    archive_existing_versions: spec.archiveExisting,
  };
  return parseModelVersion((await api.call("transitionStage", { body })).requiredNested("model_version"));
}
