/** The objects that `--json` prints (docs/reference/json.md): MLflow's field names, times in milliseconds. */
import type { RunState } from "../../core/leases/index.js";
import type {
  ArtifactEntry,
  Experiment,
  LoggedModel,
  ModelVersion,
  Point,
  RegisteredModel,
  Run,
} from "../../store-format/index.js";

export function experimentRecord(experiment: Experiment): object {
  return {
    experiment_id: experiment.experimentId,
    name: experiment.name,
    lifecycle_stage: experiment.lifecycleStage,
    artifact_location: experiment.artifactLocation,
    creation_time: experiment.creationTime,
    last_update_time: experiment.lastUpdateTime,
    tags: experiment.tags,
  };
}

/** `status` is what MLflow reads; `state` says LOST where the owner of a RUNNING run is proven dead. */
export function runRecord({ info, params, tags, metrics, inputs, outputs }: Run, state: RunState): object {
  return {
    run_id: info.runId,
    run_name: info.runName,
    experiment_id: info.experimentId,
    status: info.status,
    state: state.state,
    last_sign: state.lastSign ?? null,
    lifecycle_stage: info.lifecycleStage,
    user_id: info.userId,
    start_time: info.startTime,
    end_time: info.endTime,
    artifact_uri: info.artifactUri,
    metrics: Object.fromEntries(Object.entries(metrics).map(([key, point]) => [key, pointRecord(point)])),
    params,
    tags,
    inputs: {
      datasets: inputs.datasetInputs.map(({ dataset, tags: own }) => ({
        ...datasetRecord(dataset),
        tags: own,
      })),
      models: inputs.modelInputs.map(({ modelId }) => ({ model_id: modelId })),
    },
    outputs: { models: outputs.map(({ modelId, step }) => ({ model_id: modelId, step })) },
  };
}

function datasetRecord(dataset: Run["inputs"]["datasetInputs"][number]["dataset"]): object {
  return {
    name: dataset.name,
    digest: dataset.digest,
    source_type: dataset.sourceType,
    source: dataset.source,
    schema: dataset.schema,
    profile: dataset.profile,
  };
}

export function pointRecord({ value, timestamp, step }: Point): object {
  return { value, timestamp, step };
}

export function artifactRecord({ path, isDir, size }: ArtifactEntry): object {
  return { path, is_dir: isDir, file_size: size };
}

export function registeredModelRecord(model: RegisteredModel, versions: readonly ModelVersion[]): object {
  return {
    name: model.name,
    description: model.description,
    creation_timestamp: model.creationTime,
    last_updated_timestamp: model.lastUpdatedTime,
    tags: model.tags,
    aliases: model.aliases,
    versions: versions.map(modelVersionRecord),
  };
}

export function modelVersionRecord(version: ModelVersion): object {
  return {
    name: version.name,
    version: version.version,
    current_stage: version.currentStage,
    description: version.description,
    creation_timestamp: version.creationTime,
    last_updated_timestamp: version.lastUpdatedTime,
    user_id: version.userId,
    run_id: version.runId,
    model_id: version.modelId,
    source: version.source,
    status: version.status,
    aliases: version.aliases,
    tags: version.tags,
  };
}

export function loggedModelRecord(model: LoggedModel): object {
  return {
    model_id: model.modelId,
    experiment_id: model.experimentId,
    name: model.name,
    model_type: model.modelType,
    source_run_id: model.sourceRunId,
    status: model.status,
    artifact_location: model.artifactLocation,
    lifecycle_stage: model.lifecycleStage,
    creation_timestamp: model.creationTime,
    last_updated_timestamp: model.lastUpdatedTime,
    params: model.params,
    tags: model.tags,
    metrics: model.metrics.map(({ key, value, timestamp, step, dataset, runId }) => ({
      key,
      value,
      timestamp,
      step,
      dataset_name: dataset?.name ?? null,
      dataset_digest: dataset?.digest ?? null,
      run_id: runId,
    })),
  };
}
