/** One thing of the store as an object of a dump. */
import {
  type Damage,
  type Dataset,
  decodeUtf8,
  type LoggedModelMeta,
  type MetricLine,
  type ModelVersionMeta,
  type RegisteredModelMeta,
  type RunInfo,
  type TraceInfo,
} from "../../store-format/index.js";
import { TRASH } from "../store/layout.js";
import type { InputEntry, OutputEntry } from "../store/read/inputs-outputs.js";
import type { LoggedModelLocation, RunLocation } from "../store/read/located.js";
import type { RecordOwner, StoreItem } from "../store/read/store-items.js";
import { type DumpObject, dumpNumber } from "./dump-object.js";

type Fields = Omit<DumpObject, "kind">;

/** The object of anything but points. */
export function dumpItem(item: Exclude<StoreItem, { readonly kind: "points" }>): DumpObject {
  switch (item.kind) {
    case "experiment":
      return { kind: "experiment", ...experimentFields(item) };
    case "run":
      return { kind: "run", ...idsOf(item.location), ...runFields(item.info), orphan: item.location.orphan };
    case "param":
    case "tag":
    case "request_metadata":
      return { kind: item.kind === "param" ? "param" : "tag", ...recordFields(item) };
    case "dataset":
      return { kind: "dataset", ...idsOf(item.location), ...datasetFields(item.dataset) };
    case "input":
      return { kind: "input", ...idsOf(item.location), ...inputFields(item.input) };
    case "output":
      return { kind: "output", ...idsOf(item.location), ...outputFields(item.output) };
    case "logged_model":
      return { kind: "logged_model", ...idsOf(item.location), ...loggedModelFields(item.meta) };
    case "trace":
      return { kind: "trace", ...idsOf(item.location), ...traceFields(item.trace) };
    case "registered_model":
      return { kind: "registered_model", ...idsOf(item.location), ...registeredModelFields(item.meta) };
    case "model_version":
      return {
        kind: "model_version",
        ...idsOf(item.location),
        ...versionFields(item.meta),
        aliases: item.aliases,
      };
    case "alias":
      return { kind: "alias", ...idsOf(item.location), alias: item.alias, version: Number(item.version) };
  }
}

/** One object for each point of a run or logged model. */
export function* dumpPoints(
  owner: RunLocation | LoggedModelLocation,
  key: string,
  points: readonly MetricLine[],
): Generator<DumpObject> {
  const ids = idsOf(owner);
  for (const { timestamp, value, step, dataset, modelId, runId } of points) {
    yield {
      kind: "metric",
      ...ids,
      key,
      value: dumpNumber(value),
      timestamp,
      step,
      ...(dataset === undefined ? {} : { dataset_name: dataset.name, dataset_digest: dataset.digest }),
      ...(modelId === undefined ? {} : { model_id: modelId }),
      ...(runId === undefined ? {} : { source_run_id: runId }),
    };
  }
}

export function dumpDamage(damage: Damage): DumpObject {
  const { kind, severity, path, offset, reason, experimentId, runId } = damage;
  return {
    kind: "damage",
    place: path === TRASH || path.startsWith(`${TRASH}/`) ? "trash" : "root",
    ...(experimentId === undefined ? {} : { experiment_id: experimentId }),
    ...(runId === undefined ? {} : { run_id: runId }),
    damage_kind: kind,
    severity,
    path,
    ...(offset === undefined ? {} : { offset }),
    reason,
  };
}

/** Place and ids of the owner of something. The registry lies in the root. */
function idsOf(owner: RecordOwner): Fields {
  if ("version" in owner) return { place: "root", name: owner.name, version: owner.version };
  if ("name" in owner) return { place: "root", name: owner.name };
  const ids = { place: owner.place, experiment_id: owner.experimentId };
  if ("modelId" in owner) return { ...ids, model_id: owner.modelId };
  if ("traceId" in owner) return { ...ids, trace_id: owner.traceId };
  return owner.runId === undefined ? ids : { ...ids, run_id: owner.runId };
}

function experimentFields({ location, meta }: Extract<StoreItem, { readonly kind: "experiment" }>): Fields {
  return {
    ...idsOf(location),
    name: meta.name === "" ? location.experimentId : meta.name,
    artifact_location: meta.artifactLocation,
    lifecycle_stage: location.place === "trash" ? "deleted" : meta.lifecycleStage,
    creation_time: meta.creationTime,
    last_update_time: meta.lastUpdateTime,
  };
}

function runFields(info: RunInfo): Fields {
  return {
    run_name: info.runName,
    user_id: info.userId,
    status: info.status,
    start_time: info.startTime,
    end_time: info.endTime,
    lifecycle_stage: info.lifecycleStage,
    deleted_time: info.deletedTime,
    artifact_uri: info.artifactUri,
  };
}

function recordFields(item: Extract<StoreItem, { readonly bytes: Uint8Array }>): Fields {
  const value = decodeUtf8(item.bytes);
  return {
    ...idsOf(item.owner),
    key: item.key,
    ...(value === undefined ? { value_base64: Buffer.from(item.bytes).toString("base64") } : { value }),
    ...(item.kind === "request_metadata" ? { request_metadata: true } : {}),
  };
}

function datasetFields(dataset: Dataset): Fields {
  return {
    dataset_id: dataset.datasetId,
    name: dataset.name,
    digest: dataset.digest,
    source_type: dataset.sourceType,
    source: dataset.source,
    schema: dataset.schema,
    profile: dataset.profile,
  };
}

function inputFields({ inputId, meta, dataset }: InputEntry): Fields {
  return {
    input_id: inputId,
    source_type: meta.sourceType,
    source_id: meta.sourceId,
    destination_type: meta.destinationType,
    destination_id: meta.destinationId,
    tags: meta.tags,
    ...(dataset === null ? {} : { dataset_name: dataset.name, dataset_digest: dataset.digest }),
  };
}

function outputFields({ outputId, meta }: OutputEntry): Fields {
  return {
    output_id: outputId,
    source_type: meta.sourceType,
    source_id: meta.sourceId,
    destination_type: meta.destinationType,
    destination_id: meta.destinationId,
    step: meta.step,
    tags: meta.tags,
  };
}

function loggedModelFields(meta: LoggedModelMeta): Fields {
  return {
    name: meta.name,
    model_type: meta.modelType,
    source_run_id: meta.sourceRunId,
    status: meta.status,
    status_message: meta.statusMessage,
    artifact_location: meta.artifactLocation,
    lifecycle_stage: meta.lifecycleStage,
    creation_timestamp: meta.creationTime,
    last_updated_timestamp: meta.lastUpdatedTime,
  };
}

function traceFields(trace: TraceInfo): Fields {
  return {
    request_time: trace.requestTime,
    execution_duration_ms: trace.executionDurationMs,
    state: trace.state,
    request_preview: trace.requestPreview,
    response_preview: trace.responsePreview,
    client_request_id: trace.clientRequestId,
  };
}

function registeredModelFields(meta: RegisteredModelMeta): Fields {
  return {
    description: meta.description,
    creation_timestamp: meta.creationTime,
    last_updated_timestamp: meta.lastUpdatedTime,
  };
}

function versionFields(meta: ModelVersionMeta): Fields {
  return {
    creation_timestamp: meta.creationTime,
    last_updated_timestamp: meta.lastUpdatedTime,
    description: meta.description,
    user_id: meta.userId,
    current_stage: meta.currentStage,
    source: meta.source,
    storage_location: meta.storageLocation,
    run_id: meta.runId,
    run_link: meta.runLink,
    model_id: meta.modelId,
    status: meta.status,
    status_message: meta.statusMessage,
  };
}
