/** Bodies of the requests whose fields are more than ids and texts. A run is named as new and old servers know it. */
import type {
  DatasetInput,
  Integer,
  Metric,
  ModelOutput,
  RunStatus,
  StringMap,
  View,
} from "../../store-format/index.js";
import { listOrNothing } from "./experiment.js";
import { serializeDatasetInput, serializeModelOutput } from "./inputs.js";
import type { JsonInput } from "./json.js";
import { serializeKeyValues } from "./key-values.js";
import { serializeMetric } from "./metric.js";

export type RequestBody = Readonly<Record<string, JsonInput | undefined>>;

export function createExperimentRequest(spec: {
  readonly name: string;
  readonly artifactLocation?: string | undefined;
  readonly tags?: StringMap | undefined;
}): RequestBody {
  return {
    name: spec.name,
    artifact_location: spec.artifactLocation,
    tags: listOrNothing(serializeKeyValues(spec.tags ?? {})),
  };
}

export interface CreateRunFields {
  readonly experimentId: string;
  readonly userId?: string | undefined;
  readonly runName?: string | undefined;
  readonly startTime: Integer;
  readonly tags: StringMap;
}

export function createRunRequest(run: CreateRunFields): RequestBody {
  return {
    experiment_id: run.experimentId,
    user_id: run.userId ?? run.tags["mlflow.user"] ?? "unknown",
    run_name: run.runName,
    start_time: run.startTime,
    tags: listOrNothing(serializeKeyValues(run.tags)),
  };
}

export interface UpdateRunFields {
  readonly status?: RunStatus | undefined;
  readonly endTime?: Integer | undefined;
  readonly runName?: string | undefined;
}

export function updateRunRequest(runId: string, change: UpdateRunFields): RequestBody {
  return {
    run_id: runId,
    run_uuid: runId,
    status: change.status,
    end_time: change.endTime,
    run_name: change.runName,
  };
}

export interface BatchFields {
  readonly metrics?: readonly Metric[] | undefined;
  readonly params?: StringMap | undefined;
  readonly tags?: StringMap | undefined;
}

/** Within limits.ts the caller keeps it. */
export function logBatchRequest(runId: string, batch: BatchFields): RequestBody {
  return {
    run_id: runId,
    metrics: listOrNothing((batch.metrics ?? []).map(serializeMetric)),
    params: listOrNothing(serializeKeyValues(batch.params ?? {})),
    tags: listOrNothing(serializeKeyValues(batch.tags ?? {})),
  };
}

export interface InputFields {
  readonly datasets?: readonly (Omit<DatasetInput, "dataset"> & {
    readonly dataset: Omit<DatasetInput["dataset"], "datasetId">;
  })[];
  readonly modelIds?: readonly string[];
}

export function logInputsRequest(runId: string, inputs: InputFields): RequestBody {
  return {
    run_id: runId,
    datasets: listOrNothing((inputs.datasets ?? []).map(serializeDatasetInput)),
    models: listOrNothing((inputs.modelIds ?? []).map((modelId) => ({ model_id: modelId }))),
  };
}

export function logOutputsRequest(runId: string, outputs: readonly ModelOutput[]): RequestBody {
  return { run_id: runId, models: outputs.map(serializeModelOutput) };
}

export interface SearchFields {
  readonly filter?: string | undefined;
  readonly maxResults?: number | undefined;
  readonly orderBy?: readonly string[] | undefined;
  readonly pageToken?: string | undefined;
}

export interface SearchRunsFields extends SearchFields {
  readonly experimentIds: readonly string[];
  readonly view?: View | undefined;
}

export function searchRunsRequest(search: SearchRunsFields): RequestBody {
  return {
    experiment_ids: search.experimentIds,
    ...searchFields(search),
    run_view_type: viewType(search.view),
  };
}

/** `max_results` must be given: without it a server of SQL refuses. */
export function searchExperimentsRequest(
  search: SearchFields & { readonly maxResults: number; readonly view?: View | undefined },
): RequestBody {
  return { ...searchFields(search), view_type: viewType(search.view) };
}

export function searchFields(search: SearchFields): RequestBody {
  return {
    filter: search.filter,
    max_results: search.maxResults,
    order_by: listOrNothing(search.orderBy ?? []),
    page_token: search.pageToken,
  };
}

const VIEW_TYPES: Readonly<Record<View, string>> = {
  active: "ACTIVE_ONLY",
  deleted: "DELETED_ONLY",
  all: "ALL",
};

function viewType(view: View | undefined): string | undefined {
  return view === undefined ? undefined : VIEW_TYPES[view];
}

export interface CreateLoggedModelFields {
  readonly experimentId: string;
  readonly name?: string | undefined;
  readonly modelType?: string | undefined;
  readonly sourceRunId?: string | undefined;
  readonly params?: StringMap | undefined;
  readonly tags?: StringMap | undefined;
}

export function createLoggedModelRequest(model: CreateLoggedModelFields): RequestBody {
  return {
    experiment_id: model.experimentId,
    name: model.name,
    model_type: model.modelType,
    source_run_id: model.sourceRunId,
    params: listOrNothing(serializeKeyValues(model.params ?? {})),
    tags: listOrNothing(serializeKeyValues(model.tags ?? {})),
  };
}

export interface CreateModelVersionFields {
  readonly name: string;
  readonly source: string;
  readonly runId?: string | undefined;
  readonly runLink?: string | undefined;
  readonly modelId?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: StringMap | undefined;
}

export function createModelVersionRequest(version: CreateModelVersionFields): RequestBody {
  return {
    name: version.name,
    source: version.source,
    run_id: version.runId,
    run_link: version.runLink,
    model_id: version.modelId,
    description: version.description,
    tags: listOrNothing(serializeKeyValues(version.tags ?? {})),
  };
}
