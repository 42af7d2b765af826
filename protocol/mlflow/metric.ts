import type { DatasetRef, LoggedModelMetric, Metric, Point } from "../../store-format/index.js";
import type { Fields } from "./fields.js";
import type { JsonInput } from "./json.js";

/** A `Metric` message. A value must be there: what a careless server makes of NaN is `null`, which is not 0. */
export function parseMetric(fields: Fields): Metric {
  return { key: fields.requiredString("key"), ...parsePoint(fields) };
}

export function parsePoint(fields: Fields): Point {
  const dataset = parseDatasetRef(fields);
  const modelId = fields.string("model_id");
  return {
    timestamp: fields.integer("timestamp") ?? 0,
    value: fields.requiredDouble("value"),
    step: fields.integer("step") ?? 0,
    ...(dataset === null ? {} : { dataset }),
    ...(modelId === null || modelId === "" ? {} : { modelId }),
  };
}

/** Of a logged model's metric. */
export function parseLoggedModelMetric(fields: Fields): LoggedModelMetric {
  return { ...parseMetric(fields), runId: fields.string("run_id") ?? "" };
}

function parseDatasetRef(fields: Fields): DatasetRef | null {
  const name = fields.string("dataset_name") ?? "";
  return name === "" ? null : { name, digest: fields.string("dataset_digest") ?? "" };
}

/** Of a run's or a logged model's metric. */
export function serializeMetric(metric: Metric & { readonly runId?: string }): JsonInput {
  const { key, timestamp, value, step, dataset, modelId, runId } = metric;
  return {
    key,
    value,
    timestamp,
    step,
    model_id: modelId,
    dataset_name: dataset?.name,
    dataset_digest: dataset?.digest,
    run_id: runId,
  };
}
