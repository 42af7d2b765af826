import type { NewLoggedModel } from "../../core/interfaces.js";
import {
  createLoggedModelRequest,
  MAX_LOGGED_MODEL_PARAMS,
  MAX_LOGGED_MODEL_RESULTS,
  parseLoggedModel,
  parsePage,
  type RequestBody,
  serializeKeyValues,
  serializeLoggedModelStatus,
  type WirePage,
} from "../../protocol/mlflow/index.js";
import {
  type LoggedModel,
  type LoggedModelStatus,
  RunstoneError,
  type StringMap,
  type View,
} from "../../store-format/index.js";
import type { MlflowApi } from "./api.js";

/** The server makes the id. Not repeatable: an error with `data.ambiguous` may have left a model behind. */
export async function createLoggedModel(api: MlflowApi, spec: NewLoggedModel): Promise<LoggedModel> {
  const params = Object.entries(spec.params ?? {});
  const first = Object.fromEntries(params.slice(0, MAX_LOGGED_MODEL_PARAMS));
  const body = createLoggedModelRequest({ ...spec, params: first });
  const answer = await api.call("createLoggedModel", { body, repeatable: false });
  const model = parseLoggedModel(answer.requiredNested("model"));
  if (params.length <= MAX_LOGGED_MODEL_PARAMS) return model;
  await addParams(api, model.modelId, Object.fromEntries(params.slice(MAX_LOGGED_MODEL_PARAMS)));
  return getLoggedModel(api, model.modelId);
}

async function addParams(api: MlflowApi, modelId: string, params: StringMap): Promise<void> {
  const all = serializeKeyValues(params);
  for (let at = 0; at < all.length; at += MAX_LOGGED_MODEL_PARAMS) {
    const some = all.slice(at, at + MAX_LOGGED_MODEL_PARAMS);
    const body = { model_id: modelId, params: some };
    await api.call("logLoggedModelParams", { segments: { model_id: modelId }, body, repeatable: false });
  }
}

export async function getLoggedModel(api: MlflowApi, modelId: string): Promise<LoggedModel> {
  const answer = await api.call("getLoggedModel", { segments: { model_id: modelId } });
  return parseLoggedModel(answer.requiredNested("model"));
}

/** Rejects UNSUPPORTED for deleted ones, which a server does not tell of. */
export async function listLoggedModels(
  api: MlflowApi,
  experimentIds: readonly string[],
  view: View,
): Promise<readonly LoggedModel[]> {
  if (view === "deleted")
    throw new RunstoneError("UNSUPPORTED", "an MLflow server does not list deleted logged models", {
      hint: "List the others.",
    });
  const all: LoggedModel[] = [];
  let pageToken: string | undefined;
  do {
    const page = await searchPage(api, { experiment_ids: experimentIds, page_token: pageToken });
    all.push(...page.items);
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  return all;
}

/** One page as the server answers. */
export async function searchPage(api: MlflowApi, search: RequestBody): Promise<WirePage<LoggedModel>> {
  const body = { max_results: MAX_LOGGED_MODEL_RESULTS, ...search };
  return parsePage(await api.call("searchLoggedModels", { body }), "models", parseLoggedModel);
}

export async function finalizeLoggedModel(
  api: MlflowApi,
  modelId: string,
  status: LoggedModelStatus,
): Promise<LoggedModel> {
  const body = { model_id: modelId, status: serializeLoggedModelStatus(status) };
  const answer = await api.call("finalizeLoggedModel", { segments: { model_id: modelId }, body });
  return parseLoggedModel(answer.requiredNested("model"));
}

export async function setLoggedModelTags(api: MlflowApi, modelId: string, tags: StringMap): Promise<void> {
  const body = { tags: serializeKeyValues(tags) };
  await api.call("setLoggedModelTags", { segments: { model_id: modelId }, body });
}
