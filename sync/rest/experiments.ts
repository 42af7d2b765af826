import type { NewExperiment } from "../../core/interfaces.js";
import {
  createExperimentRequest,
  MAX_EXPERIMENT_RESULTS,
  parseExperiment,
  parsePage,
  type SearchFields,
  searchExperimentsRequest,
  type WirePage,
} from "../../protocol/mlflow/index.js";
import {
  type Experiment,
  isRunstoneError,
  RunstoneError,
  type StringMap,
  type View,
} from "../../store-format/index.js";
import { isAmbiguous, type MlflowApi } from "./api.js";

const PAGE = 1_000;

/** When the answer to an earlier try was lost, the experiment that is there now is ours. */
export async function createExperiment(api: MlflowApi, spec: NewExperiment): Promise<Experiment> {
  try {
    const answer = await api.call("createExperiment", { body: createExperimentRequest(spec) });
    return await getExperiment(api, answer.idText("experiment_id") ?? answer.requiredString("experiment_id"));
  } catch (error) {
    const found = isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")
      ? await findExperiment(api, spec.name)
      : null;
    if (found === null) throw error;
    if (isAmbiguous(error) && found.lifecycleStage === "active") return found;
    throw new RunstoneError("RESOURCE_ALREADY_EXISTS", (error as RunstoneError).message, {
      hint:
        found.lifecycleStage === "deleted"
          ? "Restore it, or choose another name."
          : "Use it, or choose another name.",
      data: { ...(error as RunstoneError).data, experimentId: found.experimentId },
      cause: error,
    });
  }
}

export async function getExperiment(api: MlflowApi, experimentId: string): Promise<Experiment> {
  const answer = await api.call("getExperiment", { query: { experiment_id: experimentId } });
  return parseExperiment(answer.requiredNested("experiment"));
}

/** Active or deleted; null when there is none of that name. */
export async function findExperiment(api: MlflowApi, name: string): Promise<Experiment | null> {
  try {
    const answer = await api.call("getExperimentByName", { query: { experiment_name: name } });
    return parseExperiment(answer.requiredNested("experiment"));
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}

export async function listExperiments(api: MlflowApi, view: View): Promise<readonly Experiment[]> {
  const all: Experiment[] = [];
  let pageToken: string | undefined;
  do {
    const page = await searchExperiments(api, { view, maxResults: PAGE, pageToken });
    all.push(...page.items);
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  return all;
}

/** As the server answers. */
export async function searchExperiments(
  api: MlflowApi,
  { maxResults = PAGE, ...search }: SearchFields & { readonly view?: View | undefined },
): Promise<WirePage<Experiment>> {
  const most = Math.min(maxResults, MAX_EXPERIMENT_RESULTS);
  const body = searchExperimentsRequest({ ...search, maxResults: most });
  return parsePage(await api.call("searchExperiments", { body }), "experiments", parseExperiment);
}

export async function setExperimentTags(
  api: MlflowApi,
  experimentId: string,
  tags: StringMap,
): Promise<void> {
  for (const [key, value] of Object.entries(tags))
    await api.call("setExperimentTag", { body: { experiment_id: experimentId, key, value } });
}
