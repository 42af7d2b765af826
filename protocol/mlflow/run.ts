import { isRunId, type Point, RUN_STATUSES, type Run, type RunInfo } from "../../store-format/index.js";
import { listOrNothing, parseExperimentId, parseLifecycleStage } from "./experiment.js";
import type { Fields } from "./fields.js";
import { parseInputs, parseOutputs, serializeInputs, serializeOutputs } from "./inputs.js";
import type { JsonInput } from "./json.js";
import { parseKeyValues, serializeKeyValues } from "./key-values.js";
import { parseMetric, serializeMetric } from "./metric.js";

/** A `Run` message. Its ids are ones that are safe as names; keys, values and locations are whatever the remote holds. */
export function parseRun(fields: Fields): Run {
  const info = parseRunInfo(fields.requiredNested("info"));
  const data = fields.nested("data");
  const tags = parseKeyValues(data?.list("tags") ?? []);
  return {
    info: { ...info, runName: info.runName === "" ? (tags["mlflow.runName"] ?? "") : info.runName },
    params: parseKeyValues(data?.list("params") ?? []),
    tags,
    metrics: parseLatestMetrics(data?.list("metrics") ?? []),
    inputs: parseInputs(fields.nested("inputs")),
    outputs: parseOutputs(fields.nested("outputs")),
    place: info.lifecycleStage === "deleted" ? "trash" : "root",
    orphan: false,
  };
}

function parseLatestMetrics(list: readonly Fields[]): Readonly<Record<string, Point>> {
  const metrics: Record<string, Point> = Object.create(null);
  for (const { key, ...point } of list.map(parseMetric)) metrics[key] = point;
  return metrics;
}

/** A `RunInfo` message. Old servers tell `run_uuid` only, and keep the name as a tag. */
export function parseRunInfo(fields: Fields): RunInfo {
  return {
    runId: parseRunId(fields),
    experimentId: parseExperimentId(fields),
    runName: fields.string("run_name") ?? "",
    userId: fields.string("user_id") ?? "",
    status: fields.choice("status", RUN_STATUSES, 1) ?? "RUNNING",
    startTime: fields.integer("start_time"),
    endTime: fields.integer("end_time"),
    deletedTime: null,
    lifecycleStage: parseLifecycleStage(fields),
    artifactUri: fields.string("artifact_uri") ?? "",
  };
}

function parseRunId(fields: Fields): string {
  const name = fields.has("run_id") ? "run_id" : "run_uuid";
  const id = fields.string(name) ?? fields.requiredString("run_id");
  if (!isRunId(id)) throw fields.wrong(name, "the id of a run");
  return id;
}

export function serializeRunInfo(info: RunInfo): JsonInput {
  return {
    run_id: info.runId,
    run_uuid: info.runId,
    run_name: info.runName,
    experiment_id: info.experimentId,
    user_id: info.userId,
    status: info.status,
    start_time: info.startTime ?? undefined,
    end_time: info.endTime ?? undefined,
    artifact_uri: info.artifactUri,
    lifecycle_stage: info.lifecycleStage,
  };
}

export function serializeRun(run: Run): JsonInput {
  const metrics = Object.entries(run.metrics).map(([key, point]) => serializeMetric({ key, ...point }));
  return {
    info: serializeRunInfo(run.info),
    data: {
      metrics: listOrNothing(metrics),
      params: listOrNothing(serializeKeyValues(run.params)),
      tags: listOrNothing(serializeKeyValues(run.tags)),
    },
    inputs: serializeInputs(run.inputs),
    outputs: serializeOutputs(run.outputs),
  };
}
